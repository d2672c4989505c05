"""The canonical bytes, spelled out a second time from the rules alone."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.kept import Kept
from services.archive.domain.leaves import (
    NOTHING_BEFORE,
    Segment,
    place,
    record_leaf,
    segment_leaf,
    segment_of,
)
from tests.unit.archive.builders import NIGHT, an_event, kept

SALT = bytes(range(16))
TOPIC = "tuban.ronda.patrol"


def optional(content: bytes | None) -> bytes:
    return b"\x00" if content is None else b"\x01" + len(content).to_bytes(4, "big") + content


@given(
    offset=st.integers(0, 2**63 - 1),
    microseconds=st.integers(0, 250_000_000_000_000_000),
    key=st.none() | st.binary(max_size=9),
    value=st.none() | st.binary(max_size=300),
    headers=st.none() | st.binary(max_size=9),
)
def test_a_record_s_leaf_is_the_hash_of_all_that_was_received(
    offset: int, microseconds: int, key: bytes | None, value: bytes | None, headers: bytes | None
) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    record = Kept(offset, moment, key, value, headers, None, "x")
    data = (
        b"\x00" + SALT + len(TOPIC).to_bytes(2, "big") + TOPIC.encode() + (4).to_bytes(4, "big")
        + offset.to_bytes(8, "big") + microseconds.to_bytes(8, "big", signed=True)
        + optional(key) + optional(value) + optional(headers)
    )  # fmt: skip
    assert record_leaf(SALT, place(TOPIC, 4), record) == sha256(data).digest()


def test_absent_and_empty_are_different_records() -> None:
    empty, absent = kept([b"", None])
    where = place(TOPIC, 0)
    assert record_leaf(SALT, where, empty) != record_leaf(
        SALT, where, absent._replace(offset=empty.offset, appended_at=empty.appended_at)
    )


def test_a_segment_s_leaf_names_its_extent_its_root_and_the_one_before() -> None:
    segment = Segment(TOPIC, 4, 10, 25, 13, b"r" * 32, b"p" * 32, NIGHT)
    data = (
        b"\x00ronda.segment.v1\n" + len(TOPIC).to_bytes(2, "big") + TOPIC.encode()
        + (4).to_bytes(4, "big") + (10).to_bytes(8, "big") + (25).to_bytes(8, "big")
        + (13).to_bytes(4, "big") + b"r" * 32 + b"p" * 32
        + (int(NIGHT.timestamp()) * 1_000_000).to_bytes(8, "big")
    )  # fmt: skip
    assert segment_leaf(segment) == sha256(data).digest()


def test_a_segment_is_made_of_its_records_leaves_in_order() -> None:
    records = kept([an_event("a"), None, b"?"], first=7)
    salts = [bytes([number]) * 16 for number in range(3)]
    leaves = [
        record_leaf(salt, place(TOPIC, 2), record)
        for salt, record in zip(salts, records, strict=True)
    ]
    left = sha256(b"\x01" + leaves[0] + leaves[1]).digest()
    made = segment_of(TOPIC, 2, records, salts, previous=NOTHING_BEFORE, committed_at=NIGHT)
    assert made == Segment(
        TOPIC, 2, 7, 10, 3, sha256(b"\x01" + left + leaves[2]).digest(), bytes(32), NIGHT
    )
