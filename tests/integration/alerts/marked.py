"""A world in which every object of a unit carries the unit's mark: whoever sees a mark that is not
theirs has found a leak."""

from dataclasses import dataclass
from dataclasses import replace as with_values
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal

from aiokafka import ConsumerRecord
from msgspec.structs import replace

from services.alerts.adapters.store import PostgresStore
from services.alerts.domain.doubt import Doubt, doubt_of
from services.alerts.domain.welfare import asked
from services.alerts.ports import Duty, Page, Progress
from shared.events.alert import Alert, AlertRaised, Dispatch, Entry, Owner, Reason, Restriction
from shared.events.identity import derived_id
from shared.events.patrol import Fix
from shared.events.registry import encode
from shared.events.samples import samples
from shared.events.situation import SituationChange
from shared.events.task import Task
from shared.events.task_samples import DOUBT, GAP, VULNERABILITY
from shared.events.watch import Handover, JournalEntry
from shared.plan.model import Channel, Contact, Operation, Person, Plan, Post, Shift, Site, Unit
from shared.plan.situation import LiveOverride
from tests.builders import a_plan
from tests.contract.alert_rows import a_visit, an_alert

ROOT = "polda-x"
A, AB = f"{ROOT}/polres-a", f"{ROOT}/polres-ab"
UNITS = (ROOT, A, f"{A}/polsek-1", f"{A}/polsek-1/pos-7", AB, f"{AB}/polsek-1", "polda-y/polres-a")
"""`polres-a` begins `polres-ab`, and below both there is a `polsek-1`."""
SMS = "sms-gerbang"


@dataclass(frozen=True, slots=True)
class Marked:
    """What a unit has. Each of `secrets` stands in nothing that is another unit's."""

    unit: str
    mark: str
    alert: Alert
    closed: Alert
    accusation: Alert
    """For supervisors and commanders alone, and of the unit itself for nobody."""
    task: Task
    done: Task
    handover: Handover
    site: str
    visit: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """The mark, and the ids, which may not be known either."""
        ids = (self.alert.id, self.closed.id, self.task.id, self.done.id, self.handover.id)
        return (self.mark, *ids, self.visit, *self.accusing)

    @property
    def accusing(self) -> tuple[str, ...]:
        """What only those learn who may know of the accusation."""
        return (accused(self.mark), self.accusation.id)


def accused(mark: str) -> str:
    """The mark of what a unit is accused of."""
    return mark.replace("zq", "accused")


def an_accusation(of: Alert, mark: str) -> Alert:
    """An open alert of the same unit that only some may know of."""
    said = accused(mark)
    restricted = Restriction(
        roles=["supervisor", "commander"], hidden_from=[] if of.unit == ROOT else [of.unit]
    )
    return replace(
        an_alert(said, unit=of.unit, site=of.site, site_name=said),
        kind="incident",
        state="dispatched",
        severity="kritis",
        category="neutrality_breach",
        owner=replace(of.owner, name=said) if of.owner else None,
        reasons=[Reason(code="x", id=said, en=said)],
        dispatches=of.dispatches,
        timeline=[Entry(at=of.raised_at, what="note", by=said, note=said)],
        parts=[replace(of.parts[0], text=said)],
        reported_at=of.reported_at,
        received_at=of.received_at,
        # A month old and open: it stands in the list of what stands.
        raised_at=of.raised_at - timedelta(days=20),
        restricted=restricted,
    )


def marked(unit: str) -> Marked:
    """A unit's objects, as they are before anybody touches them."""
    mark = f"zq{UNITS.index(unit)}kx"
    site = f"site-{mark}"
    now = datetime.now(UTC)
    alert = replace(
        an_alert(mark, unit=unit, site=site, site_name=f"Lokasi {mark}"),
        state="acknowledged",
        policy=f"policy-{mark}",
        post=f"Post {mark}",
        next_post=f"Post {mark}",
        owner=Owner(actor=f"u-{mark}", name=f"Ipda {mark}", role="operator", at=now),
        reasons=[Reason(code="x", id=mark, en=mark)],
        dispatches=[Dispatch(crew=f"R-{mark}", at=now, by=mark)],
        timeline=[Entry(at=now, what="note", by=mark, note=mark)],
        undelivered=[f"post-{mark}"],
        reported_at=now,
        received_at=now,
        raised_at=now,
        updated_at=now,
    )
    alert = replace(alert, parts=[replace(alert.parts[0], site=site, text=mark, actor=f"p-{mark}")])
    closed = replace(
        an_alert(f"{mark} closed", unit=unit, site=site, site_name=f"Lokasi {mark}"),
        state="closed",
        closed_at=now,
        reasons=[Reason(code="x", id=mark, en=mark)],
    )
    task = replace(
        VULNERABILITY,
        id=derived_id(now, mark, "task"),
        unit=unit,
        site=site,
        site_name=f"Lokasi {mark}",
        text=mark,
        owner=f"post-{mark}",
        owner_name=f"Ipda {mark}",
        reported_by=f"p-{mark}",
    )
    accusation = an_accusation(alert, mark)
    outgoing = Owner(actor=f"u-{mark}", name=f"Ipda {mark}", role="operator", at=now)
    return Marked(
        unit=unit,
        mark=mark,
        alert=alert,
        closed=closed,
        accusation=accusation,
        task=task,
        done=replace(task, id=derived_id(now, mark, "done"), state="done", next_due_at=None),
        handover=Handover(
            id=derived_id(now, mark, "handover"),
            unit=unit,
            outgoing=outgoing,
            attention=mark,
            open=[alert.id, accusation.id],
        ),
        site=site,
        visit=derived_id(now, mark, "visit"),
    )


