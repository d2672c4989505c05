"""*Lepas*: a take by mistake is given back, and the climb goes on as if nobody had taken it."""

from datetime import timedelta

import msgspec
import pytest

from services.alerts.domain.performance import Told, performance
from services.alerts.ports import Page, Progress
from shared.events.alert import Alert
from tests.builders import TELEGRAM, a_duress, a_principal, an_incident
from tests.unit.alerts.engine import Engine, problem, shown

SITI = a_principal("Ipda Siti")
BUDI = a_principal("Aiptu Budi", role="supervisor")
RANI = a_principal("Kompol Rani", role="commander")
REASON = "salah baris"


async def taken(engine: Engine, after_s: float = 4) -> Alert:
    """An alert that Siti took at its first level; the second would have been told after 10 s."""
    await engine.reported(an_incident())
    await engine.after(after_s)
    return shown(await engine.command("acknowledge", SITI))


async def release(engine: Engine, after_s: float = 3) -> Alert:
    engine.clock.advance(after_s)
    return shown(await engine.command("release", SITI, reason=REASON))


def about_it(engine: Engine) -> list[Page]:
    """What was sent, but for the hole in the chain that is an alert of its own."""
    return [page for page in engine.notifier.sent if page.alert.kind == "incident"]


async def test_the_climb_goes_on_from_where_it_was(engine: Engine) -> None:
    raised_at = engine.clock.now
    await taken(engine)

    alert = await release(engine)

    assert (alert.state, alert.owner, alert.acknowledged_at) == ("raised", None, None)
    assert (alert.level, alert.next_due_kind, alert.next_post) == (1, "climb", "Padal")
    assert alert.next_due_at == raised_at + timedelta(seconds=10)
    assert engine.types()[-1] == "alert.released"
    last = alert.timeline[-1]
    assert (last.what, last.by, last.note) == ("released", "Ipda Siti", REASON)


async def test_the_next_level_is_told_when_it_would_have_been_and_none_is_skipped(
    engine: Engine,
) -> None:
    await taken(engine)
    await release(engine)

    await engine.after(2.9)
    assert engine.store.alert().level == 1
    await engine.after(0.1)

    alert = engine.store.alert()
    assert (alert.level, alert.cycle) == (2, 2)
    assert engine.types()[-1] == "alert.escalated"


async def test_a_climb_that_would_have_gone_on_meanwhile_does_so_at_once(engine: Engine) -> None:
    await taken(engine)

    alert = await release(engine, after_s=60)
    assert alert.next_due_at == engine.clock.now
    await engine.tick()

    assert engine.store.alert().level == 2


async def test_the_last_level_is_told_again_when_it_would_have_been(engine: Engine) -> None:
    await engine.reported(an_incident())
    await engine.climbing(45)
    before = engine.store.alert()
    await engine.command("acknowledge", SITI)

    alert = await release(engine)

    assert (alert.level, alert.next_due_at) == (4, before.next_due_at)
    await engine.after(52)
    assert engine.store.alert().timeline[-1].what == "repeated"


async def test_before_the_first_level_its_delay_goes_on(engine: Engine) -> None:
    await engine.reported(an_incident("other"))
    before = engine.store.alert()
    await engine.command("acknowledge", SITI)

    alert = await release(engine)

    assert (alert.level, alert.next_due_at) == (0, before.next_due_at)
    await engine.after(897)
    assert engine.store.alert().level == 1


async def test_whoever_knows_of_it_is_not_told_twice(engine: Engine) -> None:
    await engine.reported(an_incident())
    await engine.deliver()
    await engine.command("acknowledge", SITI)
    pages = len(engine.store.pages())

    await release(engine)

    assert len(engine.store.pages()) == pages


async def test_whoever_was_no_longer_called_is_called_anew(engine: Engine) -> None:
    await engine.reported(an_incident())
    engine.notifier.error = "503"
    await engine.deliver()
    await engine.command("acknowledge", SITI)
    engine.notifier.error = None
    engine.clock.advance(2)
    await engine.deliver()
    assert about_it(engine) == [], "nobody goes on calling for what somebody has taken"

    await release(engine)
    await engine.deliver()

    sent = about_it(engine)
    assert {page.post for page in sent} == {"operator"}
    assert {page.channel for page in sent} == {TELEGRAM, "log"}
    assert {page.why for page in sent} == {"Dilepas oleh Ipda Siti"}


