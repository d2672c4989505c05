"""The one log against the segments that it seals, its nodes, and its checkpoints."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.archive.domain import note, tree
from services.archive.domain.finding import Finding
from services.archive.domain.leaves import HASH_BYTES
from services.archive.domain.merkle import node_hash
from services.archive.domain.stored import Entry, LogNode, Seal
from services.archive.domain.walk import Chain


class LogWalk:
    """Takes the log's entries in order; `names` are the topics' physical names by number."""

    def __init__(self, chains: Iterable[Chain], names: Mapping[int, str]) -> None:
        self._chains = {(each.topic, each.partition): _Segments(each) for each in chains}
        self._names = names
        self._sealed = dict.fromkeys(self._chains, 0)
        self._levels = [_Hashes()]
        self._expected = iter(self._nodes())
        self._is_off = False
        self.findings: list[Finding] = []

    @property
    def size(self) -> int:
        """How many leaves the log has."""
        return len(self._levels[0])

    @property
    def segments(self) -> int:
        """Segments that are committed."""
        return sum(map(len, self._chains.values()))

    @property
    def unsealed(self) -> int:
        """Those of them that are not yet in the log."""
        return self.segments - sum(self._sealed.values())

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
            above = _Hashes()
            for number in range(0, len(below) - 1, 2):
                above.append(node_hash(below[number], below[number + 1]))
            self._levels.append(above)

    def nodes(self, found: Iterable[LogNode]) -> None:
        """Compares the next stored nodes with the tree's, once it is built; one finding tells of
        the first difference."""
        for node in found:
            self._compare(next(self._expected, None), node)

    def end_nodes(self) -> None:
        """No node is stored after those that came."""
        self._compare(next(self._expected, None), None)

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
        name = self._names.get(entry.topic, f"topic {entry.topic}")
        where = f"{name}/{entry.partition} up to {entry.next_offset}"
        chain = self._chains.get(partition)
        number = None if chain is None else chain.number_of(entry.next_offset)
        if chain is None or number is None:
            return f"seals the segment {where}, which is not there"
        expected, self._sealed[partition] = self._sealed[partition], number + 1
        if number != expected:
            return f"seals the segment {where} out of its order"
        return None if chain[number] == entry.leaf else f"is not the leaf of the segment {where}"

    def _compare(self, expected: LogNode | None, node: LogNode | None) -> None:
        differing = node or expected
        if self._is_off or expected == node or differing is None:
            return
        self._is_off = True
        what = f"its node {differing.number} of level {differing.level} is not the tree's"
        self.findings.append(Finding("log", what))

    def _nodes(self) -> Iterator[LogNode]:
        if not self.size:
            return
        for level, hashes in enumerate(self._levels):
            for index, made in enumerate(hashes):
                yield LogNode(level, index, made)

    def _find(self, position: int, what: str) -> None:
        self.findings.append(Finding("log", what, offset=position))


class _Segments:
    """The leaves of a chain."""

    def __init__(self, chain: Chain) -> None:
        self._nexts = memoryview(chain.nexts).cast("q")
        self._leaves = chain.leaves

    def __len__(self) -> int:
        return len(self._nexts)

    def __getitem__(self, number: int) -> bytes:
        return self._leaves[number * HASH_BYTES : (number + 1) * HASH_BYTES]

    def number_of(self, next_offset: int) -> int | None:
        """Which of the segments ends there, counted from 0; None when none does."""
        number = bisect_left(self._nexts, next_offset)
        found = number < len(self._nexts) and self._nexts[number] == next_offset
        return number if found else None


class _Hashes:
    """_Hashes one behind the other: of a log of millions each would be an object otherwise."""

    def __init__(self) -> None:
        self._packed = bytearray()

    def __len__(self) -> int:
        return len(self._packed) // HASH_BYTES

    def __iter__(self) -> Iterator[bytes]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, number: int) -> bytes:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return bytes(self._packed[number * HASH_BYTES : (number + 1) * HASH_BYTES])

    def append(self, found: bytes) -> None:
        """One more, of 32 bytes."""
        self._packed += found


class _Nodes(dict[tree.Node, bytes]):
    """Nodes by level and index, out of whole levels."""

    def __init__(self, levels: Sequence["_Hashes"]) -> None:
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
