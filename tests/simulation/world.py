"""Everything around the engine: phones, topics, sites, people, a provider that fails."""

import random
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from msgspec.structs import replace

from services.alerts.ports import Incoming
from shared.events.envelope import Event
from shared.events.incident import BackupRequest, BackupRequested, Duress, DuressRaised
from shared.events.patrol import (
    ChecklistAnswer,
    CheckOut,
    DispatchAccepted,
    DispatchAnswer,
    DispatchArrived,
    DispatchDeclined,
    DispatchEnRoute,
    ShiftEnd,
    ShiftEnded,
    ShiftStart,
    ShiftStarted,
    VisitCheckedOut,
    Vulnerability,
    VulnerabilityReported,
)
from shared.events.registry import encode
from shared.events.welfare import WelfareAnswer, WelfareAnswered
from shared.plan.model import Channel, Contact, Plan, Shift, Situation, Way
from shared.topics import intake_topic
from tests.builders import (
    KPU,
    POLRES,
    POSTS,
    TELEGRAM,
    WAREHOUSE,
    a_checkin,
    a_plan,
    a_principal,
    a_site,
    an_event,
    an_id,
    an_incident,
)

NEXT_DOOR = "pos-gudang"
PARTITIONS = {WAREHOUSE: 0, NEXT_DOOR: 1, KPU: 2}
"""Two neighbouring sites in different partitions, and one further away."""
CATEGORIES = ("suspicious_person", "suspicious_object", "fire", "other")
PEOPLE = (
    a_principal("Siti"),
    a_principal("Budi", role="supervisor"),
    a_principal("Rani", role="commander"),
)
CREW_ANSWERS = (DispatchAccepted, DispatchDeclined, DispatchEnRoute, DispatchArrived)


CREW = "R-21"
SITUATIONS = (
    Situation(),
    Situation(site_classes={WAREHOUSE: "sangat_rawan"}),
    Situation(logistics_stage="stored"),
)


def the_plan() -> Plan:
    """The default plan, with a post 120 m from the warehouse; the provider of one channel promises
    receipts, and whom it does not reach is told another way."""
    warehouse, office = a_site(), a_site(KPU, type="kpu", lat=-6.8950, lon=112.0500)
    other = Way(channel="log", address="piket")
    by_turns = [Contact(channel=TELEGRAM, address="piket", otherwise=[other])]
    # One of the two who answer for the crew is not of it.
    shift = Shift(id="jaga", crew=CREW, unit=POLRES, members=["p-1"], starts=time(0), ends=time(0))
    return a_plan(
        shifts=[shift],
        sites=[warehouse, office, a_site(NEXT_DOOR, lat=warehouse.lat + 0.00108)],
        posts=[replace(POSTS[0], contacts=by_turns), *POSTS[1:]],
        channels=[
            Channel(id="log", kind="log"),
            Channel(id=TELEGRAM, kind="webhook", url="http://hp.invalid", receipt_within_s=120),
        ],
    )


def its_successor(plan: Plan) -> Plan:
    """The same sites, one level of whose chains reaches nobody."""
    posts = [post for post in plan.posts if post.id != "kasat"]
    return replace(plan, version=f"{plan.version}.1", posts=posts)


class Known(NamedTuple):
    """The ids of what phones may speak of."""

    alerts: list[str]
    tasks: list[str]
    nudges: list[str]


