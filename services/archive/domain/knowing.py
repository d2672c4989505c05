"""Who may know of a record: what an event says of itself, of others, and what it belongs to.

Nothing here asks a plan. A report bears who may know of it since it was taken in; alerts' events
carry the alert's restriction, which holds for its reports too; a photo is as restricted as the
reports that name it, and a request for backup as the report that it follows.
"""

from typing import NamedTuple

import msgspec
from msgspec import Struct

from services.archive.domain.search import Rights
from services.archive.domain.storable import storable
from shared.events.alert import CHECKER, Restriction
from shared.events.envelope import Envelope, EventId
from shared.events.media import media_id
from shared.events.patrol import Sha256

PHOTO = "ronda.media.stored.v1"
FOLLOWING = ("ronda.backup.requested.v1", "ronda.duress.mistaken.v1")
"""What follows up another report, whose archived record alone shows who may know of it."""
ANSWERS = "ronda.dispatch."
"""Crews' answers of this prefix are about an alert that they name."""
_ALERT, _NOTIFICATION = "ronda.alert.", "ronda.notification."
_REPORT = "ronda.incident.reported.v1"
_MOST_BYTES = 2_000
_ELEMENT_BYTES = 7
"""What PostgreSQL adds to each text of an array: four bytes, and up to three so as to align."""


class Rule(NamedTuple):
    """Of the event or alert `about` (16 bytes) these login roles may know, all where there are
    none, and nobody of the units in `hidden_from` and below them."""

    about: bytes
    roles: tuple[str, ...]
    hidden_from: tuple[str, ...]


class Belonging(NamedTuple):
    """An event that is as restricted as another one is; both by their ids' bytes."""

    event: bytes
    to: bytes


class PartOf(NamedTuple):
    """A report that an alert has as one of its parts; both by their ids' bytes."""

    event: bytes
    alert: bytes


class Told(NamedTuple):
    """What an event says of who may know, and of what goes together."""

    rules: tuple[Rule, ...] = ()
    belongings: tuple[Belonging, ...] = ()
    parts: tuple[PartOf, ...] = ()


class _Part(Struct):
    event: EventId


class _Decided(Struct):
    id: EventId | None = None
    restricted: Restriction | None = None
    parts: list[_Part] = []


class _Said(Struct):
    media: list[Sha256] = []
    incident: EventId | None = None
    duress: EventId | None = None


_decided = msgspec.json.Decoder(_Decided)
_said = msgspec.json.Decoder(_Said)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def told_by(event: Envelope) -> Told | None:
    """What an event says; None for the many that say nothing."""
    if event.type.startswith((_ALERT, _NOTIFICATION)):
        return _of_decided(event)
    rules, belongings = _stamped(event), _belongings(event)
    if belongings is None:
        # Nobody can tell which report it follows.
        return for_checkers(_bytes(event.id), event.unit)
    return Told(rules, belongings) if rules or belongings else None


def of_itself(told: Told, event_id: bytes) -> Told:
    """What an event that was set aside says of itself: nobody acted upon what it says else."""
    own = tuple(each for each in told.belongings if each.event == event_id)
    return told._replace(belongings=own, parts=())


def bare(event_type: str, event_id: bytes, unit: str | None) -> Told | None:
    """What must hold of an event whose bytes are gone, so that nobody can read it any more."""
    speaks = event_type.startswith((_ALERT, _NOTIFICATION)) or event_type in (_REPORT, *FOLLOWING)
    return for_checkers(event_id, unit) if speaks else None


def for_checkers(event_id: bytes, unit: str | None) -> Told:
    """An event that nobody may know of but who checks the record, above its unit."""
    return Told((_rule(event_id, (CHECKER,), (unit,) if unit else ()),))


def may_know(rule: Rule, rights: Rights) -> bool:
    """Whether a rule lets an asker know: in words what searches ask in SQL, to hold them to."""
    if rights.role is None:
        return True
    is_kept_from_role = rule.roles and rights.role not in {CHECKER, *rule.roles}
    is_hidden = not rights.is_top and any(
        f"{rights.within}/".startswith(f"{unit}/") for unit in rule.hidden_from
    )
    return not is_kept_from_role and not is_hidden


def is_unjudged(rule: Rule) -> bool:
    """Whether nobody could say whom the event accuses, because no plan was there or nobody could
    read it. An alert that has it as a part has judged it, and said itself who may know."""
    return rule.roles == (CHECKER,)


def is_wary(rights: Rights) -> bool:
    """Whether an asker has to wait until the archive knows what an event belongs to."""
    return rights.role is not None and not (rights.role == CHECKER and rights.is_top)


def _of_decided(event: Envelope) -> Told | None:
    own = _bytes(event.id)
    try:
        data = _decided.decode(event.data)
    except _UNREADABLE:
        # What cannot be read cannot be shown to be for everybody.
        return for_checkers(own, event.unit)
    alert = _bytes(data.id) if event.type.startswith(_ALERT) and data.id is not None else None
    reports = {_bytes(part.event) for part in data.parts}
    parts = tuple(PartOf(each, alert) for each in sorted(reports)) if alert else ()
    if data.restricted is None:
        return Told(parts=parts) if parts else None
    about = {own, *reports, *([alert] if alert else [])}
    roles, units = tuple(data.restricted.roles), tuple(data.restricted.hidden_from)
    if _is_too_long(*roles, *units):
        return for_checkers(own, event.unit)
    return Told(tuple(_rule(each, roles, units) for each in sorted(about)), parts=parts)


def _stamped(event: Envelope) -> tuple[Rule, ...]:
    if event.restrictedto is None and event.hiddenfrom is None:
        return ()
    own, roles, units = _bytes(event.id), _names(event.restrictedto), _names(event.hiddenfrom)
    if _is_too_long(*roles, *units):
        return for_checkers(own, event.unit).rules
    return (_rule(own, roles, units),)


def _belongings(event: Envelope) -> tuple[Belonging, ...] | None:
    """None of what follows up something, and cannot be read."""
    follows = event.type in FOLLOWING
    # A photo names none, and is too large to be copied for nothing.
    if event.type == PHOTO or (not follows and b'"media"' not in bytes(event.data)):
        return ()
    try:
        data = _said.decode(event.data)
    except _UNREADABLE:
        return None if follows else ()
    own = _bytes(event.id)
    photos = tuple(Belonging(_bytes(media_id(each)), own) for each in data.media)
    first = data.incident or data.duress
    return (*photos, Belonging(own, _bytes(first))) if follows and first else photos


def _rule(about: bytes, roles: tuple[str, ...], hidden_from: tuple[str, ...]) -> Rule:
    return Rule(about, tuple(map(storable, roles)), tuple(map(storable, hidden_from)))


def _is_too_long(*names: str) -> bool:
    """Whether an index has no room for it; then nobody but who checks the record may see it."""
    sizes = (len(storable(name).encode()) + _ELEMENT_BYTES for name in names)
    return sum(sizes) > _MOST_BYTES


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (text or "").split(",")))


def _bytes(event_id: str) -> bytes:
    return bytes.fromhex(event_id.replace("-", ""))
