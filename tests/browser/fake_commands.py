"""What the fake's alerts become by commands."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from services.alerts.adapters.http.alerts import AwaitingSecond
from shared.events.alert import Alert, Closing, Dispatch, Entry, Interrupted, Link, Owner
from tests.browser import samples

if TYPE_CHECKING:
    from tests.browser.fake_alerts import FakeAlerts

_STATES: dict[str, Any] = {
    "acknowledge": "acknowledged",
    "dispatch": "dispatched",
    "arrive": "arrived",
    "resolve": "resolved",
    "close": "closed",
    "reopen": "raised",
    "release": "raised",
}


def decided(
    fake: "FakeAlerts", person: dict[str, str], alert_id: str, verb: str, body: dict[str, Any]
) -> tuple[int, Any]:
    """The status and the body of the answer to a command."""
    alert = fake.alerts[alert_id]
    if verb in {"note", "call"}:
        what = "note" if verb == "note" else "operator_called"
        entry = Entry(at=fake.now(), what=what, by=person["name"], note=body.get("note"))
        return 200, fake.change(alert, timeline=[*alert.timeline, entry])
    if body["version"] != alert.version:
        return 409, _lost(alert)
    if verb in {"merge", "split", "undo"}:
        return regrouped(fake, alert, verb, body, person["name"])
    if verb == "close" and alert.severity == "kritis" and alert.closing is None:
        closing = Closing(
            actor=person["actor"],
            name=person["name"],
            at=fake.now(),
            lapses_at=fake.now() + samples.seconds(1800),
            outcome=body["outcome"],
        )
        newer = fake.change(alert, "close_proposed", closing=closing)
        return 202, AwaitingSecond(status="awaiting_second", alert=newer)
    return 200, fake.change(alert, verb, **_after(fake, alert, person, verb, body))


def _after(
    fake: "FakeAlerts", alert: Alert, person: dict[str, str], verb: str, body: dict[str, Any]
) -> dict[str, Any]:
    now = fake.now()
    changes: dict[str, Any] = {
        "state": _STATES[verb],
        "timeline": [
            *alert.timeline,
            Entry(at=now, what=_STATES[verb], by=person["name"], note=body.get("note")),
        ],
    }
    if verb == "acknowledge":
        changes["owner"] = Owner(
            actor=person["actor"], name=person["name"], role=person["role"], at=now
        )
        changes |= {"next_due_kind": "ack_expiry", "next_due_at": now + samples.seconds(480)}
        changes["interrupted"] = _interrupted(alert, now)
    if verb == "release" and alert.interrupted is not None:
        changes |= {"next_due_kind": "climb", "next_due_at": alert.interrupted.due_at}
        changes |= {"owner": None, "interrupted": None}
        line = Entry(at=now, what="released", by=person["name"], note=body["reason"])
        changes["timeline"] = [*alert.timeline, line]
    if verb == "dispatch":
        sent = Dispatch(crew=body["crew"], at=now, by=person["name"])
        changes["dispatches"] = [*alert.dispatches, sent]
    if verb == "arrive":
        changes["dispatches"] = [
            msgspec.structs.replace(sent, arrived_at=now) if sent.crew == body["crew"] else sent
            for sent in alert.dispatches
        ]
    if verb == "resolve":
        changes |= {"outcome": body["outcome"], "next_due_at": None, "next_due_kind": None}
    return changes


def _interrupted(alert: Alert, now: datetime) -> Interrupted:
    return Interrupted(due_at=alert.next_due_at or now, until=now + samples.seconds(60))


def _lost(alert: Alert) -> dict[str, Any]:
    owner = alert.owner
    extra = {"code": "lost_race", "id": "Ada yang lebih cepat"}
    if owner is not None:
        extra |= {"name": owner.name, "role": owner.role, "at": owner.at.isoformat()}
    return {"status": 409, "title": "Conflict", "detail": "somebody was faster", "extra": extra}


def regrouped(
    fake: "FakeAlerts", alert: Alert, verb: str, body: dict[str, Any], name: str
) -> tuple[int, Any]:
    """What merge, split and undo make of an alert."""
    now = fake.now()
    entry = Entry(
        at=now, what={"merge": "merged", "split": "split", "undo": "unmerged"}[verb], by=name
    )
    timeline = [*alert.timeline, entry]
    if verb == "merge":
        other = fake.alerts[body["other"]]
        fake.change(other, "closed", state="closed", outcome="duplicate")
        link = _link("absorbed", other, name, now)
        parts = [*alert.parts, *other.parts]
        return 200, fake.change(alert, parts=parts, links=[*alert.links, link], timeline=timeline)
    if verb == "split":
        taken = [part for part in alert.parts if part.event in body["parts"]]
        kept = [part for part in alert.parts if part.event not in body["parts"]]
        fresh = samples.an_alert(now, 1900 + len(fake.alerts), parts=taken)
        fake.put(fresh, "raised")
        link = _link("split_off", fresh, name, now)
        return 200, fake.change(alert, parts=kept, links=[*alert.links, link], timeline=timeline)
    *links, last = alert.links
    other = fake.alerts[last.alert]
    if last.kind == "split_off":
        fake.change(other, "closed", state="closed")
        parts = [*alert.parts, *other.parts]
    else:
        fake.change(other, "reopened", state="raised", outcome=None)
        parts = [part for part in alert.parts if part.event not in last.parts]
    return 200, fake.change(alert, parts=parts, links=links, timeline=timeline)


def _link(kind: Any, other: Alert, name: str, now: datetime) -> Link:
    events = [part.event for part in other.parts]
    return Link(kind=kind, alert=other.id, number=other.number, at=now, by=name, parts=events)
