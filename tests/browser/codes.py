"""The codes that stand in the service's own sources: the board must have words for them."""

import ast
from collections.abc import Iterator
from pathlib import Path

DOMAIN = Path(__file__).parents[2] / "services" / "alerts" / "domain"
WHAT = "what"
"""Whatever is given to a parameter of this name is the verb of a line of a story."""


def told_in_stories() -> set[str]:
    """Every verb that a line of an alert's or a task's story may have."""
    modules = [ast.parse(path.read_text(encoding="utf-8")) for path in sorted(DOMAIN.glob("*.py"))]
    places = {"Entry": -1} | dict(place for module in modules for place in _places(module))
    return {verb for module in modules for verb in _verbs(module, places)}


def _places(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Functions and records that take a verb, and where in their arguments."""
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef):
            names = [each.arg for each in node.args.args if each.arg != "self"]
        elif isinstance(node, ast.ClassDef):
            fields = [each.target for each in node.body if isinstance(each, ast.AnnAssign)]
            names = [each.id for each in fields if isinstance(each, ast.Name)]
        else:
            continue
        if WHAT in names:
            yield node.name, names.index(WHAT)


def _verbs(module: ast.Module, places: dict[str, int]) -> Iterator[str]:
    known = {
        target.id: node.value
        for node in ast.walk(module)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and (name := _name(node.func)) in places:
            at = places[name]
            given = [each.value for each in node.keywords if each.arg == WHAT]
            given += node.args[at : at + 1] if at >= 0 else []
            for each in given:
                yield from _texts(known.get(each.id, each) if isinstance(each, ast.Name) else each)


def _name(called: ast.expr) -> str:
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""


def _texts(value: ast.expr) -> Iterator[str]:
    """The texts that an expression may be; a parameter handed on was found where it came from."""
    match value:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp():
            yield from _texts(value.body)
            yield from _texts(value.orelse)
