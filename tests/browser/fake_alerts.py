"""Plays the alerts service towards the board: the same paths and shapes, and faults at will.

`python -m tests.browser.fake_alerts` serves an invented evening to look at; the token is `sari`.
"""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, delete, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler
from msgspec import convert

from services.alerts.adapters.http.alerts import AlertList
from services.alerts.adapters.http.map_tiles import MAP_TILES, map_tiles_routes
from services.alerts.adapters.http.pages import SAFE
from services.alerts.adapters.http.session import Session
from services.alerts.adapters.http.situation import SituationView
from services.alerts.adapters.http.views import Crews, Sites
from services.alerts.adapters.http.visits import Visits
from services.alerts.adapters.stream import name_of
from services.alerts.adapters.tiles_file import TilesFile
from services.alerts.handlers.situations import ROLES
from shared.events.alert import Alert, Visit
from shared.http import SESSION_COOKIE, serving
from shared.policy import CSRF_HEADER
from shared.problem import MEDIA_TYPE
from shared.settings import HttpSettings
from tests.browser import samples, samples_presence, samples_room
from tests.browser.fake_commands import decided
from tests.browser.fake_presence import presence_routes
from tests.browser.fake_risk import with_risks
from tests.browser.fake_room import Room, owner_of, problem, room_routes
from tests.browser.fake_rounds import coverage_routes, with_rounds
from tests.browser.fake_situation import situation_routes

BOARD = Path(__file__).parents[2] / "services" / "alerts" / "web" / "dist"
PEOPLE = {
    "sari": {"actor": "sari", "name": "Ipda Sari", "role": "operator", "unit": samples.UNIT},
    "joko": {"actor": "joko", "name": "Kompol Joko", "role": "commander", "unit": samples.UNIT},
    "agus": {"actor": "agus", "name": "AKBP Agus", "role": "commander", "unit": samples.UNIT},
    "wati": {"actor": "wati", "name": "Ibu Wati", "role": "auditor", "unit": samples.UNIT},
}


