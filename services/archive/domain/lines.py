"""The lines of an export: records, segments and log entries as JSON, and back.

Bytes are text where they are UTF-8 and base64 where they are not, hashes are in hexadecimal, and
moments are RFC 3339 with microseconds, so that each line can be read and nothing is lost.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.archive.domain.hold import Hold
from services.archive.domain.leaves import Segment
from services.archive.domain.proof import Proven, Sealed
from services.archive.domain.stored import Entry, Erased, Link, Narrow, Record, Undecoded

FORMAT = "ronda.export.v1"

Line = dict[str, Any]
_MOMENTS = ("time", "received_at", "appended_at")


def record_line(record: Record, topic: str) -> Line:
    """A record with everything that its leaf is made of."""
    line: Line = {
        "topic": topic,
        "partition": record.partition,
        "offset": record.offset,
        "appended_at": moment(record.appended_at),
        "status": record.status,
        "event_id": record.event_id and record.event_id.hex(),
    }
    if record.leaf is not None:
        return line | {"leaf": record.leaf.hex()}
    line["salt"] = (record.salt or b"").hex()
    for name in ("key", "value", "headers"):
        line |= _bytes(name, getattr(record, name))
    return line


def proven_line(proven: Proven) -> Line:
    """A record with its path in its segment."""
    segment = proven.sealed.segment
    return record_line(proven.record, segment.topic) | {
        "segment": segment.next_offset,
        "index": proven.number,
        "path": [node.hex() for node in proven.path],
    }


def erased_line(erased: Erased, topic: str, left: Narrow | None) -> Line:
    """Who erased a record and why, and what is `left` of its row."""
    line: Line = {
        "topic": topic,
        "partition": erased.partition,
        "offset": erased.offset,
        "reason": erased.reason,
        "authority": erased.authority,
        "class": erased.data_class,
        "erased_at": moment(erased.erased_at),
        "actor": erased.actor,
        "act": erased.act,
    }
    if left is not None:
        line["left"] = {
            "type": left.type,
            "site": left.site,
            "unit": left.unit,
            "time": moment(left.time),
            "received_at": left.received_at and moment(left.received_at),
            "alert": left.alert and left.alert.hex(),
        }
    return line


def row_line(table: str, row: Narrow, topic: str) -> Line:
    """A row of a table that searches read, whose record was dropped with its month."""
    line: Line = row._asdict() | {"table": table, "topic": topic}
    hashes = {name: line[name] and line[name].hex() for name in ("id", "alert")}
    moments = {name: line[name] and moment(line[name]) for name in _MOMENTS}
    return line | hashes | moments | {"hash": row.hash.hex()}


def undecoded_line(row: Undecoded, topic: str) -> Line:
    """The same of a record that nobody could read."""
    where = {"topic": topic, "appended_at": moment(row.appended_at)}
    return row._asdict() | where | {"table": "undecodable"}


def hold_line(hold: Hold) -> Line:
    """A hold, lifted or not."""
    line = hold._asdict() | hold.scope._asdict()
    del line["scope"]
    return {k: moment(v) if isinstance(v, datetime) else v for k, v in line.items()}


def segment_line(segment: Segment) -> Line:
    """A segment with everything that its leaf is made of."""
    return {
        "topic": segment.topic,
        "partition": segment.partition,
        "first_offset": segment.first_offset,
        "next_offset": segment.next_offset,
        "records": segment.records,
        "root": segment.root.hex(),
        "previous": segment.previous.hex(),
        "committed_at": moment(segment.committed_at),
    }


def link_line(link: Link) -> Line:
    """A segment of a whole export, with the times of its records."""
    times = {name: moment(getattr(link, name)) for name in ("earliest", "latest", "last")}
    return segment_line(link.segment) | times


def sealed_line(sealed: Sealed) -> Line:
    """A segment of a part of the archive, with its path in the log; null before it is sealed."""
    return segment_line(sealed.segment) | {
        "position": sealed.position,
        "path": None if sealed.path is None else [node.hex() for node in sealed.path],
    }


def entry_line(entry: Entry, topic: str) -> Line:
    """A position of the log."""
    return {
        "position": entry.position,
        "topic": topic,
        "partition": entry.partition,
        "next_offset": entry.next_offset,
        "leaf": entry.leaf.hex(),
    }


def record_of(line: Mapping[str, Any], topic: int) -> Record:
    """The record of a line."""
    salt, leaf, event_id = line.get("salt"), line.get("leaf"), line["event_id"]
    return Record(
        appended_at=moment_of(line["appended_at"]),
        offset=line["offset"],
        key=_bytes_of("key", line),
        value=_bytes_of("value", line),
        headers=_bytes_of("headers", line),
        partition=line["partition"],
        topic=topic,
        status=line["status"],
        event_id=event_id and bytes.fromhex(event_id),
        salt=salt and bytes.fromhex(salt),
        leaf=leaf and bytes.fromhex(leaf),
    )


def link_of(line: Mapping[str, Any], topic: int) -> Link:
    """The segment of a whole export's line."""
    segment = Segment(
        line["topic"],
        line["partition"],
        line["first_offset"],
        line["next_offset"],
        line["records"],
        bytes.fromhex(line["root"]),
        bytes.fromhex(line["previous"]),
        moment_of(line["committed_at"]),
    )
    times = [moment_of(line[name]) for name in ("earliest", "latest", "last")]
    return Link(topic, segment, *times)


def entry_of(line: Mapping[str, Any], topic: int) -> Entry:
    """The log's position of a line."""
    place = (line["partition"], line["next_offset"])
    return Entry(line["position"], topic, *place, bytes.fromhex(line["leaf"]))


def row_of(line: Mapping[str, Any], topic: int) -> Narrow:
    """The row of a line; `table` is not in it."""
    said = {name: line[name] for name in Narrow._fields} | {"topic": topic}
    said |= {name: line[name] and moment_of(line[name]) for name in _MOMENTS}
    said |= {name: line[name] and bytes.fromhex(line[name]) for name in ("id", "alert")}
    return Narrow(**said | {"hash": bytes.fromhex(line["hash"])})


def left_of(line: Mapping[str, Any], record: Record) -> Narrow:
    """What is left of an erased record's row."""
    left = line["left"]
    return Narrow(
        id=record.event_id or b"",
        type=left["type"],
        site=left["site"],
        unit=left["unit"],
        actor=None,
        device=None,
        time=moment_of(left["time"]),
        received_at=left["received_at"] and moment_of(left["received_at"]),
        alert=left["alert"] and bytes.fromhex(left["alert"]),
        hash=b"",
        appended_at=record.appended_at,
        offset=record.offset,
        partition=record.partition,
        topic=record.topic,
    )


def moment(value: datetime) -> str:
    """A moment to the microsecond."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def moment_of(text: str) -> datetime:
    """The moment of a line."""
    return datetime.fromisoformat(text)


def topics_of(names: Mapping[int, str]) -> Sequence[Line]:
    """The topics with their numbers, which an archive made of an export keeps."""
    return [{"number": number, "name": name} for number, name in sorted(names.items())]


def _bytes(name: str, value: bytes | None) -> Line:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}


def _bytes_of(name: str, line: Mapping[str, Any]) -> bytes | None:
    packed = line.get(f"{name}_base64")
    if packed is not None:
        return base64.b64decode(packed)
    text = line.get(name)
    return None if text is None else str(text).encode()
