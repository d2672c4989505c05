"""Acts that take away what was recorded, and the events that tell of them.

An event of `ronda.audit` is itself archived and sealed, and nobody can change afterwards what it
says of an erasure or of a retired month: the rows that excuse what is missing have to say the same.
"""

from collections.abc import Iterable
from datetime import MAXYEAR, UTC, datetime, timedelta

import msgspec
from msgspec import Struct

from services.archive.domain.stored import Act, Retired
from shared.events.audit import ErasedRecord, Erasure, RecordErased
from shared.events.identity import derived_id

TOLD_WITHIN = timedelta(hours=1)
"""An act may be untold while the archive has committed nothing later than this after it."""
MONTH = "month"
"""The class of data of a retired month."""


def month_of(moment: datetime) -> tuple[datetime, datetime]:
    """The month of a moment in UTC, and where the next begins."""
    at = moment.astimezone(UTC)
    number = at.year * 12 + at.month
    start = datetime(at.year, at.month, 1, tzinfo=UTC)
    return start, datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def is_one_month(retired: Retired) -> bool:
    """Whether a span is what `ronda archive retire` drops; no other excuses anything."""
    return retired.start.year < MAXYEAR and (retired.start, retired.end) == month_of(retired.start)


def name_of(retired: Retired) -> str:
    """The month, as events and people name it."""
    return f"{retired.start.astimezone(UTC):%Y-%m}"


def retirement_id(retired: Retired) -> str:
    """The id of the event that tells of it."""
    return derived_id(retired.retired_at, "retired", name_of(retired))


def erasure(act: Act) -> Erasure:
    """What is told of an erasure."""
    return Erasure(
        data_class=act.data_class,
        reason=act.reason,
        authority=act.authority,
        erased_at=act.erased_at,
        records=[
            ErasedRecord(
                topic=each.topic,
                partition=each.partition,
                offset=each.offset,
                leaf=each.leaf.hex(),
                kept=each.kept.hex() if each.kept else None,
                appended_at=each.appended_at,
            )
            for each in act.records
        ],
    )


def retirement(retired: Retired) -> Erasure:
    """What is told of a retired month."""
    return Erasure(
        data_class=MONTH,
        reason=retired.reason,
        authority=retired.authority,
        erased_at=retired.retired_at,
        records=[],
        month=name_of(retired),
    )


def differences(expected: Erasure, actor: str, told: bytes) -> list[str]:
    """In which words and numbers an act is not what was told of it; none where it is."""
    try:
        event = _told(told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ["everything"]
    if event.type != _TYPE:
        return ["everything"]
    said = _comparable(event.data, event.actor)
    differing = [name for name, value in _comparable(expected, actor) if (name, value) not in said]
    return [*differing, *_moved(expected, event.data)]


def is_due(acted_at: datetime, last_commit: datetime | None) -> bool:
    """Whether an act must have been told by now, as the archive has gone on since."""
    return last_commit is not None and acted_at <= last_commit - TOLD_WITHIN


def are_gone(act: Act, retired: Iterable[Retired]) -> bool:
    """Whether everything that an act erased was dropped with its month since."""
    spans = list(retired)
    return all(
        any(span.start <= each.appended_at < span.end for span in spans) for each in act.records
    )


_TYPE = RecordErased.__struct_config__.tag


class _Record(Struct):
    """As `ErasedRecord`, whatever it holds; the same below."""

    topic: str
    partition: int
    offset: int
    leaf: str
    kept: str | None = None
    appended_at: datetime | None = None


class _Data(Struct, rename={"data_class": "class"}):
    data_class: str
    reason: str
    authority: str
    erased_at: datetime
    records: list[_Record]
    month: str | None = None


class _Event(Struct):
    type: str
    data: _Data
    actor: str | None = None


_told = msgspec.json.Decoder(_Event).decode


def _comparable(data: Erasure | _Data, actor: str | None) -> list[tuple[str, object]]:
    places = {(each.topic, each.partition, each.offset): each for each in data.records}
    return [
        ("class", data.data_class),
        ("reason", data.reason),
        ("authority", data.authority),
        ("actor", actor),
        ("erased_at", data.erased_at),
        ("month", data.month),
        ("records", {place: each.leaf for place, each in places.items()}),
        ("kept", {place: each.kept for place, each in places.items()}),
    ]


def _moved(expected: Erasure, told: _Data) -> list[str]:
    """Whether records are told to be appended at another time; older acts do not tell when."""
    moments = {(each.topic, each.partition, each.offset): each.appended_at for each in told.records}
    for each in expected.records:
        moment = moments.get((each.topic, each.partition, each.offset))
        if moment is not None and moment != each.appended_at:
            return ["appended_at"]
    return []