class FakeAlerts:
    """The service's state, its open streams, and switches for what may go wrong."""

    def __init__(self) -> None:
        now = self.now()
        self.alerts = {alert.id: alert for alert in samples.evening(now)}
        self.visits = {visit.id: visit for visit in samples.visits(now)}
        self.sites = samples.sites(now)
        self.situation: dict[str, Any] = dict(samples.SITUATION)
        busy = next(alert.id for alert in self.alerts.values() if alert.state == "dispatched")
        self.crews = samples.crews(now, busy)
        self.presence = samples_presence.presence(now)
        self.tiles: TilesFile | None = None
        """The base map; given before the application is made."""
        self.room = Room(now, busy)
        self.ways: dict[str, Any] | None = None
        """How one can sign in; None is a server without accounts, which takes tokens alone."""
        self.situation_refusal: str | None = None
        """Why no change of the situation is taken."""
        self.refusal: dict[str, Any] | None = None
        """The problem that a password meets."""
        self.commands: list[tuple[str, str, dict[str, Any]]] = []
        self.resumed_from: list[str | None] = []
        self.answers: dict[str, tuple[int, Any]] = {}
        self.answering = asyncio.Event()
        """While cleared, commands are carried out and their answers are lost."""
        self.answering.set()
        self.streaming = True
        """While false, `GET /v1/stream` answers 503."""
        self.operators = 1
        self.silent = False
        """While true, streams are open and say nothing."""
        self.lists_ready = asyncio.Event()
        self.lists_ready.set()
        self.session_ends = now + samples.seconds(43_200)
        self.signed_out = False
        """While true, nobody's session is known any more."""
        self.lists_fail = False
        """While true, `GET /v1/alerts` answers 503."""
        self._streams: set[asyncio.Queue[str | None]] = set()
        self._message = 0
        self._refusal: tuple[int, Any] | None = None

    @staticmethod
    def now() -> datetime:
        """The server's time."""
        return datetime.now(UTC)

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def by_number(self, number: int) -> Alert:
        """The alert that people call by this number."""
        return next(alert for alert in self.alerts.values() if alert.number == number)

    def put(self, alert: Alert, what: str = "updated") -> None:
        """Stores an alert and tells it to every stream."""
        self.alerts[alert.id] = alert
        self.tell_event(f"ronda.alert.{what}.v1", alert)

    def change(self, alert: Alert, what: str = "updated", **changes: Any) -> Alert:
        """The next version of an alert, stored and told."""
        newer = msgspec.structs.replace(alert, version=alert.version + 1, **changes)
        self.put(newer, what)
        return newer

    def put_visit(self, visit: Visit) -> None:
        """Stores a visit and tells it to every stream."""
        self.visits[visit.id] = visit
        self.tell_event("ronda.visit.missed.v1", visit)

    def tell_event(self, kind: str, data: Any) -> None:
        """Tells an event of this type, in a frame that is called as the service calls it."""
        self._tell(name_of(kind), {"type": kind, "data": data})

    def prepare_handover(self, person: dict[str, str], attention: str) -> None:
        """Somebody has written down what stands and leaves."""
        now = self.now()
        ids = [alert.id for alert in self.alerts.values() if alert.state != "closed"]
        by = owner_of(person, now)
        self.room.handover = samples_room.handover(now, by, attention, ids)

    def tick(self, lag_s: float | None = 0.4, ahead_s: float = 0) -> None:
        """The message that comes every 5 s; the service's time may run on by so much."""
        last = str(self._message)
        now = self.now() + samples.seconds(ahead_s)
        told = {"now": now, "lag_s": lag_s, "last_id": last, "operators": self.operators}
        self._tell("clock", told)

    def refuse_next(self, status: int, detail: str) -> None:
        """The next command is answered with a problem."""
        self._refusal = status, {"status": status, "title": "No", "detail": detail}

    def cut(self) -> None:
        """Ends every open stream."""
        for queue in list(self._streams):
            queue.put_nowait(None)

    def _tell(self, event: str, body: Any) -> None:
        self._message += 1
        data = msgspec.json.encode(body).decode()
        for queue in self._streams:
            if not self.silent:
                queue.put_nowait(f"id: {self._message}\nevent: {event}\ndata: {data}\n\n")

    async def listen(self) -> AsyncIterator[str]:
        """One stream's messages until it is cut."""
        queue: asyncio.Queue[str | None] = asyncio.Queue(maxsize=1000)
        self._streams.add(queue)
        self.tick()
        try:
            yield ": hello\n\n"
            while (message := await queue.get()) is not None:
                yield message
        finally:
            self._streams.discard(queue)

    async def run(
        self, person: dict[str, str], alert_id: str, verb: str, body: dict[str, Any]
    ) -> tuple[int, Any]:
        """What the service answers to a command; a repeated key is answered the same."""
        self.commands.append((verb, alert_id, body))
        if self._refusal is not None:
            refusal, self._refusal = self._refusal, None
            return refusal
        if body["key"] not in self.answers:
            self.answers[body["key"]] = decided(self, person, alert_id, verb, body)
        answer = self.answers[body["key"]]
        await self.answering.wait()
        return answer


