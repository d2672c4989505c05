"""Who sees what, and that a look at a person's past leaves a record first."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from services.archive.domain.search import Search
from services.archive.handlers import Looking, ReasonNeeded
from services.archive.handlers.looking import BY_ID
from services.archive.metrics import Metrics
from services.archive.ports import Page, Unavailable
from shared.auth import Principal
from shared.events.registry import decode, encode
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id
from tests.unit.archive.fakes import MemoryAccessLog, MemoryArchive

WHY = "complaint 12/XI/2026"
AUDITOR = Principal(
    actor="aud-1",
    name="Auditor",
    role="auditor",
    unit=UNIT,
    issuer="alerts",
    expires_at=NIGHT + timedelta(hours=1),
)


class Desk:
    """A handler on an archive with a visit, a position and a record without a unit."""

    def __init__(self, root: str | None = UNIT) -> None:
        self.access = MemoryAccessLog()
        self.archive = MemoryArchive()
        self.looking = Looking(
            reader=self.archive,
            access=self.access,
            clock=lambda: NIGHT,
            metrics=Metrics(CollectorRegistry()),
            root=root,
        )

    async def filled(self) -> "Desk":
        await self.archive.keep(
            [
                a_batch(
                    an_event("visit"),
                    an_event("track", type="ronda.position.recorded.v1"),
                    an_event("plan", unit=None),
                )
            ],
            NIGHT,
        )
        return self

    async def sees(
        self, principal: Principal = AUDITOR, reason: str | None = None, **filters: Any
    ) -> set[str]:
        page: Page = await self.looking.page(
            principal, Search(**filters), reason=reason, asked={"q": "as asked"}
        )
        names = {an_id(name): name for name in ("visit", "track", "plan")}
        return {names[found.id or ""] for found in page.found}


@pytest.mark.parametrize(
    "filters",
    [
        {"actor": "p-1"},
        {"device": "d-1"},
        {"type": "ronda.position.recorded.v1"},
        {"type": "ronda.position."},
        {"type": "ronda.shift.", "unit": UNIT},
        {"type": "ronda.shift.started.v1"},
    ],
)
async def test_a_search_for_a_person_s_past_needs_a_reason(filters: dict[str, Any]) -> None:
    desk = await Desk().filled()
    with pytest.raises(ReasonNeeded, match="reason="):
        await desk.sees(**filters)
    assert desk.access.recorded == []
    await desk.sees(reason=WHY, **filters)
    assert len(desk.access.recorded) == 1


async def test_the_look_is_recorded_with_who_what_and_why_before_it_is_answered() -> None:
    desk = await Desk().filled()
    await desk.sees(reason=WHY, actor="p-1")
    (look,) = desk.access.recorded
    assert (look.actor, look.unit, look.time, look.data.role) == ("aud-1", UNIT, NIGHT, "auditor")
    assert (look.data.filters, look.data.reason) == ({"q": "as asked"}, WHY)
    assert decode(encode(look)) == look
    desk.access.away = True
    with pytest.raises(Unavailable):
        await desk.sees(reason=WHY, actor="p-1")


async def test_a_search_without_a_reason_leaves_positions_out_unless_it_names_the_event() -> None:
    desk = await Desk().filled()
    assert await desk.sees() == {"visit", "plan"}
    assert await desk.sees(type="ronda.") == {"visit", "plan"}
    assert desk.access.recorded == []
    assert await desk.sees(reason=WHY) == {"visit", "track", "plan"}


async def test_a_position_that_is_asked_for_by_its_id_is_a_look_too() -> None:
    desk = await Desk().filled()
    assert await desk.sees(id=an_id("visit")) == {"visit"}
    assert desk.access.recorded == []
    assert await desk.sees(id=an_id("track")) == {"track"}
    (look,) = desk.access.recorded
    assert look.data.reason == BY_ID
    assert decode(encode(look)) == look
    desk.access.away = True
    with pytest.raises(Unavailable):
        await desk.sees(id=an_id("track"))


@pytest.mark.parametrize(
    ("root", "role", "unit", "expected"),
    [
        (UNIT, "auditor", UNIT, {"visit", "plan"}),
        (UNIT, "auditor", "polda-jatim", {"visit", "plan"}),
        (UNIT, "auditor", f"{UNIT}/polsek-soko", set()),
        (UNIT, "admin", f"{UNIT}/polsek-soko", {"plan"}),
        (None, "commander", UNIT, {"visit"}),
        (None, "admin", UNIT, {"visit", "plan"}),
    ],
)
async def test_what_has_no_unit_is_for_those_who_cover_the_deployment(
    root: str | None, role: str, unit: str, expected: set[str]
) -> None:
    desk = await Desk(root).filled()
    assert await desk.sees(replace(AUDITOR, role=role, unit=unit)) == expected
