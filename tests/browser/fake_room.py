"""The fake's routes for what the room has beside its alerts: tasks, journal, watch, figures."""

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery

from services.alerts.adapters.checkpoint_file import Seal
from services.alerts.adapters.http.engine import Backup
from services.alerts.adapters.http.notifications import Pages
from services.alerts.adapters.http.tasks import TaskList
from services.alerts.adapters.http.visits import CoverageView
from services.alerts.adapters.http.watch import Journal, Reported, WatchView
from services.alerts.domain.performance import Performance
from services.alerts.domain.watch import is_waiting
from shared.events.alert import Entry, Owner
from shared.events.identity import derived_id
from shared.events.watch import Handover, JournalEntry
from shared.problem import MEDIA_TYPE
from tests.browser import samples_figures, samples_room

if TYPE_CHECKING:
    from tests.browser.fake_alerts import FakeAlerts

GRAVE = {"tinggi", "kritis"}


class Room:
    """The room's state; requests that were answered stay in `asked` to be looked at."""

    def __init__(self, now: datetime, busy: str) -> None:
        self.tasks = {task.id: task for task in samples_room.tasks(now)}
        self.journal = samples_room.journal(now)
        self.handover: Handover | None = None
        self.checkpoint: str | None = samples_room.CHECKPOINT
        self.readiness: Any = samples_room.ready(now)
        self.performance = samples_figures.figures(now)
        self.backup: Backup | None = samples_room.backup(busy)
        self.coverage: CoverageView | None = samples_room.coverage(84, 3)
        self.asked: list[tuple[str, dict[str, Any]]] = []


def owner_of(person: dict[str, str], now: datetime) -> Owner:
    """The person as the service writes them down."""
    return Owner(actor=person["actor"], name=person["name"], role=person["role"], at=now)


def room_routes(fake: "FakeAlerts", person: Any) -> list[HTTPRouteHandler]:
    """`/v1/tasks…`, `/v1/journal`, `/v1/handover…`, `/v1/reports`, `/v1/performance`, …"""
    room = fake.room

    @get("/v1/tasks")
    async def tasks() -> TaskList:
        return TaskList(items=list(room.tasks.values()))

    @post("/v1/tasks/{task_id:str}/{verb:str}", status_code=200)
    async def task_command(
        request: Request[Any, Any, Any], task_id: FromPath[str], verb: FromPath[str]
    ) -> Any:
        body = await request.json()
        room.asked.append((f"task {verb}", body))
        task, who = room.tasks[task_id], person(request)
        changes: dict[str, Any] = {
            "version": task.version + 1,
            "timeline": [
                *task.timeline,
                Entry(at=fake.now(), what=verb, by=who["name"], note=body.get("note")),
            ],
        }
        if verb == "done":
            changes |= {"state": "done", "done_at": fake.now(), "done_by": who["name"]}
        if verb == "assign":
            changes |= {"owner": body["owner"], "owner_name": body["owner"]}
        room.tasks[task_id] = msgspec.structs.replace(task, **changes)
        return room.tasks[task_id]

    @get("/v1/journal")
    async def journal() -> Journal:
        return Journal(items=room.journal)

    @post("/v1/journal")
    async def note(request: Request[Any, Any, Any]) -> Any:
        body = await request.json()
        room.asked.append(("journal", body))
        entry = JournalEntry(
            id=derived_id(fake.now(), "line", body["key"]),
            at=fake.now(),
            by=owner_of(person(request), fake.now()),
            kind=body["kind"],
            text=body["text"],
            seconds=body.get("seconds"),
        )
        room.journal.insert(0, entry)
        return entry

    @post("/v1/reports")
    async def report(request: Request[Any, Any, Any]) -> Reported:
        body = await request.json()
        room.asked.append(("report", body))
        return Reported(event=derived_id(fake.now(), "report", body["key"]))

    @get("/v1/alerts/{alert_id:str}/recommendations")
    async def recommendations(alert_id: FromPath[str]) -> Any:
        if room.backup is None:
            return problem(503, "not now")
        return room.backup

    @get("/v1/notifications")
    async def notifications(alert: FromQuery[str]) -> Pages:
        known = fake.alerts.get(alert)
        return Pages(items=samples_room.calls(fake.now(), known) if known else [])

    @get("/v1/readiness")
    async def readiness() -> Any:
        return room.readiness

    @get("/v1/performance")
    async def performance(operators: FromQuery[int] = 1) -> Performance:
        return replace(room.performance, operators=operators)

    return [
        tasks,
        task_command,
        journal,
        note,
        *_handover_routes(fake, person),
        report,
        recommendations,
        notifications,
        readiness,
        performance,
    ]


def _handover_routes(fake: "FakeAlerts", person: Any) -> list[HTTPRouteHandler]:
    room = fake.room

    @get("/v1/handover")
    async def handover() -> WatchView:
        pending = None
        if room.handover is not None and is_waiting(room.handover):
            pending = room.handover
        accepted = room.handover is not None and room.handover.incoming is not None
        last = room.handover if accepted else None
        seal = Seal(why="empty")
        if room.checkpoint is not None:
            seal = Seal(note=room.checkpoint, origin="ronda.example/tuban", size=84_211)
        return WatchView(pending=pending, must_read=_grave(fake), last=last, checkpoint=seal)

    @post("/v1/handover")
    async def prepare(request: Request[Any, Any, Any]) -> Any:
        body = await request.json()
        fake.prepare_handover(person(request), body["attention"])
        return room.handover

    @post("/v1/handover/{handover_id:str}/accept", status_code=200)
    async def accept(request: Request[Any, Any, Any], handover_id: FromPath[str]) -> Any:
        body = await request.json()
        room.asked.append(("accept", body))
        unread = set(_grave(fake)) - set(body["read"])
        if unread or room.handover is None or room.handover.id != handover_id:
            return problem(422, "a grave alert was not opened")
        who = person(request)
        for alert in list(fake.alerts.values()):
            if alert.owner and alert.owner.actor == room.handover.outgoing.actor:
                fake.change(alert, owner=owner_of(who, fake.now()))
        room.handover = msgspec.structs.replace(room.handover, incoming=owner_of(who, fake.now()))
        return room.handover

    @post("/v1/handover/{handover_id:str}/withdraw", status_code=200)
    async def withdraw(request: Request[Any, Any, Any], handover_id: FromPath[str]) -> Any:
        room.asked.append(("withdraw", await request.json()))
        made = room.handover
        if made is None or made.id != handover_id or made.incoming is not None:
            return problem(409, "it was accepted already")
        by = owner_of(person(request), fake.now())
        room.handover = msgspec.structs.replace(made, withdrawn=by)
        return room.handover

    return [handover, prepare, accept, withdraw]


def problem(status: int, detail: str) -> Response[Any]:
    """An answer as the services refuse."""
    body = {"status": status, "title": "No", "detail": detail}
    return Response(body, status_code=status, media_type=MEDIA_TYPE)


def _grave(fake: "FakeAlerts") -> list[str]:
    return [
        alert.id
        for alert in fake.alerts.values()
        if alert.severity in GRAVE and alert.state != "closed"
    ]
