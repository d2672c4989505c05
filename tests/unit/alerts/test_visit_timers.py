"""The clock of the visits: it waits for the broker alone, and for no single visit."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.alerts.domain import visit as domain
from services.alerts.domain.report import Report
from services.alerts.handlers import visits
from services.alerts.handlers.visits import BATCH
from shared.events.alert import Visit
from tests.builders import KPU, NIGHT, WAREHOUSE, a_checkin, a_due_visit
from tests.unit.alerts.engine import Engine

GRACE = NIGHT + timedelta(hours=1, minutes=15)


async def at_grace(engine: Engine) -> None:
    """The grace ends, and the ticker looks."""
    await engine.after((GRACE - engine.clock.now).total_seconds())


def states(engine: Engine) -> dict[str, str]:
    """How each site's visit stands."""
    return {each.visit.site: each.visit.state for each in engine.store.rows.visits.values()}


async def test_a_broker_that_is_away_is_asked_once_a_tick_however_many_visits_wait(
    engine: Engine,
) -> None:
    engine.world.demands = [a_due_visit(site=f"tps-{number}") for number in range(BATCH + 5)]
    await engine.after(0)
    engine.ends.now = None
    await at_grace(engine)
    assert engine.ends.asked == 1
    assert set(states(engine).values()) == {"at_risk"}

    await engine.climbing(60)
    assert engine.ends.asked < 10, "less and less often"

    engine.ends.now = {}
    await engine.climbing(15)
    assert set(states(engine).values()) == {"missed"}


async def test_no_row_is_locked_while_the_broker_is_asked(engine: Engine) -> None:
    """Or a broker that is away would stop the check-ins of those visits."""
    engine.world.demands = [a_due_visit()]
    await engine.after(0)
    asked = engine.ends.ends

    async def ends() -> Mapping[int, int]:
        await engine.reported(a_checkin(time=GRACE - timedelta(minutes=10)))
        return await asked()

    engine.ends.ends = ends  # type: ignore[method-assign]
    await at_grace(engine)

    assert states(engine) == {WAREHOUSE: "done"}


async def test_a_visit_that_cannot_be_judged_stops_no_other_and_is_tried_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.world.demands = [a_due_visit(), a_due_visit(site=KPU)]
    await engine.after(0)
    bad = WAREHOUSE

    def absence(visit: Visit, *rest: Any) -> Report:
        if visit.site == bad:
            raise ValueError("no such report")
        return domain.absence(visit, *rest)

    monkeypatch.setattr(visits, "absence", absence)
    await at_grace(engine)
    assert states(engine) == {WAREHOUSE: "due", KPU: "missed"}
    assert engine.metric("ronda_timer_failures_total") == 1

    bad = ""
    await engine.climbing(61)
    assert set(states(engine).values()) == {"missed"}
