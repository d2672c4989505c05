"""Every event type there is, and the one way to read a record's value."""

from typing import Any, get_args

import msgspec

from shared.events import (
    alert,
    audit,
    device,
    incident,
    media,
    operator,
    patrol,
    plan,
    position,
    presence,
    risk,
    situation,
    task,
    watch,
    welfare,
)
from shared.events.envelope import Envelope, Event

AnyEvent = (
    patrol.ShiftStarted
    | patrol.ShiftEnded
    | patrol.VisitCheckedIn
    | patrol.VisitCheckedOut
    | patrol.VisitWithdrawn
    | patrol.VulnerabilityReported
    | patrol.DispatchAccepted
    | patrol.DispatchDeclined
    | patrol.DispatchEnRoute
    | patrol.DispatchArrived
    | incident.IncidentReported
    | incident.DuressRaised
    | incident.DuressMistaken
    | incident.BackupRequested
    | welfare.WelfareAnswered
    | position.PositionRecorded
    | plan.PlanPiece
    | plan.PlanPublished
    | situation.SituationChanged
    | alert.AlertRaised
    | alert.AlertEscalated
    | alert.AlertAcknowledged
    | alert.AlertAckExpired
    | alert.AlertDispatched
    | alert.AlertArrived
    | alert.AlertResolved
    | alert.AlertCloseProposed
    | alert.AlertCloseLapsed
    | alert.AlertClosed
    | alert.AlertReopened
    | alert.AlertReleased
    | alert.AlertUpdated
    | alert.AlertMerged
    | alert.AlertSplit
    | alert.VisitDue
    | alert.VisitAtRisk
    | alert.VisitDone
    | alert.VisitMissed
    | alert.VisitRecovered
    | alert.NotificationSent
    | alert.NotificationFailed
    | task.VulnerabilityAssigned
    | task.VulnerabilityExtended
    | task.VulnerabilityMitigated
    | task.VulnerabilityOverdue
    | task.AdviceIssued
    | task.AdviceDone
    | task.AdviceOverdue
    | task.TaskUpdated
    | risk.RiskChanged
    | presence.PresenceDoubted
    | presence.SequenceGapOpened
    | presence.SequenceGapClosed
    | audit.AccessRecorded
    | audit.CheckpointSealed
    | audit.RecordErased
    | welfare.WelfareNudged
    | welfare.WelfareEnded
    | watch.JournalNoted
    | watch.WatchPrepared
    | watch.WatchWithdrawn
    | watch.WatchHandedOver
    | device.DeviceInvited
    | device.DeviceEnrolled
    | device.DeviceRevoked
    | media.MediaStored
    | operator.OperatorRevoked
)

EVENTS: dict[str, type[Event]] = {str(cls.__struct_config__.tag): cls for cls in get_args(AnyEvent)}

_any_event: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)
_envelope = msgspec.json.Decoder(Envelope)
_encoder = msgspec.json.Encoder()
_data_decoders: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(msgspec.structs.fields(cls)[-1].type) for name, cls in EVENTS.items()
}

# Data nested a thousand deep raises RecursionError, which is none of msgspec's own.
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Undecodable(ValueError):
    """The bytes are not an event of our contracts; `str()` says why."""


def decode(value: bytes | None) -> AnyEvent | Envelope:
    """The typed event, or for a type of the future its envelope with the data raw.

    Raises `Undecodable` for anything else, a tombstone included.
    """
    if value is None:
        raise Undecodable("the record has no value")
    try:
        return _any_event.decode(value)
    except _UNREADABLE as error:
        envelope = decode_envelope(value)
        if envelope.type in EVENTS:
            raise Undecodable(str(error)) from error
        return envelope


def decode_envelope(value: bytes | None) -> Envelope:
    """Context attributes of any event, with `data` as received; raises `Undecodable`."""
    if value is None:
        raise Undecodable("the record has no value")
    try:
        return _envelope.decode(value)
    except _UNREADABLE as error:
        raise Undecodable(str(error)) from error


def check_data(event_type: str, data: bytes | msgspec.Raw) -> Any:
    """`data` as its type has it; raises `Undecodable` with the path of the first misfit.

    None for a type that this version does not know: it is kept, and nobody acts on it.
    """
    decoder = _data_decoders.get(event_type)
    if decoder is None:
        return None
    try:
        return decoder.decode(data)
    except _UNREADABLE as error:
        raise Undecodable(str(error)) from error


def encode(event: Event | Envelope) -> bytes:
    """The record value of an event."""
    return _encoder.encode(event)
