"""The one log against the segments that it seals, its nodes, and its checkpoints."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from services.archive.domain import note, tree
from services.archive.domain.finding import Finding
from services.archive.domain.merkle import node_hash
from services.archive.domain.stored import Entry, LogNode, Seal
from services.archive.domain.walk import Walk


class LogWalk:
    """Takes the log's entries in order; the walk over the segments has been fed before."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._heads = walk.heads()
        self._sealed = dict.fromkeys(self._heads, 0)
        self._levels: list[list[bytes]] = [[]]
        self.findings: list[Finding] = []

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        return len(self._levels[0])

    @property
    def unsealed(self) -> int:
        """Segments that are committed and not yet in the log."""
        return sum(self._heads.values()) - sum(self._sealed.values())

    def entries(self, entries: Iterable[Entry]) -> None:
        """The next positions."""
        for entry in entries:
            if entry.position != self.size:
                self._find(self.size, f"is missing: {entry.position} comes instead")
            self._levels[0].append(entry.leaf)
            what = self._wrong(entry)
            if what:
                self._find(entry.position, what)

    def close(self) -> None:
        """Builds the tree, once every entry has come."""
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([node_hash(left, right) for left, right in pairs])

    def nodes(self, found: Iterable[LogNode]) -> None:
        """Compares the stored nodes with the tree's; one finding tells of the first difference."""
        for expected, node in zip_longest(self._nodes(), found):
            if expected != node:
                differing = node or expected
                what = f"its node {differing.number} of level {differing.level} is not the tree's"
                self.findings.append(Finding("log", what))
                return

    def root(self, size: int) -> bytes:
        """The root of the first `size` leaves, which must be there."""
        return tree.hashes(tree.whole(size), _Nodes(self._levels))[0]

    def seal(self, seal: Seal, keys: Sequence[note.Key]) -> None:
        """A checkpoint that is kept beside the log."""
        what = self._misfit(seal.note, keys)
        if not what and note.read(seal.note)[1:] != (seal.size, seal.root):
            what = "its note is about another size or root"
        if what:
            self.findings.append(Finding("checkpoint", what, offset=seal.size))

    def elsewhere(self, text: str, keys: Sequence[note.Key]) -> None:
        """A checkpoint's note that was kept elsewhere, the one witness of a tail that was cut."""
        what = self._misfit(text, keys)
        if what:
            size = _size(text)
            self.findings.append(Finding("checkpoint", f"kept elsewhere: {what}", offset=size))

    def _misfit(self, text: str, keys: Sequence[note.Key]) -> str | None:
        try:
            said = note.read(text)
            if keys:
                _signed(text, keys)
        except note.NoteError as error:
            return str(error)
        if said.size > self.size:
            return f"the log has only {self.size} of its {said.size} segments: its tail was cut"
        if self.root(said.size) != said.root:
            return "the log does not begin with what it sealed"
        return None

    def _wrong(self, entry: Entry) -> str | None:
        partition = (entry.topic, entry.partition)
        leaf = self._walk.leaf_of(*partition, entry.next_offset)
        where = f"{self._walk.name_of(entry.topic)}/{entry.partition} up to {entry.next_offset}"
        if leaf is None:
            return f"seals the segment {where}, which is not there"
        number = self._walk.number_of(*partition, entry.next_offset)
        expected, self._sealed[partition] = self._sealed[partition], number + 1
        if number != expected:
            return f"seals the segment {where} out of its order"
        return None if leaf == entry.leaf else f"is not the leaf of the segment {where}"

    def _nodes(self) -> Iterator[LogNode]:
        if not self.size:
            return
        for level, hashes in enumerate(self._levels):
            for index, made in enumerate(hashes):
                yield LogNode(level, index, made)

    def _find(self, position: int, what: str) -> None:
        self.findings.append(Finding("log", what, offset=position))


class _Nodes(dict[tree.Node, bytes]):
    """Nodes by level and index, out of whole levels."""

    def __init__(self, levels: Sequence[Sequence[bytes]]) -> None:
        super().__init__()
        self._levels = levels

    def __missing__(self, node: tree.Node) -> bytes:
        level, index = node
        return self._levels[level][index]


def _signed(text: str, keys: Sequence[note.Key]) -> None:
    """Raises `NoteError` unless one of the keys signed it."""
    errors = []
    for key in keys:
        try:
            note.verified(text, key)
        except note.NoteError as error:
            errors.append(str(error))
        else:
            return
    raise note.NoteError("; ".join(errors))


def _size(text: str) -> int:
    try:
        return note.read(text).size
    except note.NoteError:
        return -1
