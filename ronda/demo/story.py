"""The night, scene by scene. What is told was done; what is ticked was seen in the services."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any, get_args

import httpx

from ronda.demo.asking import answered
from ronda.demo.night import Night
from ronda.demo.phone import Phone
from shared.clock import system_clock
from shared.events.alert import Severity
from shared.plan.model import Site

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
UNTAKEN = "climb"


async def evening(night: Night) -> None:
    """Crews sign on; KPU, Bawaslu and the warehouse are visited; a weak point is found."""
    watch = night.watch
    watch.scene("Evening round: patroli dialogis")
    for phone in (night.crew, night.distant_crew):
        await phone.send(
            phone.event("ronda.shift.started.v1", {"crew": phone.crew, "members": phone.members})
        )
        watch.tell(f"{phone.crew} goes on duty with {len(phone.members)}")
    for site in (night.kpu, night.bawaslu):
        await _visit(night, site)
    await _warehouse_visit(night)


async def _visit(night: Night, site: Site) -> None:
    checkin = night.crew.event(
        "ronda.visit.checked_in.v1", _check_in(night.crew, site), site=site.id
    )
    checkout = night.crew.event(
        "ronda.visit.checked_out.v1",
        {
            "checkin": checkin["id"],
            "situation": "aman",
            "crew": night.crew.crew,
            "dwell_s": 420,
            "guards_met": 4,
            "guards_expected": 4,
            "dialogue": "Penjaga melaporkan situasi terkendali",
            "advice_given": True,
        },
        site=site.id,
    )
    await night.crew.send(checkin, checkout)
    night.watch.tell(f"{night.crew.crew} checks in at {site.name}, talks with the guards, leaves")
    await night.watch.expect(
        f"the visit to {site.name} is in the archive", lambda: night.archived(checkout["id"])
    )


async def _warehouse_visit(night: Night) -> None:
    site, phone = night.warehouse, night.crew
    checkin = phone.event("ronda.visit.checked_in.v1", _check_in(phone, site), site=site.id)
    weakness = phone.event(
        "ronda.vulnerability.reported.v1",
        {
            "kind": "cctv_blind",
            "text": "CCTV tembok belakang mati",
            "owner": "KPU",
            "due_at": (system_clock() + timedelta(hours=24)).isoformat(),
            "checkin": checkin["id"],
        },
        site=site.id,
    )
    await phone.send(checkin, weakness)
    night.watch.tell(f"at {site.name}: locks 3/3, CCTV 7/8, the rear wall is blind")
    await night.watch.expect(
        "the vulnerability is in the archive", lambda: night.archived(weakness["id"])
    )


async def resent(night: Night) -> None:
    """What a phone sent while the broker was away was refused, and came later."""

    async def told_to_wait() -> bool:
        return was_refused(night)

    await night.watch.expect(
        "phones that sent while the broker was away were told to wait, and sent again",
        told_to_wait,
    )


async def silence(night: Night) -> None:
    """A visit does not happen; later a phone that was offline proves that it did."""
    watch, site, phone = night.watch, night.far, night.distant_crew
    watch.scene(f"Absence: nobody has been seen at {site.name}")
    checkin = phone.event("ronda.visit.checked_in.v1", _check_in(phone, site), site=site.id)
    watch.tell(f"{phone.crew} is there, but has no network: the check-in stays on the phone")
    alert = await watch.expect(
        "the missed visit raises an alert by itself",
        lambda: night.alert_at(site, "visit_missed"),
        within=45,
    )
    answers = await phone.send(checkin, checkin)
    watch.tell(f"the network is back: {len(answers)} events arrive, one of them twice")
    await watch.expect("the late scan heals the miss", lambda: _visit_in(night, "recovered"))
    if alert:
        await watch.expect(
            "and closes its alert", lambda: _alert_in(night, alert["id"], state="closed")
        )


async def spoof(night: Night) -> None:
    """A check-in from 41 km away, with the phone's mock-location mark."""
    night.watch.scene("A spoofed check-in")
    lie = _check_in(night.distant_crew, night.kpu)
    lie["position"] = {
        "lat": night.kpu.lat - 0.37,
        "lon": night.kpu.lon,
        "accuracy_m": 5,
        "mock": True,
    }
    event = night.distant_crew.event("ronda.visit.checked_in.v1", lie, site=night.kpu.id)
    await night.distant_crew.send(event)
    night.watch.tell("accepted, because nothing is dropped, and flagged, because it shows")

    async def flagged() -> bool:
        row = await night.archived(event["id"])
        flags = (row or {}).get("event", {}).get("flags", "")
        return {"mock_location", "outside_geofence"} <= set(flags.split(","))

    await night.watch.expect("it is kept with mock_location and outside_geofence", flagged)


