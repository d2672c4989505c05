"""The one log as a tree that is never held whole: what its complete subtrees' hashes give.

A node is `(level, index)` and spans the leaves from `index * 2**level` up to, not including,
`(index + 1) * 2**level`; only nodes whose leaves are all there exist. Roots and proofs are those of
RFC 9162, each from O(log n) nodes: ask `needed` first, fetch those, and hand them over.
"""

from collections.abc import Iterable, Mapping, Sequence

from services.archive.domain.merkle import EMPTY_ROOT, ProofError, node_hash

Node = tuple[int, int]
Span = tuple[int, int]
"""Leaves from the first up to, not including, the second."""


def cover(span: Span) -> list[Node]:
    """The largest nodes that make up a span, from left to right."""
    start, end = span
    nodes = []
    while start < end:
        # As large as the start is aligned to, and as the rest is long.
        level = (end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def needed(spans: Iterable[Span]) -> set[Node]:
    """The nodes that `hashes` needs."""
    return {node for span in spans for node in cover(span)}


def hashes(spans: Iterable[Span], nodes: Mapping[Node, bytes]) -> list[bytes]:
    """The tree hash of each span; KeyError when a node of `needed` is missing."""
    return [_hash(span, nodes) for span in spans]


def whole(size: int) -> list[Span]:
    """The one span whose hash is the root of the first `size` leaves."""
    return [(0, size)]


def inclusion(index: int, size: int) -> list[Span]:
    """The spans whose hashes are the inclusion path of leaf `index` among the first `size`.

    Raises `ProofError` when it is not among them.
    """
    if not 0 <= index < size:
        raise ProofError(f"no leaf {index} among {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    return path[::-1]


def consistency(first: int, size: int) -> list[Span]:
    """The spans whose hashes prove that the first `first` leaves begin the tree of `size`.

    Raises `ProofError` when there are not so many.
    """
    if not 0 <= first <= size:
        raise ProofError(f"no tree of {first} leaves among {size}")
    if first in {0, size}:
        return []
    path, start, end = [], 0, size
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append((middle, end))
            end = middle
        else:
            path.append((start, middle))
            start = middle
    # The verifier knows the root of the first tree, and it is this subtree's where it starts at 0.
    return [(start, end), *path[::-1]] if start else path[::-1]


def appended(size: int, edge: Mapping[Node, bytes], leaves: Sequence[bytes]) -> dict[Node, bytes]:
    """The nodes that come to a tree of `size` leaves with these leaves.

    `edge` has the nodes of `needed(whole(size))`.
    """
    made: dict[Node, bytes] = {}
    for position, leaf in enumerate(leaves, size):
        level, index, node = 0, position, leaf
        made[0, position] = leaf
        while index & 1:
            left = made.get((level, index - 1)) or edge[level, index - 1]
            level, index, node = level + 1, index >> 1, node_hash(left, node)
            made[level, index] = node
    return made


def _hash(span: Span, nodes: Mapping[Node, bytes]) -> bytes:
    parts = [nodes[node] for node in cover(span)]
    if not parts:
        return EMPTY_ROOT
    found = parts.pop()
    while parts:
        found = node_hash(parts.pop(), found)
    return found


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