async def keep_marked(store: PostgresStore, each: Marked) -> None:
    """Puts a unit's objects into the database."""
    now, mark = datetime.now(UTC), each.mark
    pending = a_visit(mark, due_at=now, site=each.site)
    visit = replace(pending.visit, id=each.visit, unit=each.unit, site_name=mark, crew=f"R-{mark}")
    page = Page(
        dedup=f"{mark}:1",
        alert=each.alert,
        cycle=1,
        level=1,
        post=f"post-{mark}",
        recipient=f"Ipda {mark}",
        channel=SMS,
        address=f"+62-{mark}",
        why=mark,
        due_at=now,
        call=mark,
    )
    accusing = an_accusing_page(page, each)
    async with store.transaction() as transaction:
        for alert in (each.alert, each.closed, each.accusation):
            await transaction.save_alert(alert)
        for task in (each.task, each.done):
            await transaction.save_task(task)
        await transaction.add_visits([type(pending)(visit=visit, next_check_at=None)])
        crew = Duty(crew=f"R-{mark}", unit=each.unit, since=now, members=(f"p-{mark}",))
        await transaction.save_duty(crew)
        await transaction.move(crew.crew, Fix(lat=-6.9, lon=112.1), now)
        await transaction.ask(asked(crew, "operator", now, by=f"Ipda {mark}", text=mark))
        await transaction.seen(each.site, now, f"aman {mark}")
        entry = JournalEntry(
            id=derived_id(now, mark, "journal"),
            at=now,
            by=each.handover.outgoing,
            kind="note",
            text=mark,
            site=each.site,
        )
        await transaction.note(each.unit, entry)
        await transaction.save_handover(each.handover)
        await transaction.page(page)
        await transaction.page(accusing)
        await transaction.keep_doubts([a_doubt(each, now)])
        gap = replace(GAP, state="open", device=f"d-{mark}", actor=f"p-{mark}", unit=each.unit)
        await transaction.save_gap(gap)
    async with store.transaction() as transaction:
        await transaction.settle_page(page.dedup, 0, Progress(1, now, error=mark))
        await transaction.settle_page(accusing.dedup, 0, Progress(1, now, error="x"))


def a_doubt(each: Marked, now: datetime) -> Doubt:
    """What is to be looked at again of a unit's site."""
    said = replace(
        DOUBT,
        id=derived_id(now, each.mark, "doubt"),
        device=f"d-{each.mark}",
        devices=[f"d-{each.mark}"],
        site=each.site,
        unit=each.unit,
        reasons=[Reason(code="x", id=each.mark, en=each.mark)],
    )
    return doubt_of(said, None, now)


def an_accusing_page(page: Page, each: Marked) -> Page:
    """A page about the accusation instead."""
    said = accused(each.mark)
    return with_values(
        page, dedup=f"{said}:1", call=said, alert=each.accusation, recipient=said, why=said
    )


def a_marked_plan(world: list[Marked]) -> Plan:
    """A plan with sites, posts, people, crews and contacts of every unit."""
    at = time(0, 0)
    return a_plan(
        operation=Operation(id="uji", name="Uji", timezone="Asia/Jakarta", unit=ROOT),
        units=[Unit(path=each.unit, name=f"Satuan {each.mark}") for each in world],
        sites=[
            Site(
                id=each.site,
                name=f"Lokasi {each.mark}",
                type="warehouse",
                risk_class="rawan",
                unit=each.unit,
                lat=-6.9,
                lon=112.0,
                radius_m=100,
                district=each.mark,
            )
            for each in world
        ],
        people=[
            Person(
                id=f"p-{each.mark}",
                name=f"Ipda {each.mark}",
                rank="Ipda",
                unit=each.unit,
                role="officer",
            )
            for each in world
        ],
        posts=[
            Post(
                id=f"{kind}-{each.mark}",
                kind=kind,
                name=f"Post {each.mark}",
                unit=each.unit,
                contacts=[Contact(channel="log", address=each.mark)],
            )
            for each in world
            for kind in ("operator", "padal")
        ],
        shifts=[
            Shift(
                id=f"s-{each.mark}",
                crew=f"R-{each.mark}",
                unit=each.unit,
                members=[f"p-{each.mark}"],
                starts=at,
                ends=time(12, 0),
                sites=[each.site],
            )
            for each in world
        ],
        channels=[Channel(id="log", kind="log")],
    )


def marked_overrides(world: list[Marked]) -> list[LiveOverride]:
    """For each unit a site's other class and somebody who stands in."""
    now = datetime.now(UTC)
    return [
        LiveOverride(now, change)
        for each in world
        for change in (
            _override("site_class", each.site, each.mark),
            _override("stand_in", f"p-{each.mark}", each.mark),
        )
    ]


def _override(what: Literal["site_class", "stand_in"], of: str, mark: str) -> SituationChange:
    return SituationChange(what=what, by=mark, reason=mark, of=of, value="x")


def a_stream_record(offset: int, unit: str, alert: Alert) -> Any:
    """A record of `ronda.alert` that tells of an alert of a unit."""
    event = replace(_RAISED, id=alert.id, unit=unit, data=alert)
    return ConsumerRecord(
        topic="ronda.alert",
        partition=0,
        offset=offset,
        timestamp=0,
        timestamp_type=1,
        key=b"",
        value=encode(event),
        checksum=None,
        serialized_key_size=0,
        serialized_value_size=0,
        headers=(),
    )


_RAISED = next(each for each in samples().values() if isinstance(each, AlertRaised))
