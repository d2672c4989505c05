"""Small rows for the tests of stores, from the committed examples."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from services.alerts.ports import PendingVisit
from shared.events.alert import Alert, AlertRaised, Part, VisitMissed
from shared.events.identity import derived_id
from shared.events.samples import samples

NOW = datetime(2024, 2, 12, 20, 0, tzinfo=UTC)
UNIT = "polda-jatim/polres-tuban"

_alert = next(each.data for each in samples().values() if isinstance(each, AlertRaised))
_visit = next(each.data for each in samples().values() if isinstance(each, VisitMissed))
_numbers: dict[str, int] = {}


def id_of(name: str) -> str:
    """The same id for the same name."""
    return derived_id(NOW, name)


def a_part(name: str) -> Part:
    """A report of an alert."""
    return replace(_alert.parts[0], event=id_of(name))


def an_alert(name: str = "alert", **changes: Any) -> Alert:
    """A raised alert that climbs; its only report is named after it."""
    number = _numbers.setdefault(name, len(_numbers) + 1)
    bare = replace(
        _alert, id=id_of(name), number=number, parts=[a_part(f"report of {name}")], raised_at=NOW
    )
    return replace(bare, **changes)


def a_visit(
    name: str, *, due_at: datetime = NOW, site: str = "gudang", **changes: Any
) -> PendingVisit:
    """A visit that is due, open for an hour before and 15 minutes after."""
    grace_until = due_at + timedelta(minutes=15)
    visit = replace(
        _visit,
        id=id_of(name),
        version=1,
        state="due",
        site=site,
        opens_at=due_at - timedelta(hours=1),
        due_at=due_at,
        grace_until=grace_until,
    )
    values: dict[str, Any] = {"visit": visit, "next_check_at": grace_until}
    return PendingVisit(**(values | changes))
