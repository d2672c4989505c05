"""What an auditor sees of an alert's story and of its pages, without any other history."""

from dataclasses import replace

from msgspec.structs import replace as with_fields

from services.alerts.domain.promises import climbed_twice, is_told_too_late
from shared.events.incident import BackupRequest, BackupRequested
from tests.builders import an_event
from tests.unit.alerts.engine import Engine


async def a_taken_alert() -> Engine:
    """It climbed, and then a person took it."""
    engine = Engine()
    await engine.reported_one()
    await engine.climbing(700)
    await engine.command("acknowledge")
    return engine


async def test_the_pages_of_a_climb_came_before_it_was_taken() -> None:
    engine = await a_taken_alert()
    assert len({page.level for page in engine.store.pages()}) > 1
    assert not any(map(is_told_too_late, engine.store.pages()))
    assert not climbed_twice(engine.store.alert())


async def test_a_level_that_is_told_of_a_taken_alert_came_too_late() -> None:
    engine = await a_taken_alert()
    alert = engine.store.alert()
    climbing = with_fields(alert, next_due_kind="climb")
    for page in engine.store.pages():
        assert is_told_too_late(replace(page, alert=alert))
        assert is_told_too_late(replace(page, alert=climbing)), "its story shows who took it"


async def test_a_cry_for_backup_and_the_next_cycle_are_told_of_a_taken_alert() -> None:
    engine = await a_taken_alert()
    about = BackupRequest(incident=engine.store.alert().parts[0].event)
    before = len(engine.store.pages())
    await engine.reported(an_event(BackupRequested, about))
    await engine.after(7200)
    told = engine.store.pages()[before:]
    assert {page.alert.timeline[-1].what for page in told} >= {"backup_requested", "escalated"}
    assert not any(map(is_told_too_late, told))


async def test_a_take_that_was_given_back_ends_no_climb_but_its_cycle() -> None:
    engine = Engine()
    await engine.reported_one()
    await engine.climbing(15)
    await engine.command("acknowledge")
    await engine.command("release", reason="salah baris")
    before = len(engine.store.pages())
    await engine.climbing(700)
    told = engine.store.pages()[before:]
    assert {page.level for page in told} == {3, 4}
    assert not any(map(is_told_too_late, told))
    assert not climbed_twice(engine.store.alert())


async def test_a_level_that_one_cycle_came_to_twice_was_climbed_twice() -> None:
    engine = await a_taken_alert()
    alert = engine.store.alert()
    line = next(line for line in alert.timeline if line.what == "escalated")
    again = with_fields(alert, timeline=[*alert.timeline, line])
    assert climbed_twice(again)
