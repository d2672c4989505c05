"""Who carries a phone: the person of the shift that is open on it, else the one it was given to.

A token names that person with the numbers (`deviceseq`) of the phone's events that the shift
covers. The numbers are signed and only grow, whatever the phone's clock says: so an event of an
earlier shift that comes under a later shift's token is never the next person's.
"""

from services.checkin.domain.devices import Device
from shared.auth import Principal
from shared.plan.model import Person, Plan

FLAGS = {
    "outside_shift": (
        "not an event of the shift that the token is for, so it counts as the enrolled person's"
    )
}


def credited(
    sender: Principal, device: Device | None, deviceseq: int | None, marks: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """The person whose event it is, and its flags; `device` is the phone whose signature it bears,
    None where there is none."""
    if device is None:
        return sender.actor, marks
    if sender.shift is None:
        return device.actor, marks
    if sender.shift.covers(deviceseq):
        return sender.actor, marks
    return device.actor, (*marks, "outside_shift")


def may_carry(plan: Plan, device: Device, person: Person) -> bool:
    """Whether a phone may be in somebody's hands: who is of its unit or below it, or stands in one
    of that unit's shifts, or in a shift together with the enrolled person."""
    return _within(person.unit, device.unit) or any(
        person.id in shift.members
        and (_within(shift.unit, device.unit) or device.actor in shift.members)
        for shift in plan.shifts
    )


def _within(unit: str, root: str) -> bool:
    return unit == root or unit.startswith(f"{root}/")
