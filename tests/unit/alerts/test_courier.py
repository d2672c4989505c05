"""Pages are sent side by side, and a channel that hangs holds up no other one."""

import asyncio
from dataclasses import replace

import pytest

from services.alerts.adapters import courier as module
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.courier import HOLD_EVERY, Courier
from services.alerts.ports import Page, Receipt
from tests.builders import an_incident
from tests.unit.alerts.engine import Engine
from tests.waiting import eventually


class Providers:
    """Takes every page of a channel but those that hang until `release`."""

    def __init__(self, *hanging: str) -> None:
        self.hanging = set(hanging)
        self.released = asyncio.Event()
        self.begun: list[str] = []
        self.sent: list[str] = []

    async def send(self, page: Page) -> Receipt:
        self.begun.append(page.channel)
        if page.channel in self.hanging:
            await self.released.wait()
        self.sent.append(page.channel)
        return Receipt()


async def a_courier(providers: Providers, **pages: int) -> tuple[Courier, Engine, Bell]:
    """An engine with so many due pages by channel, and nothing else to send."""
    engine, bell = Engine(), Bell()
    await engine.reported(an_incident())
    template, *_ = engine.store.pages()
    engine.store.rows.pages.clear()
    async with engine.store.transaction() as transaction:
        for channel, count in pages.items():
            for number in range(count):
                page = replace(template, dedup=f"{channel}-{number}", channel=channel)
                await transaction.page(page)
    engine.paging._kind = lambda page: "any"  # type: ignore[method-assign]
    engine.paging._notifiers = {"any": providers}
    return Courier(engine.paging, engine.clock, bell), engine, bell


async def test_a_channel_that_hangs_takes_its_own_places_and_no_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PER_CHANNEL", 3)
    providers = Providers("dead")
    courier, _, _ = await a_courier(providers, dead=10, alive=4)
    async with courier.running():

        async def alive_are_sent() -> bool:
            await courier.deliver()
            return providers.sent.count("alive") == 4

        await eventually(alive_are_sent, within=5)
        assert providers.begun.count("dead") == 3
        providers.released.set()
        await eventually(lambda: providers.sent.count("dead") == 3, within=5)


async def test_a_place_that_becomes_free_wakes_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PER_CHANNEL", 2)
    providers = Providers("slow")
    courier, _, bell = await a_courier(providers, slow=3)
    async with courier.running():
        while await courier.deliver() == 0:
            pass
        assert not bell.rung
        providers.released.set()
        await eventually(lambda: bell.rung, within=5)
        await courier.deliver()
        await eventually(lambda: providers.sent.count("slow") == 3, within=5)


async def test_what_is_still_being_sent_is_not_sent_by_another_replica() -> None:
    providers = Providers("slow")
    courier, engine, _ = await a_courier(providers, slow=1)
    async with courier.running():
        await courier.deliver()
        for _ in range(8):
            engine.clock.advance(HOLD_EVERY.total_seconds() + 0.5)
            await courier.deliver()
            assert await engine.another().deliver() == 0
        providers.released.set()


async def test_at_the_end_what_hangs_is_left_to_its_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAREWELL_S", 0.01)
    providers = Providers("slow")
    courier, engine, _ = await a_courier(providers, slow=1, quick=1)
    async with courier.running():
        await courier.deliver()
    assert providers.sent == ["quick"]
    engine.clock.advance(5)
    due = [row for row in engine.store.rows.pages.values() if row.due_at is not None]
    assert [row.page.channel for row in due] == ["slow"]
