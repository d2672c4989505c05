"""What the server adds to an event and what it refuses.

Accept and flag: refused is only what no reader could use or nobody may say, which is data that
does not fit its type, a type that no device may send, another device's name, a time that no
calendar holds, and what is larger than a record may be.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import msgspec
from msgspec import Raw, Struct

from services.checkin.domain.authenticity import DOUBTS, Doubt
from services.checkin.domain.carrying import credited
from services.checkin.domain.devices import Device
from services.checkin.domain.flags import flags
from services.checkin.domain.incoming import Incoming, Rejection, RejectionCode
from services.checkin.domain.presence import View
from shared.auth import Principal
from shared.checkpoint_codes import CodeBook
from shared.events.registry import Undecodable, check_data
from shared.plan.model import Plan, Site
from shared.plan.restriction import Said, said
from shared.topics import MAX_EVENT_BYTES, POSITION, QUARANTINE, TopicSpec, intake_topic

MAX_NESTING = 64
"""Deeper data would meet the recursion limit of some reader, at a depth nobody can tell."""
_LARGEST_INTEGER = 2_147_483_647  # CloudEvents integers are 32 bits, signed
_FIRST_YEAR, _LAST_YEAR = 2, 9998  # next to the calendar's ends, UTC may lie beyond them
_CONTROL_ROOM = frozenset({"operator", "supervisor", "commander"})

_REPORT = "ronda.incident.reported.v1"
_EVERYBODY = Said(None, None)

_encoder = msgspec.json.Encoder()
_topic_of = lru_cache(maxsize=256)(intake_topic)
_tokens = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]')


class Stamp(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The attributes that only the server sets. `unit` is the one that is responsible for the
    site, else the sender's; `actor` is the person who carries the phone; who may know of the event
    is said as in `Context`."""

    unit: str
    actor: str
    receivedtime: datetime
    channel: str
    flags: str
    skew: int | None = None
    restrictedto: str | None = None
    hiddenfrom: str | None = None


class Outgoing(Struct, frozen=True, gc=False):
    """A record to produce: where it goes, its bytes, and the flags that it carries."""

    topic: TopicSpec
    key: bytes
    value: bytes
    flags: tuple[str, ...]


class Quarantined(Struct, frozen=True, gc=False):
    """Evidence to keep, and why the event is acted upon by nobody."""

    record: Outgoing
    doubt: Doubt
    id: str

    @property
    def reason(self) -> str:
        """The doubt in words."""
        return f"kept as evidence, and acted upon by nobody: {DOUBTS[self.doubt]}"


