"""What a patrol does: duty, visits, vulnerabilities, and the answers of a dispatched crew."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from shared.events.envelope import Event, EventId, Name, Timestamp

Text = Annotated[str, Meta(max_length=4000)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$", max_length=64)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
NonNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=10_000)]


class Fix(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A position as the device knew it: WGS84 degrees, accuracy in metres."""

    lat: Latitude
    lon: Longitude
    accuracy_m: NonNegative | None = None
    fixed_at: Timestamp | None = None
    mock: bool = False


class ShiftStart(Struct, frozen=True, kw_only=True, omit_defaults=True):
    crew: Name
    members: Annotated[list[Name], Meta(max_length=50)]
    duty_order_no: Name | None = None
    vehicle: Name | None = None
    neutrality_ack: bool = False
    position: Fix | None = None


class ShiftEnd(Struct, frozen=True, kw_only=True, omit_defaults=True):
    crew: Name
    unsent: Count = 0


class CheckIn(Struct, frozen=True, kw_only=True, omit_defaults=True):
    method: Literal["qr", "nfc", "gps", "manual"]
    crew: Name | None = None
    people: Count | None = None
    position: Fix | None = None
    code: Annotated[str, Meta(max_length=512)] | None = None


class ChecklistAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`item` is a line of the checklist, or `task:` and the id of a task that stood open there."""

    item: Name
    answer: Literal["good", "bad", "unseen"]
    remark: Text | None = None


class CheckOut(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`incomplete`: the crew left without finishing it. What it had said by then is here; its
    situation is `waspada` where it had said none, and how long it stayed nobody knows.

    `amends`: a correction of the check-out with this id, the visit's first one. It says everything
    anew, of that moment; `time` is when it was corrected.
    """

    checkin: EventId
    situation: Literal["aman", "waspada", "gangguan"]
    crew: Name | None = None
    dwell_s: NonNegative | None = None
    checklist: Annotated[list[ChecklistAnswer], Meta(max_length=100)] = []
    guards_met: Count | None = None
    guards_expected: Count | None = None
    dialogue: Text | None = None
    advice_given: bool = False
    nil_report: bool = False
    incomplete: bool = False
    amends: EventId | None = None
    position: Fix | None = None
    media: Annotated[list[Sha256], Meta(max_length=20)] = []


class Withdrawal(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """*Urungkan*: the visit that began with this check-in was sent by mistake. It is owed again,
    and what was said of the site at its end counts no more; both stay in the record."""

    checkin: EventId
    crew: Name | None = None


class Vulnerability(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that could become an incident (*potensi kerawanan*)."""

    kind: Name
    text: Text
    stage: Literal["PG", "AG", "GN"] = "PG"
    owner: Name | None = None
    due_at: Timestamp | None = None
    checkin: EventId | None = None
    media: Annotated[list[Sha256], Meta(max_length=20)] = []


class DispatchAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    alert: EventId
    crew: Name
    reason: Text | None = None
    position: Fix | None = None


class ShiftStarted(Event, frozen=True, kw_only=True, tag="ronda.shift.started.v1"):
    data: ShiftStart


class ShiftEnded(Event, frozen=True, kw_only=True, tag="ronda.shift.ended.v1"):
    data: ShiftEnd


class VisitCheckedIn(Event, frozen=True, kw_only=True, tag="ronda.visit.checked_in.v1"):
    data: CheckIn


class VisitCheckedOut(Event, frozen=True, kw_only=True, tag="ronda.visit.checked_out.v1"):
    data: CheckOut


class VisitWithdrawn(Event, frozen=True, kw_only=True, tag="ronda.visit.withdrawn.v1"):
    data: Withdrawal


class VulnerabilityReported(
    Event, frozen=True, kw_only=True, tag="ronda.vulnerability.reported.v1"
):
    data: Vulnerability


class DispatchAccepted(Event, frozen=True, kw_only=True, tag="ronda.dispatch.accepted.v1"):
    data: DispatchAnswer


class DispatchDeclined(Event, frozen=True, kw_only=True, tag="ronda.dispatch.declined.v1"):
    data: DispatchAnswer


class DispatchEnRoute(Event, frozen=True, kw_only=True, tag="ronda.dispatch.en_route.v1"):
    data: DispatchAnswer


class DispatchArrived(Event, frozen=True, kw_only=True, tag="ronda.dispatch.arrived.v1"):
    data: DispatchAnswer