async def motorbike(night: Night) -> str | None:
    """Two men on a motorbike: reported, made severer, nobody takes it, it climbs, a name."""
    watch, site = night.watch, night.warehouse
    watch.scene(f"21.12 {site.name}: two men on a motorbike, third lap")
    await _report(night, "suspicious_person", "Dua orang bermotor berhenti di tembok belakang")
    alert = await watch.expect("an alert is raised", lambda: night.alert_at(site))
    if not alert:
        return None
    reason = await watch.expect(
        "severer than its category, because the rear CCTV is blind",
        lambda: _made_severer(night, alert["id"], by="vulnerability"),
    )
    if reason:
        watch.tell(f"its reason: {reason['id']} / {reason['en']}")
    watch.tell("level 1 is told; nobody takes it")
    level = alert["level"]
    await watch.expect(
        "it climbs to the next level",
        lambda: _alert_above(night, alert["id"], level),
        within=watch.patience_s + 5,
    )
    await _two_take_it(night, alert["id"])
    return str(alert["id"])


async def _two_take_it(night: Night, alert: str) -> None:
    answers = await asyncio.gather(
        night.operator.command(alert, "acknowledge"),
        night.second_operator.command(alert, "acknowledge"),
    )
    codes = sorted(answer.status_code for answer in answers)
    loser = next((a for a in answers if a.status_code == httpx.codes.CONFLICT), None)
    winner = loser.json()["extra"]["name"] if loser is not None else "?"
    night.watch.tell(f"two operators press A at once: {codes}, the loser reads «{winner}»")
    await night.watch.expect(
        "the alert has one owner, with a name",
        lambda: _owned(night, alert, winner),
    )


async def backup(night: Night, alert: str) -> None:
    """Backup is sent, and answers from its own phone."""
    watch, phone = night.watch, night.crew
    watch.scene(f"Backup: {phone.crew} is sent")
    answer = await night.operator.command(alert, "dispatch", crew=phone.crew)
    watch.tell(f"the operator sends {phone.crew} ({answer.status_code})")
    for verb, field in (
        ("accepted", "accepted_at"),
        ("en_route", "en_route_at"),
        ("arrived", "arrived_at"),
    ):
        event = {"alert": alert, "crew": phone.crew}
        await phone.send(phone.event(f"ronda.dispatch.{verb}.v1", event, site=night.warehouse.id))
        await watch.expect(
            f"{phone.crew} {verb.replace('_', ' ')}, from its own phone",
            partial(_dispatched, night, alert, field),
        )


async def parcel(night: Night, alert: str) -> None:
    """A parcel over the wall: the alert rises to kritis and a new cycle pages higher."""
    watch = night.watch
    watch.scene("21.16 a parcel is thrown over the wall")
    before = await answered(
        "the alert as it was", lambda: night.operator.alert(alert), within=watch.patience_s
    )
    await _report(night, "suspicious_object", "Bungkusan plastik dilempar melewati tembok")
    await watch.expect("the second report joins the first", lambda: _with_parts(night, alert, 2))
    await watch.expect(
        "the alert is kritis now", lambda: _alert_in(night, alert, severity="kritis")
    )
    await watch.expect(
        "a new cycle pages above the highest level so far",
        lambda: _in_later_cycle(night, alert, before),
    )
    answer = await night.commander.command(alert, "acknowledge")
    watch.tell(f"{night.commander.name} takes it ({answer.status_code})")
    await watch.expect(
        "it has the commander's name", lambda: _owned(night, alert, night.commander.name)
    )


