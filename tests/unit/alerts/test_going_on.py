"""A reporter adds a report to an earlier one of their own: one happening, by their word."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from shared.events.incident import IncidentReported
from shared.events.registry import decode, encode
from tests.builders import KPU, NIGHT, WAREHOUSE, a_backup_request, a_plan, an_incident
from tests.unit.alerts.engine import Engine

FIRST = an_incident()


def added(category: str = "fire", *, to: str = FIRST.id, **over: Any) -> IncidentReported:
    """Another kind of thing at another site: only the reporter can know that it is the same."""
    return an_incident(category, report={"adds_to": to}, **{"subject": KPU} | over)


def codes(engine: Engine) -> set[str]:
    """The reasons that stay on the only alert."""
    return {reason.code for reason in engine.store.alert().reasons}


async def test_it_is_a_part_of_that_alert_whatever_it_is_and_wherever(engine: Engine) -> None:
    await engine.reported(FIRST)
    await engine.reported(added())

    alert = engine.store.alert()
    assert [(part.category, part.site) for part in alert.parts] == [
        ("suspicious_person", WAREHOUSE),
        ("fire", KPU),
    ]
    assert "added_by_reporter" in codes(engine)


async def test_what_is_added_may_be_added_to(engine: Engine) -> None:
    await engine.reported(FIRST, second := added(), added("other", to=second.id))

    assert len(engine.store.alert().parts) == 3


async def test_hours_later_it_still_counts_while_the_alert_is_open(engine: Engine) -> None:
    await engine.reported(FIRST)
    await engine.reported(added(time=NIGHT + timedelta(hours=3)))

    assert len(engine.store.alert().parts) == 2


async def test_the_same_person_twice_is_no_second_witness(engine: Engine) -> None:
    await engine.reported(FIRST, added("suspicious_person", subject=WAREHOUSE))

    assert "independent_reports" not in codes(engine)


async def test_the_worse_kind_counts(engine: Engine) -> None:
    await engine.reported(FIRST, added())

    assert engine.store.alert().severity == "kritis"


@pytest.mark.parametrize(
    "over", [{"device": "d-0008"}, {"device": None}, {"to": an_incident("other").id}]
)
async def test_nobody_adds_to_what_another_phone_said_or_nobody(
    engine: Engine, over: dict[str, Any]
) -> None:
    await engine.reported(FIRST)
    await engine.reported(added(**over))

    assert len(engine.store.alerts()) == 2


async def test_a_pointer_that_leads_nowhere_leaves_correlation_its_usual_way(
    engine: Engine,
) -> None:
    await engine.reported(FIRST)
    await engine.reported(added("suspicious_person", to=an_incident("other").id, subject=WAREHOUSE))

    assert len(engine.store.alert().parts) == 2
    assert "added_by_reporter" not in codes(engine)


async def test_what_is_settled_is_not_added_to(engine: Engine) -> None:
    await engine.reported(FIRST)
    await engine.command("acknowledge")
    await engine.command("resolve", outcome="safe_unfounded")
    await engine.reported(added())
    await engine.command("close", alert=engine.store.alerts()[0])
    await engine.reported(added("other"))

    assert len(engine.store.alerts()) == 3


async def test_what_not_everybody_may_know_stays_among_itself(engine: Engine) -> None:
    plan = a_plan()
    hidden = [
        msgspec.structs.replace(row, restricted_to=["commander"]) if row.id == "other" else row
        for row in plan.categories
    ]
    engine.plans.plan = a_plan(categories=hidden)
    await engine.reported(FIRST)
    await engine.reported(added("other"))

    assert len(engine.store.alerts()) == 2


async def test_an_exercise_adds_nothing_to_the_real_thing(engine: Engine) -> None:
    await engine.reported(FIRST)
    await engine.reported(added(purpose="exercise"))

    assert len(engine.store.alerts()) == 2


async def test_help_for_what_was_added_is_help_for_the_whole(engine: Engine) -> None:
    await engine.reported(FIRST, second := added())
    await engine.reported(a_backup_request(second.id))

    assert len(engine.store.alert().parts) == 3


def test_a_report_of_an_older_phone_names_nothing() -> None:
    read = decode(encode(FIRST))

    assert isinstance(read, IncidentReported)
    assert read.data.adds_to is None
