"""The Merkle tree of RFC 9162 §2.1: roots, and the two proofs.

Leaves are given as their hashes (32 bytes each, SHA-256), oldest first. A path is a list of node
hashes, nearest to the leaves first.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256().digest()
"""The root of a tree without leaves."""


class ProofError(ValueError):
    """A path has not the length that its tree needs, or asks for a leaf that is not there."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf; the prefix keeps a leaf from passing for a node."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """All nodes over some leaves' hashes, for asking more than once."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_above(self._levels[-1]))

    def path(self, index: int) -> list[bytes]:
        """What proves that leaf `index` is in the tree. Raises `ProofError` when it is not."""
        size = len(self._levels[0])
        if not 0 <= index < size:
            raise ProofError(f"no leaf {index} among {size}")
        siblings = ((level, (index >> number) ^ 1) for number, level in enumerate(self._levels))
        return [level[sibling] for level, sibling in siblings if sibling < len(level)]


def root(leaves: Sequence[bytes]) -> bytes:
    """The root over the leaves' hashes."""
    level = list(leaves)
    if not level:
        return EMPTY_ROOT
    while len(level) > 1:
        level = _above(level)
    return level[0]


def inclusion_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """What proves that leaf `index` is in the tree. Raises `ProofError` when it is not."""
    return Tree(leaves).path(index)


def consistency_path(first: int, leaves: Sequence[bytes]) -> list[bytes]:
    """What proves that the tree of the first `first` leaves is a beginning of this one.

    Empty for none and for all of them. Raises `ProofError` for more than there are.
    """
    if not 0 <= first <= len(leaves):
        raise ProofError(f"no tree of {first} leaves among {len(leaves)}")
    if first in {0, len(leaves)}:
        return []
    return list(_consistency(first, leaves, whole=True))


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that an inclusion path leads to (RFC 9162 §2.1.3.2). Raises `ProofError`."""
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} among {size}")
    node, last = leaf, size - 1
    for sibling in path:
        if not last:
            raise ProofError("the path is too long")
        if index & 1 or index == last:
            node = node_hash(sibling, node)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        index >>= 1
        last >>= 1
    if last:
        raise ProofError("the path is too short")
    return node


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes
) -> bool:
    """Whether the path leads from the leaf to the expected root."""
    try:
        return root_from_inclusion(leaf, index, size, path) == expected
    except ProofError:
        return False


def verify_consistency(
    first: int, second: int, path: Sequence[bytes], first_root: bytes, second_root: bytes
) -> bool:
    """Whether the tree of size `first` is a beginning of that of size `second` (§2.1.4.2)."""
    if not 0 <= first <= second:
        return False
    if first == second:
        return not path and first_root == second_root
    if first == 0:
        return not path and first_root == EMPTY_ROOT
    try:
        return _roots_from_consistency(first, second, path, first_root) == (first_root, second_root)
    except ProofError:
        return False


def _above(level: list[bytes]) -> list[bytes]:
    """The nodes above; one without a sibling moves up as it is."""
    pairs = zip(level[::2], level[1::2], strict=False)
    nodes = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    if len(level) & 1:
        nodes.append(level[-1])
    return nodes


def _consistency(first: int, leaves: Sequence[bytes], *, whole: bool) -> Iterator[bytes]:
    """SUBPROOF of §2.1.4.1; `whole` says that the verifier knows this subtree's root."""
    if first == len(leaves):
        if not whole:
            yield root(leaves)
        return
    split = 1 << (len(leaves) - 1).bit_length() - 1
    if first <= split:
        yield from _consistency(first, leaves[:split], whole=whole)
        yield root(leaves[split:])
    else:
        yield from _consistency(first - split, leaves[split:], whole=False)
        yield root(leaves[:split])


def _roots_from_consistency(
    first: int, second: int, path: Sequence[bytes], first_root: bytes
) -> tuple[bytes, bytes]:
    nodes = list(path)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    if not nodes:
        raise ProofError("the path is too short")
    index, last = first - 1, second - 1
    while index & 1:
        index >>= 1
        last >>= 1
    old = new = nodes[0]
    for node in nodes[1:]:
        if not last:
            raise ProofError("the path is too long")
        if index & 1 or index == last:
            old, new = node_hash(node, old), node_hash(node, new)
            while not index & 1 and index:
                index >>= 1
                last >>= 1
        else:
            new = node_hash(new, node)
        index >>= 1
        last >>= 1
    if last:
        raise ProofError("the path is too short")
    return old, new
