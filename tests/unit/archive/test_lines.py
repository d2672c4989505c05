"""Lines of an export lose nothing, and what they hold is hashed the same."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.archive.adapters.evidence import verifier_proofs as alone
from services.archive.domain import lines
from services.archive.domain.leaves import Segment, segment_leaf
from services.archive.domain.proof import leaf_of
from services.archive.domain.retention import terms
from services.archive.domain.stored import Link, Record
from tests.unit.archive.builders import NIGHT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(0, 10**17).map(lambda micros: EPOCH + timedelta(microseconds=micros))
content = st.none() | st.binary(max_size=40) | st.text(max_size=20).map(str.encode)
hashes = st.binary(min_size=32, max_size=32)
offsets = st.integers(0, 2**63 - 1)
records = st.builds(
    Record,
    appended_at=moments, offset=offsets, key=content, value=content, headers=content,
    partition=st.integers(0, 2**31 - 1), topic=st.just(4), status=st.just("event"),
    event_id=st.none() | st.binary(min_size=16, max_size=16),
    salt=st.binary(min_size=16, max_size=16), leaf=st.none(),
)  # fmt: skip


@given(records)
def test_a_record_comes_back_as_it_was_and_the_travelling_program_hashes_it_the_same(
    record: Record,
) -> None:
    line = json.loads(json.dumps(lines.record_line(record, "ronda.patrol"), ensure_ascii=False))
    assert lines.record_of(line, 4) == record
    assert alone.record_leaf(line) == leaf_of(record, "ronda.patrol")


@given(hashes)
def test_an_erased_record_has_its_leaf_only(leaf: bytes) -> None:
    record = Record(NIGHT, 7, None, None, None, 0, 4, "event", None, None, leaf)
    line = lines.record_line(record, "ronda.patrol")
    assert not {"key", "value", "headers", "salt"} & set(line)
    assert lines.record_of(line, 4) == record
    assert alone.record_leaf(line) == leaf


@given(offsets, st.integers(0, 2**32 - 1), hashes, hashes, moments)
def test_a_segment_comes_back_as_it_was_and_is_hashed_the_same(
    first: int, number: int, root: bytes, previous: bytes, committed_at: datetime
) -> None:
    segment = Segment("ronda.x", 3, first, first + 1, number, root, previous, committed_at)
    link = Link(4, segment, committed_at, committed_at + timedelta(microseconds=1), committed_at)
    line = json.loads(json.dumps(lines.link_line(link)))
    assert lines.link_of(line, 4) == link
    assert alone.segment_leaf(line) == segment_leaf(segment)


def test_terms_are_read_and_what_makes_no_sense_is_named() -> None:
    tracks, shifts = terms("tracks=90d, shifts=730d")
    assert (tracks.prefix, tracks.kept) == ("ronda.position.", timedelta(days=90))
    assert shifts.reason == "retention: shifts are kept 730 days"
    assert terms("") == []
    for wrong in ("tracks", "tracks=0d", "tracks=90", "votes=3d", "tracks=1d;x"):
        with pytest.raises(ValueError, match="is not CLASS=DAYSd"):
            terms(wrong)
