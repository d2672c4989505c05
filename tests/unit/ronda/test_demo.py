"""The demo's parts: a watch that misses what is not there, a phone that keeps the unanswered."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from rich.console import Console

from ronda import plans
from ronda.demo.phone import Phone, Sent
from ronda.demo.plan import CLIMB_S, VISIT_IN, shortened, site_of_type
from ronda.demo.watch import Watch
from ronda.stack.settings import DEFAULT_PLAN
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
    assert (sent.repeats, sent.rejected) == (1, 0)


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
