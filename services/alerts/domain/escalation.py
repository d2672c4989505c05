"""The chain: an alert climbs, level by level, until a person takes it.

Step i of a policy is level i + 1. An acknowledgement ends a cycle; its expiry, a rise in severity
and a reopening start the next, one level above the highest notified. The last step repeats.
Whoever took it by mistake may release it for a while: the next cycle goes on where this one was.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from msgspec.structs import replace as with_fields

from services.alerts.domain.chain import Chain, chain_for
from services.alerts.domain.decision import Change, Decision, Gap, decided, without
from services.alerts.domain.paging import Call, Recipient, names, of_people, posts_held_by
from shared.events.alert import (
    Alert,
    AlertAckExpired,
    AlertCloseLapsed,
    AlertEscalated,
    AlertUpdated,
    Entry,
    Interrupted,
    Reason,
)
from shared.plan.model import Plan

TERMINAL = frozenset({"resolved", "closed"})
RELEASE_WITHIN = timedelta(seconds=60)


def is_climbing(alert: Alert) -> bool:
    """Whether nobody holds the alert: it waits for a person."""
    return alert.next_due_kind == "climb"


def started(change: Change, chain: Chain, now: datetime) -> Change:
    """The first cycle: the first level, at once or after its delay, or several levels at once."""
    policy = chain.policy
    delay = policy.steps[0].after_s
    if policy.start_level == 1 and delay > 0:
        return change.to(
            policy=policy.id,
            next_due_at=now + timedelta(seconds=delay),
            next_due_kind="climb",
            next_post=names(chain.people(chain.reachable(1) or 0)),
        )
    wanted = min(policy.start_level, chain.last)
    why = Reason(
        code="raised",
        id=f"Peringatan baru, tingkat {wanted}",
        en=f"New alert, level {wanted}",
    )
    return _told(change, chain, wanted, now, why)


def cycled(change: Change, chain: Chain, now: datetime, why: Reason) -> Change:
    """The next cycle: one level above the highest notified, the owner kept."""
    alert = change.alert
    wanted = min(max(alert.level + 1, chain.policy.start_level), chain.last)
    state = "raised" if alert.state in {"acknowledged", *TERMINAL} else alert.state
    fresh = change.to(cycle=alert.cycle + 1, state=state)
    return _entered(_told(fresh, chain, wanted, now, why), "escalated", now)


def interrupted(alert: Alert, now: datetime) -> Interrupted:
    """What a take of a climbing alert breaks off, and until when that can be undone."""
    return Interrupted(due_at=alert.next_due_at or now, until=now + RELEASE_WITHIN)


def resumed(change: Change, chain: Chain, now: datetime) -> Change:
    """The climb goes on when it would have, had nobody taken the alert; at once where that has
    passed. It is the next cycle, for the present one ended with the take."""
    alert = change.alert
    broken_off = alert.interrupted
    return change.to(
        cycle=alert.cycle + 1,
        state="raised",
        owner=None,
        interrupted=None,
        next_due_at=max(broken_off.due_at, now) if broken_off else now,
        next_due_kind="climb",
        next_post=names(chain.people(chain.reachable(alert.level + 1) or 0)),
    )


def due(alert: Alert, plan: Plan | None, now: datetime) -> Decision | None:
    """What the alert's own deadline brings; None when it has not come or there is none."""
    if alert.next_due_at is None or alert.next_due_at > now:
        return None
    if alert.next_due_kind == "close_lapse":
        return lapsed(alert, now)
    chain = chain_for(plan, alert, now)
    if alert.next_due_kind == "ack_expiry":
        return _expired(alert, chain, now)
    return _climbed(alert, chain, now)


def hastened(decision: Decision, level: int, plan: Plan | None, now: datetime) -> Decision:
    """What a failed call leads to: where nobody of the present level could be told at all, the next
    level is told at once, and the step is a hole in the chain like an empty one."""
    alert = decision.alert
    chain = chain_for(plan, alert, now)
    posts = {each.post for each in chain.people(level)}
    if not is_climbing(alert) or level != alert.level or not posts or posts - {*alert.undelivered}:
        return decision
    gap = Gap(chain.policy.id, level, tuple(chain.policy.steps[level - 1].names))
    if level >= chain.last or alert.next_due_at is None:
        return replace(decision, gaps=(*decision.gaps, gap))
    entry = Entry(at=now, what="unreachable_step", note=alert.post, cycle=alert.cycle, level=level)
    hurried = with_fields(
        alert, next_due_at=min(alert.next_due_at, now), timeline=[*alert.timeline, entry]
    )
    return replace(decision, alert=hurried, gaps=(*decision.gaps, gap))


def lapsed(alert: Alert, now: datetime) -> Decision:
    """The second person did not come in time; the alert stays resolved, and open."""
    why = Reason(
        code="close_lapsed",
        id="Usul penutupan gugur: orang kedua tidak menyetujui pada waktunya",
        en="The proposal to close lapsed: no second person agreed in time",
    )
    change = Change(alert).because(why).to(closing=None, next_due_at=None, next_due_kind=None)
    return decided(change.entered(Entry(at=now, what="close_lapsed")), AlertCloseLapsed, now)


def _climbed(alert: Alert, chain: Chain, now: datetime) -> Decision:
    why = Reason(
        code="nobody_took_it",
        id=f"Belum ada yang mengambil setelah tingkat {alert.level}",
        en=f"Nobody has taken it after level {alert.level}",
    )
    change = _told(Change(alert), chain, alert.level + 1, now, why)
    if change.alert.level > alert.level:
        return decided(_entered(change, "escalated", now), AlertEscalated, now)
    return decided(_entered(change, "repeated", now), AlertUpdated, now)


