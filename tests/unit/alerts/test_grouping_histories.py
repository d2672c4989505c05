"""However people merge, split and undo: every report is in one open alert, and found there."""

import asyncio
from collections import Counter

import hypothesis.strategies as st
from hypothesis import given, settings

from services.alerts.domain.severity import SEVERITIES
from shared.events.alert import Alert
from tests.builders import a_plan, a_principal, a_site, an_id, an_incident
from tests.unit.alerts.engine import Engine

SITI = a_principal("Ipda Siti")
SITES = [a_site(f"s-{at}", lat=-6.5 - at / 10) for at in range(4)]
KINDS = ("other", "suspicious_person", "suspicious_object", "fire")

operations = st.lists(
    st.tuples(st.sampled_from(["merge", "split", "undo"]), st.integers(0, 9), st.integers(0, 9)),
    max_size=12,
)


@settings(deadline=None, max_examples=40)
@given(operations)
def test_every_report_stays_in_exactly_one_open_alert(steps: list[tuple[str, int, int]]) -> None:
    asyncio.run(_lived(steps))


async def _lived(steps: list[tuple[str, int, int]]) -> None:
    engine = Engine(a_plan(sites=SITES))
    for at, site in enumerate(SITES):
        for again in range(2):
            event = an_incident(KINDS[at], id=an_id(at, again), subject=site.id, actor=f"p-{again}")
            await engine.reported(event)
    reports = {an_id(at, again) for at in range(4) for again in range(2)}
    severities: dict[str, int] = {}
    for number, (verb, one, two) in enumerate(steps):
        alert, other = _some(engine, one), _some(engine, two)
        body = {
            "merge": {"other": other.id},
            "split": {"parts": [alert.parts[two % len(alert.parts)].event]},
            "undo": {},
        }[verb]
        answer = await engine.command(verb, SITI, alert=alert, key=f"k{number}", **body)  # type: ignore[arg-type]
        assert answer.status in {200, 422}
        _hold(engine, reports, severities)


def _some(engine: Engine, which: int) -> Alert:
    alerts = engine.store.alerts()
    return alerts[which % len(alerts)]


def _hold(engine: Engine, reports: set[str], severities: dict[str, int]) -> None:
    alerts = engine.store.alerts()
    live = [alert for alert in alerts if alert.state != "closed"]
    homes = Counter(part.event for alert in live for part in alert.parts)
    assert homes == Counter(reports), "a report is in no open alert, or in two"
    for alert in live:
        assert alert.next_due_kind == "climb", "an open alert without its timer"
        for part in alert.parts:
            assert engine.store.rows.parts[part.event] == alert.id, "a copy would go astray"
    for alert in alerts:
        severity = SEVERITIES.index(alert.severity)
        assert severity >= severities.get(alert.id, 0), "a severity was lowered"
        severities[alert.id] = severity
