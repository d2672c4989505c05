"""The demo's parts: a watch that misses what is not there, a phone that keeps the unanswered."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import typer
from rich.console import Console

from ronda import plans
from ronda.commands import demo as demo_command
from ronda.demo.asking import NotAnsweredError
from ronda.demo.faults import Saboteur
from ronda.demo.folder import claimed
from ronda.demo.phone import Phone, Sent
from ronda.demo.plan import CLIMB_S, VISIT_IN, shortened, site_of_type
from ronda.demo.post import Account
from ronda.demo.watch import Watch
from ronda.stack.errors import StackError
from ronda.stack.settings import DEFAULT_PLAN, StackSettings
from ronda.stack.signals import until_cancelled
from shared.plan.expand import expand
from shared.plan.model import Situation


def _watch() -> Watch:
    return Watch(Console(quiet=True), patience_s=0.05)


async def test_a_step_that_is_not_observed_is_named_as_missing() -> None:
    async def nothing() -> None:
        return None

    watch = _watch()
    assert await watch.expect("the alert climbs", nothing) is None
    assert watch.missing == ["the alert climbs (nothing like it was there)"]
    assert watch.seen == 0


async def test_a_service_that_does_not_answer_counts_as_not_yet_and_is_named() -> None:
    async def away() -> None:
        raise httpx.ConnectError("refused")

    watch = _watch()
    assert await watch.expect("it is archived", away) is None
    assert "ConnectError" in watch.missing[0]


async def test_a_step_that_is_observed_is_counted_and_handed_back() -> None:
    async def there() -> dict[str, int]:
        return {"number": 7}

    watch = _watch()
    assert await watch.expect("an alert is raised", there) == {"number": 7}
    assert (watch.seen, watch.missing) == (1, [])


def _phone(answers: list[httpx.Response], sent: Sent) -> Phone:
    transport = httpx.MockTransport(lambda _: answers.pop(0))
    client = httpx.AsyncClient(transport=transport)
    return Phone(client, "http://checkin", "token", "d-1", "R-21", ["p-1"], sent)


async def test_a_phone_sends_again_until_it_is_answered_and_counts_repeats() -> None:
    sent = Sent()
    phone = _phone([], sent)
    event = phone.event("ronda.shift.ended.v1", {"crew": "R-21"})
    accepted = {"results": [{"id": event["id"], "status": "accepted"}]}
    phone = _phone(
        [
            httpx.Response(503),
            httpx.Response(202, json=accepted),
            httpx.Response(202, json=accepted),
        ],
        sent,
    )
    await phone.send(event)
    await phone.send(event)
    assert sent.accepted == {event["id"]}
    assert (sent.repeats, sent.rejected, sent.unanswered) == (1, 0, 1)
    assert sent.events == 3


async def test_a_phone_that_is_never_answered_gives_up_and_says_so() -> None:
    sent = Sent()
    phone = _phone([httpx.Response(503)], sent)
    phone.give_up_s = -1
    with pytest.raises(NotAnsweredError, match="d-1"):
        await phone.send(phone.event("ronda.shift.ended.v1", {"crew": "R-21"}))
    assert (sent.accepted, sent.unanswered) == (set(), 1)


async def test_a_command_that_the_service_always_fails_is_given_up() -> None:
    def fails(request: httpx.Request) -> httpx.Response:
        reads = request.method == "GET"
        return httpx.Response(200, json={"version": 1}) if reads else httpx.Response(500)

    client = httpx.AsyncClient(transport=httpx.MockTransport(fails))
    account = Account(client, "http://alerts", "token", "Aiptu Laras", give_up_s=-1)
    with pytest.raises(NotAnsweredError, match="Aiptu Laras: acknowledge"):
        await account.command("alert-1", "acknowledge")


async def test_a_broker_that_does_not_come_back_is_a_missing_step() -> None:
    watch = _watch()
    async with Saboteur(_Alerts(), _BrokenBroker(), watch, lambda: True).without_the_broker():
        pass
    assert watch.missing == ["the broker is started again (no room)"]


async def test_a_broker_stays_away_until_a_phone_was_told_to_wait() -> None:
    ledger, told = Sent(), asyncio.Event()

    class Away(_BrokenBroker):
        async def start(self) -> None:
            assert ledger.refused == 1
            told.set()

    async def answer(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(202 if told.is_set() else 503, json={"results": []})

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    phone = Phone(client, "http://checkin", "token", "d-1", "R-21", [], ledger)
    saboteur = Saboteur(_Alerts(), Away(), _watch(), lambda: ledger.refused > 0)
    async with saboteur.without_the_broker():
        assert not told.is_set()
        await phone.send(phone.event("ronda.duress.raised.v1", {}))
    assert told.is_set()


class _Alerts:
    pid = None


class _BrokenBroker:
    async def kill(self) -> None:
        return None

    async def start(self) -> None:
        raise StackError("no room")


def test_a_folder_that_others_use_is_not_taken_for_a_demo(tmp_path: Path) -> None:
    (tmp_path / "ronda.env").touch()
    with pytest.raises(StackError, match="not of a demo"):
        claimed(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["ronda.env"]


def test_a_folder_that_is_empty_or_of_an_earlier_demo_is_taken(tmp_path: Path) -> None:
    claimed(tmp_path / "new")
    (tmp_path / "new" / "ronda.env").touch()
    claimed(tmp_path / "new")


def test_the_demo_forgets_every_server_that_the_environment_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[StackSettings] = []

    async def play(_: Console, settings: StackSettings, **__: bool) -> int:
        told.append(settings)
        return 0

    monkeypatch.setattr(demo_command, "play", play)
    names = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "ARCHIVE_SEAL_WEBHOOK_URL")
    live = {f"RONDA_{name}": "live:9092" for name in names}
    # A copy, because what is forgotten would be missed by the tests that come after.
    monkeypatch.setattr(os, "environ", os.environ.copy() | live)
    with pytest.raises(typer.Exit) as ended:
        demo_command.demo(exit_after=True)
    assert ended.value.exit_code == 0
    assert (told[0].kafka, told[0].database_url) == (None, None)
    assert not [name for name in os.environ if name.startswith("RONDA_")]


@pytest.mark.parametrize("hour", [0, 11, 16, 23])
def test_the_shortened_plan_has_one_visit_that_falls_due_soon(hour: int) -> None:
    now = datetime(2026, 11, 23, hour, 59, 50, tzinfo=UTC)
    example = plans.read(DEFAULT_PLAN)
    site = site_of_type(example, "ppk_office", "Soko")
    plan = shortened(example, site, now)
    today = (now + VISIT_IN).astimezone(plan.timezone).date()
    (visit,) = expand(plan, Situation(), today)
    assert visit.site == site.id
    assert timedelta(0) < visit.due_at - now <= VISIT_IN
    assert plan.version != example.version


def test_the_shortened_plan_tells_the_first_level_at_once_and_climbs_in_seconds() -> None:
    example = plans.read(DEFAULT_PLAN)
    plan = shortened(example, example.sites[0], datetime(2026, 11, 23, tzinfo=UTC))
    for policy in plan.policies:
        first, *others = policy.steps
        assert first.after_s == 0
        assert {step.after_s for step in others} <= {CLIMB_S}


async def test_what_was_missing_is_not_forgotten_when_the_demo_is_left_by_a_signal() -> None:
    async def missing_steps() -> int:
        left.set()
        await until_cancelled()
        return 1

    left = asyncio.Event()
    told = asyncio.create_task(missing_steps())
    await left.wait()
    told.cancel()
    assert await told == 1
