"""YAML as plain values that remember where they stand.

Only what a plan needs: maps, lists, and scalars of YAML 1.2's core kinds. YAML 1.1, which PyYAML
speaks by itself, reads `10:00` as 600 and `no` as false; here both are text.
"""

import re
from dataclasses import dataclass, field

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from shared.plan.errors import Mark, Path, PlanError, Source

_NUMBER = re.compile(r"[-+]?(\d+|\d*\.\d+|\d+\.)([eE][-+]?\d+)?")
_WHOLE = re.compile(r"[-+]?\d+")
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}
_PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map")}


class _Loader(yaml.BaseLoader):
    """Composes nodes; refuses aliases, which may point at themselves or grow without end."""

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.MarkedYAMLError(
                problem="aliases (*name) are not read in plans; write the value out",
                problem_mark=self.current_event.start_mark,
            )
        return super().compose_node(parent, index)


@dataclass(slots=True)
class Tree:
    """A document's value, its marks by path, and what was wrong on the way."""

    value: object = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    errors: list[PlanError] = field(default_factory=list)


def parse(text: str, file: str) -> Tree:
    """The document; what is not YAML gives one error, as nothing after it can be trusted."""
    tree = Tree()
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tree.errors.append(
            PlanError(
                file,
                mark.line + 1 if mark else 1,
                mark.column + 1 if mark else None,
                "",
                f"not YAML: {error.problem or error.context}",
            )
        )
        return tree
    except yaml.YAMLError as error:
        tree.errors.append(PlanError(file, 1, None, "", f"not YAML: {error}"))
        return tree
    if node is not None:
        tree.value = _Builder(tree, Source(file, tree.marks)).build(node, ())
    return tree


class _Builder:
    def __init__(self, tree: Tree, source: Source) -> None:
        self._tree = tree
        self._source = source

    def build(self, node: Node, path: Path) -> object:
        self._tree.marks.setdefault(path, _mark(node))
        if node.tag not in _PLAIN_TAGS:
            self._complain(path, f"tags ({node.tag}) are not read in plans; leave it out")
            return None
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, at)) for at, item in enumerate(node.value)]
        return _scalar(str(node.value), quoted=isinstance(node, ScalarNode) and bool(node.style))

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._complain(path, "a field's name must be a word")
                continue
            name = str(key.value)
            if name in values:
                line = self._tree.marks[*path, name].line
                twice = Source(self._source.file, {(*path, name): _mark(key)})
                message = f"also stands in line {line}; keep one"
                self._tree.errors.append(twice.error((*path, name), message))
                continue
            self._tree.marks[*path, name] = _mark(key)
            values[name] = self.build(value, (*path, name))
        return values

    def _complain(self, path: Path, message: str) -> None:
        self._tree.errors.append(self._source.error(path, message))


def _mark(node: Node) -> Mark:
    return Mark(node.start_mark.line + 1, node.start_mark.column + 1)


def _scalar(text: str, *, quoted: bool) -> object:
    if quoted:  # a block of text counts as quoted
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