@dataclass(slots=True)
class Phones:
    """Makes events; what was made is in the air until it arrives, perhaps twice, in any order."""

    chance: random.Random
    made: list[Event] = field(default_factory=list)
    air: list[Event] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def make(self, now: datetime, known: Known) -> None:
        """One more event of somebody."""
        kind = self.chance.choices(
            (
                "incident",
                "witnesses",
                "duress",
                "backup",
                "vulnerability",
                "checkin",
                "checkout",
                "answer",
                "shift",
                "shift_end",
                "safe",
            ),
            (6, 2, 1, 2, 3, 4, 2, 2, 2, 1, 1),
        )[0]
        if kind == "witnesses":
            self._add(an_incident("other", **self._over(now) | {"subject": WAREHOUSE}))
            self._add(an_incident("other", **self._over(now) | {"subject": NEXT_DOOR}))
        else:
            self._add(getattr(self, f"_{kind}")(self._over(now), known))

    def _add(self, event: Event | None) -> None:
        if event is not None:
            self.made.append(event)
            self.air.append(event)

    def _over(self, now: datetime) -> dict[str, Any]:
        device = self.chance.choice(("d-1", "d-2"))
        self.numbers[device] = self.numbers.get(device, 0) + 1
        late = self.chance.choice((0, 0, 0, 5, 90, 1200))
        return {
            "id": an_id("made", len(self.made)),
            "subject": self.chance.choice((WAREHOUSE, WAREHOUSE, NEXT_DOOR, KPU)),
            "actor": self.chance.choice(("p-1", "p-2")),
            "device": device,
            "deviceseq": self.numbers[device],
            "time": now - timedelta(seconds=late),
            "receivedtime": now,
            "purpose": self.chance.choices((None, "exercise"), (12, 1))[0],
        }

    def _incident(self, over: dict[str, Any], *_: Any) -> Event:
        original = self.chance.choice(self.made) if self.made else None
        copied = original is not None and self.chance.random() < 0.1
        report = {"copyof": original.id} if original is not None and copied else None
        return an_incident(self.chance.choice(CATEGORIES), report=report, **over)

    def _duress(self, over: dict[str, Any], *_: Any) -> Event:
        return an_event(DuressRaised, Duress(), **over)

    def _backup(self, over: dict[str, Any], *_: Any) -> Event:
        about = self.chance.choice(self.made).id if self.made else None
        return an_event(BackupRequested, BackupRequest(incident=about), **over)

    def _vulnerability(self, over: dict[str, Any], *_: Any) -> Event:
        due_at = over["time"] + timedelta(seconds=self.chance.choice((-60, 120, 1800, 86_400)))
        data = Vulnerability(kind="cctv_blind", text="CCTV mati", due_at=due_at)
        return an_event(VulnerabilityReported, data, **over)

    def _checkin(self, over: dict[str, Any], *_: Any) -> Event:
        return a_checkin(**over)

    def _checkout(self, over: dict[str, Any], known: Known) -> Event:
        asked = [ChecklistAnswer(item=f"task:{task}", answer="bad") for task in known.tasks[:2]]
        data = CheckOut(checkin=an_id("checkin"), situation="aman", checklist=asked)
        return an_event(VisitCheckedOut, data, **over)

    def _answer(self, over: dict[str, Any], known: Known) -> Event | None:
        if not known.alerts:
            self.numbers[over["device"]] -= 1
            return None
        data = DispatchAnswer(alert=self.chance.choice(known.alerts), crew=CREW)
        return an_event(self.chance.choice(CREW_ANSWERS), data, **over)

    def _shift(self, over: dict[str, Any], _: Known) -> Event:
        return an_event(ShiftStarted, ShiftStart(crew=CREW, members=["p-1"]), **over)

    def _shift_end(self, over: dict[str, Any], _: Known) -> Event:
        return an_event(ShiftEnded, ShiftEnd(crew=CREW), **over)

    def _safe(self, over: dict[str, Any], known: Known) -> Event | None:
        if not known.nudges:
            self.numbers[over["device"]] -= 1
            return None
        data = WelfareAnswer(nudge=self.chance.choice(known.nudges), crew=CREW)
        return an_event(WelfareAnswered, data, **over)

    def landing(self) -> list[Event]:
        """Some of what is in the air arrives; whoever got no answer sends it again."""
        arrived = []
        for _ in range(min(len(self.air), self.chance.randint(1, 3))):
            event = self.air.pop(self.chance.randrange(len(self.air)))
            arrived.append(event)
            if self.chance.random() < 0.15:
                self.air.append(event)
        return arrived


@dataclass(slots=True)
class Logs:
    """The topics: append-only, read from where the engine says that it is, or from before."""

    records: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)

    def append(self, event: Event) -> tuple[str, int]:
        """At the end of its partition, which the event's site decides."""
        topic = intake_topic(event.type)
        assert topic is not None
        place = (topic.name, PARTITIONS[event.subject or WAREHOUSE])
        self.records.setdefault(place, []).append(encode(event))
        return place

    def read(self, place: tuple[str, int], start: int, size: int) -> list[Incoming]:
        """At most `size` records from an offset on."""
        topic, partition = place
        return [
            Incoming(topic, partition, start + index, value)
            for index, value in enumerate(self.records[place][start : start + size])
        ]