def _expired(alert: Alert, chain: Chain, now: datetime) -> Decision:
    holder = alert.owner.name if alert.owner else "?"
    why = Reason(
        code="ack_expired",
        id=f"Tidak ada kemajuan sejak diambil {holder}",
        en=f"No progress since {holder} took it",
    )
    entry = Entry(at=now, what="ack_expired", by=holder, cycle=alert.cycle, level=alert.level)
    change = cycled(Change(alert).entered(entry), chain, now, why)
    told = {each.way for call in change.calls for each in call.recipients}
    others = tuple(each for each in _holders(alert, chain) if each.way not in told)
    return decided(
        change.calling(Call(max(alert.level, 1), others, why, mark="expired")), AlertAckExpired, now
    )


def _holders(alert: Alert, chain: Chain) -> tuple[Recipient, ...]:
    """Who is told that the acknowledgement expired: the owner, by contacts of their own and by the
    posts that they hold, each way once; else the level."""
    if chain.plan is None or alert.owner is None:
        return chain.people(alert.level)
    actor = alert.owner.actor
    own = of_people(chain.plan, [actor], alert.purpose)
    posts = posts_held_by(chain.plan, actor, alert.purpose)
    return tuple({each.way: each for each in (*posts, *own)}.values()) or chain.people(alert.level)


def _told(change: Change, chain: Chain, wanted: int, now: datetime, why: Reason) -> Change:
    """Tells the first level from `wanted` up that reaches somebody; arms the next deadline."""
    found = chain.reachable(wanted)
    change = change.because(why)
    if found is None:
        return _unheard(change, chain, now)
    change = _skipping(change, chain, wanted, found, now)
    return _armed(_calling(change, chain, wanted, found, why), chain, wanted, found, now)


def _calling(change: Change, chain: Chain, wanted: int, found: int, why: Reason) -> Change:
    """Levels between the highest notified and the new one get a copy; a repeat is marked."""
    alert = change.alert
    if found < wanted and found <= alert.level:
        mark = f"r{alert.version + 1}"
        return change.calling(Call(found, chain.people(found), why, mark))
    copies = [
        Call(level, chain.people(level), _copy(found)) for level in range(alert.level + 1, found)
    ]
    return change.calling(Call(found, chain.people(found), why), *copies)


def _entered(change: Change, what: str, now: datetime) -> Change:
    """The line of the story, unless nobody was told; that has a line of its own."""
    if not change.calls:
        return change
    return change.entered(
        Entry(at=now, what=what, cycle=change.alert.cycle, level=change.alert.level)
    )


def _copy(level: int) -> Reason:
    return Reason(
        code="copy",
        id=f"Tembusan: langsung ke tingkat {level}",
        en=f"Copy: it went straight to level {level}",
    )


def _armed(change: Change, chain: Chain, wanted: int, found: int, now: datetime) -> Change:
    if found >= wanted:
        level, pause = found, chain.after(found)
    else:
        level, pause = max(change.alert.level, found), chain.after(chain.last)
    coming = chain.reachable(level + 1)
    return change.to(
        policy=chain.policy.id,
        level=level,
        post=names(chain.people(found)),
        reasons=without(change.alert.reasons, "nobody_reachable"),
        next_due_at=now + pause,
        next_due_kind="climb",
        next_post=names(chain.people(coming or 0)),
    )


def _unheard(change: Change, chain: Chain, now: datetime) -> Change:
    """Nobody at all is reached: it is said aloud, and tried again."""
    why = Reason(
        code="nobody_reachable",
        id="Tidak ada satu pun yang dapat dihubungi menurut rencana",
        en="The plan reaches nobody at all",
    )
    alert = change.alert
    entry = Entry(at=now, what="nobody_reachable", cycle=alert.cycle, level=alert.level)
    if not any(reason.code == why.code for reason in alert.reasons):
        change = change.lacking(Gap(chain.policy.id, None, ()))
    return (
        change.noting(why)
        .entered(entry)
        .to(
            policy=chain.policy.id,
            next_due_at=now + timedelta(seconds=chain.policy.repeat_s),
            next_due_kind="climb",
            next_post=None,
        )
    )


def _skipping(change: Change, chain: Chain, wanted: int, found: int, now: datetime) -> Change:
    """Steps without anybody are passed over at once, and never silently."""
    stop = found if found >= wanted else chain.last + 1
    for level in range(wanted, stop):
        told = chain.policy.steps[level - 1].names
        entry = Entry(
            at=now,
            what="empty_step",
            note=", ".join(told),
            cycle=change.alert.cycle,
            level=level,
        )
        if not _was_noted(change.alert, entry):
            change = change.entered(entry).noting(_empty(level))
            change = change.lacking(Gap(chain.policy.id, level, tuple(told)))
    return change


def _empty(level: int) -> Reason:
    return Reason(
        code="empty_step",
        id=f"Tingkat {level} dilewati: tidak ada yang dapat dihubungi",
        en=f"Level {level} was skipped: it reaches nobody",
    )


def _was_noted(alert: Alert, entry: Entry) -> bool:
    line = (entry.what, entry.cycle, entry.level)
    return any((known.what, known.cycle, known.level) == line for known in alert.timeline)
