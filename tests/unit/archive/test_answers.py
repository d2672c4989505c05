"""Cursors and records as the archive answers with them."""

import base64
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.archive.adapters.answers import page_of, place_of
from services.archive.domain.search import Place, Status
from services.archive.ports import Found, Page
from shared.problem import ProblemError
from tests.unit.archive.builders import NIGHT, an_event, an_id

PLACE = Place(NIGHT, 3, 2, 1)


def found(status: Status = "event", value: bytes | None = b"{}", place: Place = PLACE) -> Found:
    known = status != "undecodable"
    return Found(
        status=status,
        place=place,
        topic="ronda.patrol",
        id=an_id("a") if known else None,
        type="ronda.visit.checked_in.v1" if known else None,
        site="kpu",
        unit=None,
        time=NIGHT,
        received_at=None,
        reason=None if known else "malformed",
        value=value,
    )


@given(
    moment=st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    topic=st.integers(0, 32_767),
    offset=st.integers(0, 2**62),
)
def test_a_cursor_leads_to_the_place_behind_which_the_page_ended(
    moment: datetime, topic: int, offset: int
) -> None:
    place = Place(moment, topic, 5, offset)
    assert place_of(page_of(Page([found(place=place)], more=True)).next) == place


def test_the_last_page_has_no_cursor_and_the_first_needs_none() -> None:
    assert page_of(Page([found()], more=False)).next is None
    assert place_of(None) is None


@given(st.text(max_size=60))
def test_a_cursor_that_is_not_ours_is_refused_or_harmless(text: str) -> None:
    with suppress(ProblemError):
        place = place_of(text)
        assert place is not None
        assert NIGHT.min.replace(tzinfo=UTC) <= place.appended_at


@pytest.mark.parametrize(
    "point",
    [[2**62, 1, 1, 1], [-1, 1, 1, 1], [0, 40_000, 1, 1], [0, 1, 2**31, 1], [0, 1, 1, -1], [], "x"],
)
def test_a_cursor_to_a_place_that_cannot_be_is_refused(point: object) -> None:
    cursor = base64.urlsafe_b64encode(msgspec.msgpack.encode(point)).decode()
    with pytest.raises(ProblemError, match="cursor"):
        place_of(cursor)


def test_an_event_is_answered_with_the_very_bytes_that_were_received() -> None:
    value = an_event("a").replace(b'"data":', b'"data" :\n ')
    answer = msgspec.json.encode(page_of(Page([found(value=value)], more=False)))
    assert b'"event":' + value in answer


@pytest.mark.parametrize(
    "record",
    [found("undecodable", b"\xff{"), found("undecodable", b"{}"), found(value=b'{"a":"\xff"}')],
)
def test_bytes_that_are_no_json_text_are_answered_in_base64(record: Found) -> None:
    answer = msgspec.json.decode(msgspec.json.encode(page_of(Page([record], more=False))))
    (item,) = answer["items"]
    assert item["event"] is None
    assert base64.b64decode(item["value_base64"]) == record.value


def test_a_tombstone_has_neither_event_nor_bytes() -> None:
    (item,) = page_of(Page([found("undecodable", None)], more=False)).items
    assert (item.event, item.value_base64, item.reason) == (None, None, "malformed")