async def closing(night: Night, alert: str) -> None:
    """Resolved by one, closed by two."""
    watch = night.watch
    watch.scene("23.35 the parcel is harmless: resolve, and close with two persons")
    await night.operator.command(alert, "resolve", outcome="referred_reskrim", note="LP Model A")
    await watch.expect("the alert is resolved", lambda: _alert_in(night, alert, state="resolved"))
    first = await night.operator.command(alert, "close", outcome="referred_reskrim")
    watch.tell(f"{night.operator.name} proposes to close: {first.status_code} awaiting a second")
    await watch.expect("one person alone does not close it", lambda: _proposed(night, alert))
    second = await night.commander.command(alert, "close", outcome="referred_reskrim")
    watch.tell(f"{night.commander.name} agrees: {second.status_code}")
    await watch.expect("two persons do", lambda: _alert_in(night, alert, state="closed"))


def _check_in(phone: Phone, site: Site) -> dict[str, Any]:
    return {
        "method": "gps",
        "crew": phone.crew,
        "people": 2,
        "position": {"lat": site.lat, "lon": site.lon, "accuracy_m": 18},
    }


async def _report(night: Night, category: str, text: str) -> None:
    site = night.warehouse
    report = {
        "category": category,
        "text": text,
        "position": {"lat": site.lat, "lon": site.lon, "accuracy_m": 12},
    }
    await night.guard.send(night.guard.event("ronda.incident.reported.v1", report, site=site.id))
    night.watch.tell(f"the guard reports {category}: {text}")


async def _alert_in(night: Night, alert: str, **fields: str) -> dict[str, Any] | None:
    found = await night.operator.alert(alert)
    return found if all(found[name] == value for name, value in fields.items()) else None


async def _alert_above(night: Night, alert: str, level: int) -> bool:
    return bool((await night.operator.alert(alert))["level"] > level)


async def _in_later_cycle(night: Night, alert: str, before: dict[str, Any]) -> bool:
    found = await night.operator.alert(alert)
    return bool(
        found["cycle"] > before["cycle"]
        and found["level"] > before["level"]
        and found["next_due_kind"] == UNTAKEN
    )


async def _with_parts(night: Night, alert: str, count: int) -> bool:
    return len((await night.operator.alert(alert))["parts"]) >= count


async def _made_severer(night: Night, alert: str, *, by: str) -> dict[str, Any] | None:
    """The reason of that code, of an alert that is severer than its category alone."""
    found = await night.operator.alert(alert)
    alone = night.plan.category_by_id[found["category"]].severity
    if SEVERITIES.index(found["severity"]) <= SEVERITIES.index(alone):
        return None
    return next((reason for reason in found["reasons"] if reason["code"] == by), None)


async def _owned(night: Night, alert: str, name: str) -> bool:
    return bool(((await night.operator.alert(alert))["owner"] or {}).get("name") == name)


async def _dispatched(night: Night, alert: str, field: str) -> bool:
    rows = (await night.operator.alert(alert))["dispatches"]
    return bool(rows and rows[-1].get(field))


async def _proposed(night: Night, alert: str) -> bool:
    found = await night.operator.alert(alert)
    return bool(found["closing"]) and found["state"] == "resolved"


async def _visit_in(night: Night, state: str) -> bool:
    visits = (await night.operator.get("/v1/visits"))["items"]
    return any(visit["site"] == night.far.id and visit["state"] == state for visit in visits)


async def plan_is(night: Night, version: str) -> bool:
    """Whether alerts follows this version of the plan."""
    return bool((await night.operator.get("/v1/situation"))["plan_version"] == version)


def was_refused(night: Night) -> bool:
    """Whether a phone was told to wait, and to send again."""
    return night.sent.refused > 0
