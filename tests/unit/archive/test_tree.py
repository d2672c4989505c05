"""The log's tree from its nodes gives what RFC 9162 gives from all leaves."""

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain import merkle, tree
from services.archive.domain.tree import Node

LEAVES = [merkle.leaf_hash(number.to_bytes(4)) for number in range(300)]


def grown(sizes: list[int]) -> dict[Node, bytes]:
    """The nodes of a log that grew by so many leaves at a time, each step knowing its edge only."""
    nodes: dict[Node, bytes] = {}
    size = 0
    for more in sizes:
        edge = {node: nodes[node] for node in tree.needed(tree.whole(size))}
        added = tree.appended(size, edge, LEAVES[size : size + more])
        assert not added.keys() & nodes.keys(), "a node is written once"
        nodes |= added
        size += more
    return nodes


ALL = grown([len(LEAVES)])


@given(st.lists(st.integers(0, 40), max_size=7))
def test_a_log_that_grows_in_steps_has_the_root_of_all_its_leaves(steps: list[int]) -> None:
    nodes, size = grown(steps), sum(steps)
    assert tree.hashes(tree.whole(size), nodes) == [merkle.root(LEAVES[:size])]


@given(st.integers(1, 300), st.data())
def test_paths_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    index, first = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    inclusion = tree.inclusion(index, size)
    fetched = {node: ALL[node] for node in tree.needed(inclusion)}
    assert tree.hashes(inclusion, fetched) == merkle.inclusion_path(index, LEAVES[:size])
    consistency = tree.consistency(first, size)
    fetched = {node: ALL[node] for node in tree.needed(consistency)}
    assert tree.hashes(consistency, fetched) == merkle.consistency_path(first, LEAVES[:size])


@given(st.integers(1, 300), st.data())
def test_a_proof_needs_no_more_nodes_than_the_tree_is_high_twice(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    assert len(tree.needed(tree.inclusion(index, size))) <= 2 * size.bit_length()
