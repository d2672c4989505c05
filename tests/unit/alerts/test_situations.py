"""The posko changes the situation: who, why, from that minute on, on every replica alike."""

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from services.alerts.adapters.plan_book import FoldedPlan
from services.alerts.handlers.demands import Demands
from services.alerts.handlers.situations import SituationBody, Situations, Wanted
from services.alerts.metrics import Metrics
from services.alerts.ports import Answer
from shared.events.situation import SituationChanged
from shared.plan.expand import expand
from shared.plan.model import VisitRule
from shared.plan.pieces import to_events
from tests.builders import GUARD, KPU, NIGHT, WAREHOUSE, a_plan, a_principal
from tests.fake_store import FakeStore
from tests.fakes import ManualClock
from tests.unit.alerts.engine import problem
from tests.unit.plan.plans import rule

RANI = a_principal("Kompol Rani", role="commander")


class Posko:
    """A store, and two replicas that fold what it publishes."""

    def __init__(self, *rules: VisitRule, applied_at: datetime = NIGHT) -> None:
        self.clock = ManualClock(applied_at)
        self.store = FakeStore()
        self.books = (FoldedPlan(self.clock), FoldedPlan(self.clock))
        self.apply(*rules)
        self._told = 0
        metrics = Metrics(CollectorRegistry())
        self.situations = Situations(
            store=self.store, plans=self.books[0], clock=self.clock, metrics=metrics
        )
        self.demands = Demands(store=self.store, plans=self.books[0], expand=expand)

    def apply(self, *rules: VisitRule) -> None:
        """`ronda plan apply`."""
        for event in to_events(a_plan(visit_rules=list(rules)), self.clock.now, "/ronda", "x"):
            for book in self.books:
                book.take(event)

    async def change(self, *changes: Wanted, by: Any = RANI, key: str = "k", **over: Any) -> Answer:
        body = SituationBody(key=key, reason="perintah Kapolres", changes=list(changes), **over)
        answer = await self.situations.change(body, by)
        for event in self.store.events()[self._told :]:
            assert isinstance(event, SituationChanged)
            for book in self.books:
                book.take(event)
        self._told = len(self.store.events())
        return answer

    async def due(self) -> list[str]:
        """The local times at which visits are demanded, as they stand in the store."""
        await self.demands.made(self.clock.now)
        visits = [row.visit for row in self.store.rows.visits.values()]
        return sorted(f"{each.due_at:%d %H:%M} {each.site}" for each in visits)


def only_in(phase: str, name: str, *at: str) -> VisitRule:
    return msgspec.structs.replace(rule(name, *at), phases=[phase], sites=[WAREHOUSE])


async def test_a_change_says_who_and_why_and_every_replica_follows() -> None:
    posko = Posko()
    answer = await posko.change(Wanted(what="phase", value="quiet_period"))
    assert answer.status == 200
    (event,) = posko.store.events()
    assert isinstance(event, SituationChanged)
    assert (event.actor, event.data.by, event.data.reason) == (
        RANI.actor,
        "Kompol Rani",
        "perintah Kapolres",
    )
    assert [book.situation.phase for book in posko.books] == ["quiet_period"] * 2
    assert posko.store.rows.outbox[0].topic == "ronda.plan"


async def test_moving_the_phase_changes_what_is_demanded_from_that_minute() -> None:
    """At 21.12 local: what was due before stays, what is due later is of the new phase."""
    posko = Posko(
        only_in("campaign", "a", "20:00", "23:00"),
        only_in("quiet_period", "b", "19:00", "22:00"),
        applied_at=NIGHT - timedelta(days=1),
    )
    posko.clock.now = NIGHT - timedelta(hours=3)
    today = [due for due in await posko.due() if due.startswith("29")]
    assert today == ["29 20:00 gudang-logistik", "29 23:00 gudang-logistik"]

    posko.clock.now = NIGHT
    await posko.change(Wanted(what="phase", value="quiet_period"))
    today = [due for due in await posko.due() if due.startswith("29")]
    assert today == ["29 20:00 gudang-logistik", "29 22:00 gudang-logistik"]


