"""What a store promises of the sites' risks, asked of the fake and of PostgreSQL."""

from msgspec.structs import replace

from services.alerts.ports import Store
from shared.events.risk_samples import RISK
from shared.events.task_samples import ADVICE, VULNERABILITY
from tests.alerts_database import alerts_database, alerts_template
from tests.contract.alert_rows import id_of
from tests.contract.alert_stores import fake, postgres, store

__all__ = ["alerts_database", "alerts_template", "fake", "postgres", "store"]


async def test_what_was_told_of_a_site_last_is_what_is_known_of_it(store: Store) -> None:
    newer, other = replace(RISK, version=3, band="sedang", score=45), replace(RISK, site="kpu")
    async with store.transaction() as transaction:
        assert await transaction.site_risks() == {}
        for risk in (RISK, newer, other):
            await transaction.save_site_risk(risk)
    async with store.transaction() as transaction:
        assert await transaction.site_risks() == {RISK.site: newer, "kpu": other}


async def test_one_weighs_and_nobody_beside_it_until_it_is_done(store: Store) -> None:
    async with store.transaction() as first, store.transaction() as second:
        assert await first.weighs_alone()
        assert await first.weighs_alone()
        assert not await second.weighs_alone()
    async with store.transaction() as third:
        assert await third.weighs_alone()


async def test_open_tasks_are_of_both_kinds_and_those_that_are_done_are_left_out(
    store: Store,
) -> None:
    late = replace(VULNERABILITY, id=id_of("late"), state="overdue")
    done = replace(VULNERABILITY, id=id_of("done"), state="done", next_due_at=None)
    async with store.transaction() as transaction:
        for task in (late, done, ADVICE):
            await transaction.save_task(task)
    async with store.transaction() as transaction:
        found = await transaction.open_tasks()
    assert sorted(task.id for task in found) == sorted([late.id, ADVICE.id])
