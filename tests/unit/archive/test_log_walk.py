"""The log's stored nodes are those of its tree, in whatever pieces they come."""

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain import merkle, tree
from services.archive.domain.log_walk import LogWalk
from services.archive.domain.stored import Entry, LogNode

LEAVES = [merkle.leaf_hash(number.to_bytes(4)) for number in range(40)]


def walked(size: int, nodes: list[LogNode], piece: int) -> LogWalk:
    log = LogWalk([], {})
    log.entries(Entry(position, 1, 0, position, LEAVES[position]) for position in range(size))
    log.close()
    log.findings.clear()  # there are no segments here
    for start in range(0, len(nodes), piece):
        log.nodes(nodes[start : start + piece])
    log.end_nodes()
    return log


def nodes_of(size: int) -> list[LogNode]:
    made = tree.appended(0, {}, LEAVES[:size])
    return sorted(LogNode(*node, found) for node, found in made.items())


@given(st.integers(0, 40), st.integers(1, 9))
def test_the_nodes_of_a_log_of_any_size_are_recognised(size: int, piece: int) -> None:
    log = walked(size, nodes_of(size), piece)
    assert log.findings == []
    assert log.root(size) == merkle.root(LEAVES[:size])


@given(st.integers(1, 40), st.integers(1, 9), st.data())
def test_a_node_that_is_gone_added_or_changed_is_one_finding(
    size: int, piece: int, data: st.DataObject
) -> None:
    nodes = nodes_of(size)
    place = data.draw(st.integers(0, len(nodes) - 1))
    changed = [*nodes]
    changed[place] = nodes[place]._replace(hash=bytes(32))
    for found in (nodes[:place] + nodes[place + 1 :], [*nodes, nodes[place]], changed):
        assert len(walked(size, found, piece).findings) == 1
