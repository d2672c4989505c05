"""Records against the roots of their segments, in whatever order and pieces they come."""

import random
from datetime import timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain import merkle
from services.archive.domain.finding import Finding, sharpened
from services.archive.domain.leaves import NOTHING_BEFORE, Segment, segment_leaf
from services.archive.domain.stored import Link, Retired
from services.archive.domain.walk import Leaf, Walk
from tests.unit.archive.builders import NIGHT

TOPIC = 1
NAMES = {TOPIC: "t.ronda.patrol"}


def a_leaf(offset: int) -> Leaf:
    return offset, sha256(b"%d" % offset).digest(), NIGHT + timedelta(seconds=offset)


def links_of(lengths: list[int]) -> tuple[list[Link], list[Leaf]]:
    """A partition of segments of these lengths, with all its leaves."""
    links: list[Link] = []
    leaves: list[Leaf] = []
    previous = NOTHING_BEFORE
    for length in lengths:
        first = len(leaves)
        part = [a_leaf(first + number) for number in range(length)]
        root = merkle.root([leaf for _, leaf, _ in part])
        segment = Segment(NAMES[TOPIC], 0, first, first + length, length, root, previous, NIGHT)
        links.append(Link(TOPIC, segment, part[0][2], part[-1][2], part[-1][2]))
        leaves += part
        previous = segment_leaf(segment)
    return links, leaves


def walked(links: list[Link], pieces: list[list[Leaf]], *retired: Retired) -> list[Finding]:
    walk = Walk(NAMES, retired)
    for link in links:
        walk.link(link)
    for piece in pieces:
        walk.leaves(TOPIC, 0, sorted(piece))
    walk.finish()
    return sharpened(walk.findings)


lengths_of = st.lists(st.integers(1, 6), min_size=1, max_size=8)


@given(lengths_of, st.integers(1, 7), st.randoms(use_true_random=False))
def test_whole_partitions_pass_in_any_order_and_pieces(
    lengths: list[int], size: int, chance: random.Random
) -> None:
    links, leaves = links_of(lengths)
    chance.shuffle(leaves)
    pieces = [leaves[start : start + size] for start in range(0, len(leaves), size)]
    assert walked(links, pieces) == []


@given(lengths_of, st.integers(1, 7), st.data())
def test_a_missing_record_is_named_and_so_is_one_that_stands_twice(
    lengths: list[int], size: int, data: st.DataObject
) -> None:
    links, leaves = links_of(lengths)
    place = data.draw(st.integers(0, len(leaves) - 1))
    without = [leaf for leaf in leaves if leaf[0] != place]
    twice = [*leaves, leaves[place]]
    for changed, word in ((without, "is missing"), (twice, "")):
        pieces = [changed[start : start + size] for start in range(0, len(changed), size)]
        found = walked(links, pieces)
        assert found
        assert word in found[0].what
        if word:
            assert found[0].where == f"t.ronda.patrol/0/{place}"


@given(lengths_of, st.data())
def test_a_changed_record_is_found_in_its_segment(lengths: list[int], data: st.DataObject) -> None:
    links, leaves = links_of(lengths)
    place = data.draw(st.integers(0, len(leaves) - 1))
    leaves[place] = (place, sha256(b"other").digest(), leaves[place][2])
    (found,) = walked(links, [leaves])
    assert found.offset <= place <= (found.offset if found.last is None else found.last)


@given(lengths_of, st.lists(st.integers(0, 20), max_size=4), st.data())
def test_what_is_found_does_not_depend_on_the_pieces(
    lengths: list[int], inserted: list[int], data: st.DataObject
) -> None:
    links, leaves = links_of(lengths)
    links.pop(data.draw(st.integers(0, len(links) - 1)))
    leaves.pop(data.draw(st.integers(0, len(leaves) - 1)))
    leaves += [(place, sha256(b"other").digest(), NIGHT) for place in inserted]
    found = []
    for size in (1, 2, 3, len(leaves) + 1):
        order = data.draw(st.permutations(leaves))
        pieces = [order[start : start + size] for start in range(0, len(order), size)]
        found.append({each.where for each in walked(links, pieces)})
    assert found == found[:1] * 4


@given(lengths_of, st.data())
def test_a_segment_that_is_gone_breaks_the_chain_or_leaves_records_that_nobody_sealed(
    lengths: list[int], data: st.DataObject
) -> None:
    links, leaves = links_of(lengths)
    links.pop(data.draw(st.integers(0, len(links) - 1)))
    found = walked(links, [leaves])
    assert "was never sealed at this place" in {each.what for each in found}


def test_a_segment_whose_times_were_changed_is_named() -> None:
    links, leaves = links_of([2, 2])
    links[1] = links[1]._replace(earliest=NIGHT)
    (found,) = walked(links, [leaves])
    assert (found.kind, found.offset) == ("segment", 2)


def test_a_span_is_left_to_the_rows_that_are_named_in_it() -> None:
    span = Finding("record", "one of these", "t", 0, 10, 19)
    exact = Finding("index", "this one", "t", 0, 14)
    elsewhere = Finding("index", "another", "t", 1, 14)
    assert sharpened([elsewhere, span, exact]) == [exact, elsewhere]
    assert sharpened([span, elsewhere]) == [span, elsewhere]
    assert span.where == "t/0/10-19"


def test_records_of_a_retired_month_may_be_gone_and_no_others() -> None:
    links, leaves = links_of([3, 3])
    month = Retired(NIGHT, NIGHT + timedelta(seconds=3), "over", "kapolres", NIGHT, "kabag-ops")
    assert walked(links, [leaves[3:]], month) == []
    assert walked(links, [leaves[4:]], month)
    crossing = month._replace(end=NIGHT + timedelta(seconds=4))
    assert walked(links, [leaves[4:]], crossing) == []


def test_a_record_of_a_partition_that_has_no_segments_was_never_sealed() -> None:
    (found,) = walked([], [[a_leaf(7)]])
    assert found.where == "t.ronda.patrol/0/7"
