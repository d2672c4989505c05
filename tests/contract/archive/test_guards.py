"""Every route of the archive names who may use it. (alerts and checkin have a table of policies,
without a row of which a route keeps them from starting.)"""

import ast
from collections.abc import Iterator
from pathlib import Path

import services.archive

METHODS = {"get", "post", "put", "patch", "delete", "asgi", "route", "websocket"}
FOLDER = Path(services.archive.__file__).parent


def routes() -> Iterator[tuple[str, ast.Call]]:
    """Every decorator that makes a route, with where it stands."""
    for file in sorted(FOLDER.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for each in node.decorator_list:
                    made = each.func if isinstance(each, ast.Call) else each
                    if isinstance(made, ast.Name) and made.id in METHODS:
                        assert isinstance(each, ast.Call), f"{file}: {node.name} names no path"
                        yield f"{file.relative_to(FOLDER)}: {node.name}", each


def test_no_route_is_without_a_guard() -> None:
    found = dict(routes())
    assert len(found) >= 6
    bare = [
        where
        for where, call in found.items()
        if not any(keyword.arg == "guards" for keyword in call.keywords)
    ]
    assert bare == []