def application(fake: FakeAlerts) -> Litestar:
    """The HTTP face of the fake, with the board under `/board/`."""

    def person(request: Request[Any, Any, Any]) -> dict[str, str] | None:
        return None if fake.signed_out else PEOPLE.get(request.cookies.get(SESSION_COOKIE, ""))

    @get("/v1/session")
    async def session(request: Request[Any, Any, Any]) -> Response[Any]:
        who = person(request)
        if who is None:
            return problem(401, "sign in")
        return Response(Session(**who, expires_at=fake.session_ends))

    @get("/v1/session/ways")
    async def ways() -> Response[Any]:
        return problem(404, "no accounts here") if fake.ways is None else Response(fake.ways)

    @post("/v1/session")
    async def sign_in(request: Request[Any, Any, Any]) -> Response[Any]:
        shown = await request.json()
        if "login" in shown and fake.refusal is not None:
            return Response(fake.refusal, status_code=fake.refusal["status"], media_type=MEDIA_TYPE)
        # In this double a person's password is their token.
        token = shown.get("token") or shown.get("password")
        if token not in PEOPLE or CSRF_HEADER.lower() not in request.headers:
            return problem(401, "the token has expired")
        answer: Response[Any] = Response(None, status_code=204)
        answer.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="strict")
        return answer

    @delete("/v1/session", status_code=204)
    async def sign_out() -> Response[None]:
        answer: Response[None] = Response(None, status_code=204)
        answer.delete_cookie(SESSION_COOKIE)
        return answer

    @get("/v1/alerts")
    async def alerts() -> Response[Any]:
        if fake.lists_fail:
            return problem(503, "the database is away")
        await fake.lists_ready.wait()
        items = [each for each in fake.alerts.values() if each.state != "closed"]
        return Response(AlertList(items=items))

    @get("/v1/alerts/{alert_id:str}")
    async def alert(alert_id: FromPath[str]) -> Response[Any]:
        found = fake.alerts.get(alert_id)
        return problem(404, "no such alert") if found is None else Response(found)

    @post("/v1/alerts/{alert_id:str}/{verb:str}")
    async def command(
        request: Request[Any, Any, Any], alert_id: FromPath[str], verb: FromPath[str]
    ) -> Response[Any]:
        who = person(request)
        if who is None or CSRF_HEADER.lower() not in request.headers:
            return problem(401, "sign in")
        status, body = await fake.run(who, alert_id, verb, await request.json())
        kind = MEDIA_TYPE if status >= 400 else "application/json"
        return Response(body, status_code=status, media_type=kind)

    @get("/v1/units")
    async def units() -> Crews:
        return convert({"items": fake.crews}, Crews)

    @get("/v1/sites")
    async def sites() -> Sites:
        rows = with_rounds(fake.sites, fake.visits.values(), fake.now())
        rows = with_risks(rows, fake.alerts.values(), fake.room.tasks.values())
        return convert({"items": rows}, Sites)

    @get("/v1/visits")
    async def visits(site: FromQuery[str | None] = None) -> Visits:
        return Visits(items=[e for e in fake.visits.values() if site in (None, e.site)])

    @get("/v1/situation")
    async def situation(request: Request[Any, Any, Any]) -> SituationView:
        tiles = MAP_TILES if fake.tiles else None
        may = (person(request) or {}).get("role") in ROLES
        seen = {"map_tiles_url": tiles, "may_change": may}
        return convert(fake.situation | seen, SituationView)

    @get("/v1/stream")
    async def stream(request: Request[Any, Any, Any]) -> Stream | Response[Any]:
        if person(request) is None:
            return problem(401, "sign in")
        if not fake.streaming:
            return problem(503, "the service is starting")
        fake.resumed_from.append(request.headers.get("last-event-id"))
        return Stream(fake.listen(), media_type="text/event-stream")

    def strict(answer: Response[Any]) -> Response[Any]:
        answer.headers.update(SAFE)
        return answer

    board = create_static_files_router(
        path="/board", directories=[BOARD], html_mode=True, after_request=strict
    )
    writes = [sign_in, sign_out, command]
    reads = [session, ways, alerts, alert, units, sites, visits, situation, stream]
    rest: list[ControllerRouterHandler] = [
        *room_routes(fake, person),
        *situation_routes(fake, person),
        *presence_routes(fake),
        *coverage_routes(fake),
        *map_tiles_routes(fake.tiles),
        board,
    ]
    return Litestar([*writes, *reads, *rest], openapi_config=None)


@asynccontextmanager
async def running(fake: FakeAlerts, port: int = 0) -> AsyncIterator[str]:
    """Serves the fake; yields the service's URL."""
    settings = HttpSettings(host="127.0.0.1", port=port)
    async with serving(application(fake), settings) as url:
        try:
            yield url
        finally:
            fake.answering.set()
            fake.lists_ready.set()
            fake.cut()


async def _show() -> None:
    fake = FakeAlerts()
    async with running(fake, port=8002) as url:
        sys.stdout.write(f"{url}/board/#token=sari\n")
        while True:
            fake.tick()
            await asyncio.sleep(5)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show())