class _Refused(ValueError):
    def __init__(self, code: RejectionCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def skew_of(sent_at: str | None, now: datetime) -> int | None:
    """Whole seconds that the sender's clock is behind ours, from the request's `Ronda-Sent-At`.

    None where the header is missing or no time: a phone that writes it wrongly may still report.
    """
    if sent_at is None:
        return None
    try:
        sent = msgspec.convert(sent_at.strip(), datetime)
    except msgspec.ValidationError:
        return None
    if sent.tzinfo is None:
        return None
    skew = round((now - sent).total_seconds())
    return max(-_LARGEST_INTEGER, min(_LARGEST_INTEGER, skew))


@dataclass(slots=True)
class Desk:
    """Where the events of one request are stamped: who sent them, what is known, and when."""

    sender: Principal
    plan: Plan | None
    skew: int | None
    now: datetime
    codes: CodeBook
    channel: str | None = None
    """Where it is not the one of the sender's role."""
    _stamps: dict[tuple[str, str, tuple[str, ...], Said], bytes] = field(default_factory=dict)
    """Encoded stamps by what differs in them: the events of a batch have few different ones."""

    def admit(
        self, item: Incoming, device: Device | None = None, doubt: Doubt | None = None
    ) -> Outgoing | Quarantined | Rejection:
        """The record that an event becomes, or why it is refused. `device` is the enrolled phone
        that the event names, whose signature it bears unless there is a `doubt`."""
        try:
            if doubt is not None:
                return self._quarantined(item, device, doubt)
            return self._admitted(item, device)
        except _Refused as refused:
            return Rejection(refused.code, str(refused), item.id)

    def _quarantined(self, item: Incoming, device: Device | None, doubt: Doubt) -> Quarantined:
        actor, unit = self._said_by(device)
        # Of whom evidence speaks is the site's unit too, although the sender's is stamped on it.
        site = self._site(item)
        known = _EVERYBODY
        if item.type == _REPORT:
            known = said(self.plan, _category_said(item), site.unit if site else unit)
        value = self._value(item, unit, actor, (doubt,), known)
        key = (item.device or self.sender.device or actor).encode()
        return Quarantined(Outgoing(QUARANTINE, key, value, (doubt,)), doubt, item.id)

    def _said_by(self, device: Device | None) -> tuple[str, str]:
        """The person whose event it is, and that person's unit."""
        if device is not None:
            return device.actor, device.unit
        return self.sender.actor, self.sender.unit

    def _admitted(self, item: Incoming, device: Device | None) -> Outgoing:
        topic = _topic_of(item.type)
        if topic is None:
            raise _Refused("type", f"`type`: no device may send {item.type!r}")
        sender, plan = self.sender, self.plan
        if sender.device is not None and item.device != sender.device:
            raise _Refused("device", f"`device` must be {sender.device!r}, which the token is for")
        view = _seen(item.type, item.data)
        moment = _moment(item.time)
        site = self._site(item)
        marks = flags(
            item,
            view,
            moment=moment,
            skew=self.skew,
            now=self.now,
            plan=plan,
            site=site,
            codes=self.codes,
            signed=device is not None,
        )
        actor, unit = self._said_by(device)
        actor, marks = credited(sender, device, item.deviceseq, marks)
        unit = site.unit if site else unit
        known = said(plan, view.category, unit) if item.type == _REPORT else _EVERYBODY
        value = self._value(item, unit, actor, marks, known)
        return Outgoing(topic, _key(topic, item, actor, unit), value, marks)

    def _value(
        self,
        item: Incoming,
        unit: str,
        actor: str,
        marks: tuple[str, ...],
        known: Said,
    ) -> bytes:
        # Two JSON objects that share no name become one: `data` stays as the bytes that came.
        value = _encoder.encode(item)[:-1] + self._stamp(unit, actor, marks, known)
        if len(value) > MAX_EVENT_BYTES:
            reason = f"the event takes {len(value)} bytes; the most is {MAX_EVENT_BYTES}"
            raise _Refused("too_large", reason)
        return value

    def _stamp(
        self,
        unit: str,
        actor: str,
        marks: tuple[str, ...],
        known: Said,
    ) -> bytes:
        """The server's attributes, as what follows the received ones inside one JSON object."""
        key = (unit, actor, marks, known)
        made = self._stamps.get(key)
        if made is not None:
            return made
        stamp = Stamp(
            unit=unit,
            actor=actor,
            receivedtime=self.now,
            skew=self.skew,
            channel=self.channel or ("operator" if self.sender.role in _CONTROL_ROOM else "app"),
            flags=",".join(marks),
            restrictedto=known.restrictedto,
            hiddenfrom=known.hiddenfrom,
        )
        encoded = self._stamps[key] = b"," + _encoder.encode(stamp)[1:]
        return encoded

    def _site(self, item: Incoming) -> Site | None:
        if self.plan is None or item.subject is None:
            return None
        return self.plan.site_by_id.get(item.subject)


def _category_said(item: Incoming) -> str | None:
    """The category of evidence that nobody acts upon, whose data may be anything."""
    try:
        return _seen(item.type, item.data).category
    except _Refused:
        return None


def _key(topic: TopicSpec, item: Incoming, actor: str, unit: str) -> bytes:
    if topic is POSITION:
        return (item.device or actor).encode()
    return (item.subject or unit).encode()


def _moment(text: str) -> datetime:
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise _Refused("time", f"`time`: {error}") from error
    if moment.tzinfo is None:
        raise _Refused("time", "`time` has no offset from UTC; end it with Z or +07:00")
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise _Refused("time", f"`time`: the year {moment.year} is out of range")
    return moment


def _seen(event_type: str, data: Raw) -> View:
    """What the flags need of the data; of a type of the future nothing."""
    if _nesting(data) > MAX_NESTING:
        raise _Refused("data", f"`data` is nested deeper than {MAX_NESTING} levels")
    try:
        # An unknown field is passed over undecoded, and would break readers that do decode it.
        str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise _Refused("data", f"`data` is not UTF-8: {error.reason}") from error
    try:
        return View.of(check_data(event_type, data))
    except Undecodable as error:
        raise _Refused("data", _path_from_the_top(str(error))) from error


def _path_from_the_top(reason: str) -> str:
    """msgspec names the path within `data`; the sender thinks of the whole event."""
    return reason.replace("`$", "`$.data") if "`$" in reason else f"{reason} - at `$.data`"


def _nesting(data: Raw) -> int:
    """How deep arrays and objects go, at most; at first the cheap bounds that nearly all meet."""
    content = bytes(data)
    if len(content) <= 2 * MAX_NESTING:
        return 0
    deepest = content.count(b"[") + content.count(b"{")
    if deepest <= MAX_NESTING:
        return deepest
    depth = deepest = 0
    for token in _tokens.findall(content):
        depth += (token in b"[{") - (token in b"]}")
        deepest = max(deepest, depth)
    return deepest