async def test_one_way_to_a_post_is_enough(engine: Engine) -> None:
    await engine.reported(an_incident())
    first = engine.store.pages()[0]
    engine.store.rows.pages[first.dedup].progress = Progress(1, accepted_at=engine.clock.now)
    await engine.command("acknowledge", SITI)
    pages = len(engine.store.pages())

    await release(engine)

    assert len(engine.store.pages()) == pages


async def test_it_may_be_taken_and_released_again(engine: Engine) -> None:
    await taken(engine)
    due_at = (await release(engine)).next_due_at

    shown(await engine.command("acknowledge", SITI))
    alert = await release(engine, after_s=1)

    assert (alert.cycle, alert.next_due_at) == (3, due_at)


async def test_somebody_else_may_take_it_then(engine: Engine) -> None:
    await taken(engine)
    await release(engine)

    alert = shown(await engine.command("acknowledge", BUDI))

    assert alert.owner is not None
    assert (alert.owner.name, alert.acknowledged_at) == ("Aiptu Budi", engine.clock.now)


async def test_it_is_too_late_after_a_minute(engine: Engine) -> None:
    before = await taken(engine)
    engine.clock.advance(60.1)

    answer = await engine.command("release", SITI, reason=REASON)

    assert (answer.status, problem(answer)["extra"]["code"]) == (422, "too_late")
    assert engine.store.alert() == before


async def test_only_whoever_took_it_gives_it_back(engine: Engine) -> None:
    before = await taken(engine)

    for other in (BUDI, RANI):
        answer = await engine.command("release", other, reason=REASON)
        assert (answer.status, problem(answer)["extra"]["name"]) == (403, "Ipda Siti")
    assert engine.store.alert() == before


@pytest.mark.parametrize("reason", [None, ""])
async def test_it_wants_a_reason(engine: Engine, reason: str | None) -> None:
    await taken(engine)

    answer = await engine.command("release", SITI, reason=reason)

    assert (answer.status, problem(answer)["extra"]["code"]) == (422, "lacking_reason")


async def test_a_report_that_joined_meanwhile_does_not_stop_it(engine: Engine) -> None:
    seen = await taken(engine)
    await engine.command("note", BUDI, note="masih ramai")

    answer = await engine.command("release", SITI, alert=seen, reason=REASON)

    assert shown(answer).state == "raised"


async def test_a_second_release_of_one_take_finds_nothing_to_give_back(engine: Engine) -> None:
    seen = await taken(engine)
    first = await engine.command("release", SITI, key="k", reason=REASON)

    assert await engine.command("release", SITI, alert=seen, key="k", reason=REASON) == first
    assert (await engine.command("release", SITI, key="other", reason=REASON)).status == 422
    assert engine.types().count("alert.released") == 1


async def test_what_somebody_was_sent_for_is_not_given_back(engine: Engine) -> None:
    await taken(engine)
    await engine.command("dispatch", SITI, crew="R-21")

    assert (await engine.command("release", SITI, reason=REASON)).status == 422


async def test_an_officers_emergency_can_be_given_back_too(engine: Engine) -> None:
    await engine.reported(a_duress())
    before = engine.store.alert()
    await engine.command("acknowledge", SITI)

    alert = await release(engine)

    assert (alert.kind, alert.level) == ("duress", before.level)
    assert alert.next_due_at == before.next_due_at


async def test_a_take_of_an_older_program_is_not_given_back(engine: Engine) -> None:
    alert = await taken(engine)
    older = msgspec.json.decode(msgspec.json.encode(alert))
    del older["interrupted"]
    engine.store.rows.alerts[alert.id] = msgspec.json.encode(older)

    answer = await engine.command("release", SITI, reason=REASON)

    assert problem(answer)["extra"]["code"] == "too_late"


async def test_a_take_that_was_given_back_was_not_in_time(engine: Engine) -> None:
    await taken(engine)
    alert = await release(engine)
    engine.clock.advance(600)

    assert _share_taken(engine, alert) == 0


async def test_an_earlier_take_that_expired_still_counts(engine: Engine) -> None:
    first = await taken(engine)
    await engine.after(300)
    shown(await engine.command("acknowledge", SITI))

    alert = await release(engine)

    assert alert.acknowledged_at == first.acknowledged_at
    assert _share_taken(engine, alert) == 1


def _share_taken(engine: Engine, alert: Alert) -> float | None:
    """The share of *sedang* that was taken within a minute."""
    told = msgspec.json.decode(msgspec.json.encode(alert), type=Told)
    figures = performance([told], alert.raised_at, engine.clock.now).figures
    return next(figure.value for figure in figures if figure.id == "taken_60s")