async def test_an_override_that_ends_by_itself_brings_the_plan_back_from_that_minute() -> None:
    posko = Posko(only_in("campaign", "a", "22:00", "23:30"))
    until = NIGHT + timedelta(hours=1)
    await posko.change(Wanted(what="phase", value="quiet_period", until=until))
    assert [due for due in await posko.due() if due.startswith("29")] == []
    posko.clock.now = until
    today = [due for due in await posko.due() if due.startswith("29")]
    assert today == ["29 23:30 gudang-logistik"], "what was not demanded is not missed"


async def test_overrides_outlive_a_new_plan() -> None:
    posko = Posko()
    await posko.change(
        Wanted(what="site_class", of=WAREHOUSE, value="sangat_rawan"),
        Wanted(what="stand_in", of="p-2001", value=GUARD),
        Wanted(what="logistics_stage", value="ballots"),
    )
    posko.clock.advance(60)
    posko.apply(rule("lain", "10:00"))
    for book in posko.books:
        assert book.plan is not None
        assert book.plan.site_by_id[WAREHOUSE].risk_class == "sangat_rawan"
        assert next(post.holder for post in book.plan.posts if post.id == "padal") == GUARD
        assert book.situation.logistics_stage == "ballots"
        assert [each.change.by for each in book.overrides()] == ["Kompol Rani"] * 3


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Wanted(what="phase", value="pesta"), "wrong_value"),
        (Wanted(what="logistics_stage", value="hilang"), "wrong_value"),
        (Wanted(what="site_class", of="nihil", value="rawan"), "wrong_of"),
        (Wanted(what="site_class", of=KPU, value="gawat"), "wrong_value"),
        (Wanted(what="stand_in", of="p-0", value=GUARD), "wrong_of"),
        (Wanted(what="stand_in", of=GUARD, value="p-0"), "wrong_value"),
        (Wanted(what="stand_in", of=GUARD, value=GUARD), "wrong_value"),
        (Wanted(what="phase", value="campaign", until=NIGHT), "wrong_until"),
    ],
)
async def test_what_does_not_fit_the_plan_is_refused_whole(wanted: Wanted, code: str) -> None:
    posko = Posko()
    answer = await posko.change(Wanted(what="phase", value="campaign"), wanted)
    assert (answer.status, problem(answer)["extra"]["code"]) == (422, code)
    assert posko.store.events() == []


@pytest.mark.parametrize(
    "by",
    [
        a_principal("Op", role="operator"),
        a_principal("Jauh", role="commander", unit="polda-jatim/polres-tuban/polsek-soko"),
    ],
    ids=["an operator", "a commander of a part"],
)
async def test_only_who_answers_for_the_whole_operation_changes_it(by: Any) -> None:
    posko = Posko()
    answer = await posko.change(Wanted(what="phase", value="campaign"), by=by)
    assert (answer.status, posko.store.events()) == (403, [])


async def test_the_same_key_again_changes_nothing_and_is_answered_alike() -> None:
    posko = Posko()
    first = await posko.change(Wanted(what="phase", value="campaign"))
    posko.clock.advance(5)
    assert await posko.change(Wanted(what="phase", value="campaign")) == first
    assert len(posko.store.events()) == 1


async def test_a_kept_plan_is_shown_until_the_topic_is_read_to_its_end() -> None:
    posko = Posko(rule("lama", "10:00"))
    await posko.change(Wanted(what="phase", value="quiet_period"))
    kept = posko.books[0].kept()
    assert kept is not None
    kept = msgspec.json.decode(msgspec.json.encode(kept), type=type(kept))

    book = FoldedPlan(posko.clock)
    book.restore(kept)
    assert (book.plan, book.situation) == (posko.books[0].plan, posko.books[0].situation)
    assert book.published_at == posko.books[0].published_at
    assert "as kept" in book.known().detail

    for event in to_events(a_plan(version="older"), NIGHT, "/ronda", "x"):
        book.take(event)
    assert book.plan == posko.books[0].plan, "what is read first is old"
    book.caught_up()
    assert book.plan is not None
    assert book.plan.version == "older"
