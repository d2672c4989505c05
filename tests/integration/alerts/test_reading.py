"""What people look at is what is committed, within their unit."""

import traceback
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.domain.site_status import Sign
from services.alerts.ports import Unstorable
from tests.builders import POLRES, POLSEK, a_principal
from tests.contract.alert_rows import NOW, an_alert, id_of

MINUTE = timedelta(minutes=1)


@pytest.fixture
def readings(engine: AsyncEngine) -> Readings:
    return Readings(engine)


async def test_alerts_are_those_of_a_unit_and_below_the_newest_first(
    store: PostgresStore, readings: Readings
) -> None:
    async with store.transaction() as transaction:
        for name, unit, age in (
            ("polres", POLRES, 3),
            ("polsek", POLSEK, 1),
            ("neighbour", f"{POLRES}-lain", 2),
            ("above", "polda-jatim", 0),
        ):
            alert = an_alert(name, unit=unit, raised_at=NOW - age * MINUTE)
            await transaction.save_alert(alert)
        await transaction.save_alert(
            an_alert("closed", unit=POLRES, state="closed", closed_at=NOW, raised_at=NOW)
        )
    open_ones = [alert.id for alert in await readings.open_alerts(a_principal())]
    assert open_ones == [id_of("polsek"), id_of("polres")]
    everything, _ = await readings.alerts(a_principal(), only_open=False, limit=9)
    assert [each.id for each in everything] == [id_of("closed"), id_of("polsek"), id_of("polres")]
    assert await readings.open_alerts(a_principal(unit="polda%")) == []


async def test_one_alert_is_found_by_its_id(store: PostgresStore, readings: Readings) -> None:
    async with store.transaction() as transaction:
        await transaction.save_alert(an_alert())
    assert await readings.alert(a_principal(), an_alert().id) == an_alert()
    assert await readings.alert(a_principal(), id_of("nothing")) is None


async def test_signs_of_life_may_come_in_any_order(
    store: PostgresStore, readings: Readings
) -> None:
    async with store.transaction() as transaction:
        await transaction.seen("gudang", NOW, "waspada")
        await transaction.seen("gudang", NOW, "aman")
        await transaction.seen("gudang", NOW - MINUTE, "gangguan")
        await transaction.seen("gudang", NOW + MINUTE, None)
        await transaction.seen("kpu", NOW, None)
        await transaction.seen("kpu", NOW - MINUTE, "waspada")
    assert await readings.signs() == {
        "gudang": Sign(seen_at=NOW + MINUTE, situation="aman", situation_at=NOW),
        "kpu": Sign(seen_at=NOW, situation="waspada", situation_at=NOW - MINUTE),
    }


async def test_the_oldest_untaken_alert_is_one_that_still_climbs(
    store: PostgresStore, readings: Readings
) -> None:
    assert await readings.oldest_untaken() is None
    async with store.transaction() as transaction:
        for name, kind, age, purpose in (
            ("taken", "ack_expiry", 9, None),
            ("exercise", "climb", 7, "exercise"),
            ("old", "climb", 5, None),
            ("new", "climb", 1, None),
        ):
            raised_at = NOW - age * MINUTE
            alert = an_alert(name, next_due_kind=kind, raised_at=raised_at, purpose=purpose)
            await transaction.save_alert(alert)
    assert await readings.oldest_untaken() == NOW - 5 * MINUTE


async def test_what_postgresql_can_never_take_is_said_so(store: PostgresStore) -> None:
    async def put() -> None:
        async with store.transaction() as transaction:
            await transaction.seen("gudang\x00", NOW, "aman")

    with pytest.raises(Unstorable):
        await put()


async def test_what_people_said_stands_in_no_error(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        with pytest.raises(ProgrammingError) as error:
            await connection.execute(
                text("SELECT nothing FROM alerts.nowhere WHERE site = :said"),
                {"said": "dua orang di gudang"},
            )
    assert "dua orang" not in "".join(traceback.format_exception(error.value))
