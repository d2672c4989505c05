"""Where a batch joins on to the head, for every overlap there is."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.join import START, Head, join
from tests.unit.archive.builders import NIGHT, a_batch


def appended(offset: int) -> Head:
    """The head after the record at `offset - 1` of the builders' log."""
    return Head(offset, NIGHT + timedelta(seconds=offset - 1)) if offset else START


@given(head=st.integers(0, 20), first=st.integers(0, 20), length=st.integers(1, 10))
def test_a_batch_of_the_same_log_is_kept_from_the_head_on_or_leaves_a_gap(
    head: int, first: int, length: int
) -> None:
    batch = a_batch(*[b"x"] * length, first=first)
    joined = join(appended(head), batch)
    if first > head:
        assert joined == ("gap", ())
    else:
        assert joined.verdict == "kept"
        assert [record.offset for record in joined.fresh] == list(range(head, first + length))


@given(head=st.integers(0, 20), first=st.integers(0, 20), known=st.integers(0, 20))
def test_a_gap_that_the_log_does_not_fill_is_none(head: int, first: int, known: int) -> None:
    batch = a_batch(b"x", first=max(first, known), joins_at=known)
    assert (join(appended(head), batch).verdict == "gap") == (known > head)


def test_a_hole_inside_a_batch_is_the_log_s_own() -> None:
    batch = a_batch(b"x", b"y", b"z")
    holed = batch._replace(records=[batch.records[0], batch.records[2]])
    assert [record.offset for record in join(appended(1), holed).fresh] == [2]


def test_the_last_archived_record_with_another_append_time_is_another_log_s() -> None:
    batch = a_batch(b"x", b"y", b"z")
    assert join(Head(2, NIGHT), batch).verdict == "foreign"
    assert join(Head(2, NIGHT + timedelta(seconds=1)), batch).verdict == "kept"
