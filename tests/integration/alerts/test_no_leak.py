"""Nobody sees or changes what is not their unit's, by any route, in any role.

A route's new kind of path parameter or body is told in `questions.py`; a new kind of object in
`marked.py`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx
import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from litestar import Litestar
from msgspec.structs import replace as with_fields
from sqlalchemy.ext.asyncio import AsyncEngine

from ronda.stack.postgres import create_database, drop_database
from services.alerts.adapters.bell import Bell
from services.alerts.adapters.http.policy import POLICY
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.store import PostgresStore
from services.alerts.adapters.stream import Stream
from services.alerts.adapters.task_reading import TaskReadings
from shared import database
from shared.auth import ROLES, Principal
from shared.clock import system_clock
from shared.events.identity import derived_id
from shared.policy import PUBLIC, routes_of
from tests.alerts_database import alerts_template, sibling
from tests.contract.alert_rows import NOW
from tests.integration.alerts.board import Board, an_application
from tests.integration.alerts.issuer import SmallIssuer
from tests.integration.alerts.marked import (
    UNITS,
    Marked,
    a_marked_plan,
    a_stream_record,
    keep_marked,
    marked,
    marked_overrides,
)
from tests.integration.alerts.questions import BODIES, PARAMETERS, QUERIES, VERBS_OF

__all__ = ["alerts_template"]

STREAM = "* /v1/stream"
OWN_WORDS = "POST /v1/journal"
"""What somebody writes there is theirs, whatever it names."""
STRANGERS = ("polda-x/polres-", "polda-x/polres-_", "polda-x/%", "%", "polda-x/polres-a/", "polda")
"""Units that nobody has: the beginning of one, or what SQL's LIKE would take for many."""
NAMED = ("site-", "R-", "u-", "post-")


@dataclass(slots=True)
class World:
    """The marked world, the application over it, and one loop for all requests."""

    runner: asyncio.Runner
    board: Board
    app: Litestar
    units: dict[str, Marked]
    engine: AsyncEngine

    @property
    def routes(self) -> list[str]:
        """Every route there is but the stream, whose filter has a test of its own."""
        return sorted(set(routes_of(self.app)) - {STREAM})

    def ask(self, *requests: httpx.Request) -> list[httpx.Response]:
        """Answers of the application, no network between."""

        asgi: Any = self.app

        async def asked() -> list[httpx.Response]:
            transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport) as client:
                return [await client.send(request) for request in requests]

        return self.runner.run(asked())

    def requests(
        self, route: str, of: Marked, other: Marked, token: str | None
    ) -> Iterator[httpx.Request]:
        """A route with the parameters, queries and body that name a unit's objects."""
        method, _, path = route.partition(" ")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        body = None if method in {"GET", "HEAD"} else BODIES[route](of, other)
        for verb in VERBS_OF.get(path, ("",)):
            for query in QUERIES[route](of) if route in QUERIES else [{}]:
                url = f"http://board.test{filled(path, of, verb)}"
                yield httpx.Request(method, url, params=query, json=body, headers=headers)

    def kept(self, of: Marked) -> list[bytes]:
        """What the database holds of a unit."""

        async def read() -> list[bytes]:
            async with self.board.store.transaction() as transaction:
                alerts = [
                    await transaction.alert(each.id)
                    for each in (of.alert, of.closed, of.accusation)
                ]
            tasks = TaskReadings(self.engine)
            rows = [
                *alerts,
                await tasks.task(of.task.id),
                await tasks.task(of.done.id),
            ]
            return [msgspec.json.encode(row) for row in rows]

        return self.runner.run(read())


def filled(path: str, of: Marked, verb: str) -> str:
    """A route's path with a unit's objects in it."""
    for name, value in PARAMETERS.items():
        path = path.replace(f"{{{name}}}", value(of))
    path = path.replace("{verb}", verb)
    assert "{" not in path, f"tell PARAMETERS what stands for the parameter in {path}"
    return path


@pytest.fixture(scope="module")
def world(
    postgres_url: str, alerts_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("board")
    name = f"leak{folder.name.replace('-', '')}{id(folder):x}"
    units = {unit: marked(unit) for unit in UNITS}
    with asyncio.Runner() as runner:
        runner.run(create_database(postgres_url, name, template=alerts_template))
        engine = database.engine(sibling(postgres_url, name), application="test")
        store = PostgresStore(engine, published=Bell(), scheduled=Bell(), paged=Bell())

        async def begin() -> None:
            for each in units.values():
                await keep_marked(store, each)

        runner.run(begin())
        provider = SmallIssuer(url="http://issuer.invalid").provider("http://board.test")
        app, board = an_application(engine, store, folder, provider)
        board.plans.plan = a_marked_plan(list(units.values()))
        board.plans.live = marked_overrides(list(units.values()))
        yield World(runner, board, app, units, engine)
        runner.run(engine.dispose())
        runner.run(drop_database(postgres_url, name))


def covers(viewer: str, unit: str) -> bool:
    """What a viewer's own unit and everything below it is, said once more and differently."""
    return unit.split("/")[: len(viewer.split("/"))] == viewer.split("/")


def leaks(answer: httpx.Response, world: World, viewer: str | None) -> list[str]:
    """Secrets in an answer that are none of the viewer's. What the question itself named may be
    named in the answer, and nothing else of the unit."""
    text = answer.text + str(answer.headers)
    asked = str(answer.request.url) + answer.request.content.decode()
    foreign = [of for of in world.units.values() if viewer is None or not covers(viewer, of.unit)]
    for of in foreign:
        for name in (*of.secrets[1:], *(f"{each}{of.mark}" for each in NAMED), f"{of.mark}:1"):
            if name in asked:
                text = text.replace(name, "")
    return [secret for of in foreign for secret in of.secrets if secret in text]


def test_every_route_has_a_policy_and_every_policy_a_route(world: World) -> None:
    assert sorted(routes_of(world.app)) == sorted(POLICY)


def test_a_route_without_a_policy_keeps_the_service_from_starting(world: World) -> None:
    with pytest.raises(LookupError, match="GET /v1/alerts"):
        an_application(
            world.engine,
            world.board.store,
            world.board.pages.parent,
            policy={name: rule for name, rule in POLICY.items() if name != "GET /v1/alerts"},
        )


def test_every_route_that_takes_a_body_is_asked_with_one(world: World) -> None:
    missing = [r for r in world.routes if not r.startswith(("GET ", "HEAD ")) and r not in BODIES]
    assert not missing, f"tell BODIES what to send to {missing}"


@pytest.mark.parametrize("role", [None, *ROLES])
def test_only_the_roles_of_its_policy_get_through_a_route(world: World, role: str | None) -> None:
    of = world.units[UNITS[1]]
    token = world.board.token(role, of.unit) if role else None
    for route in [*world.routes, STREAM]:
        rule = POLICY[route]
        if rule == PUBLIC or role in rule:
            continue
        path = route.replace("* ", "GET ")
        [answer, *_] = world.ask(next(world.requests(path, of, of, token)))
        assert answer.status_code == (401 if role is None else 403), (route, role, answer.text)
        assert not leaks(answer, world, None)


def test_whoever_is_not_signed_in_learns_nothing_from_the_public_routes(world: World) -> None:
    for route in world.routes:
        if POLICY[route] == PUBLIC:
            for of in world.units.values():
                for answer in world.ask(*world.requests(route, of, of, None)):
                    assert not leaks(answer, world, None), (route, answer.text)


@pytest.mark.parametrize("viewer", [*UNITS, *STRANGERS])
def test_no_read_shows_what_is_not_the_viewers(world: World, viewer: str) -> None:
    seen = set()
    token = world.board.token("commander", viewer)
    for route in world.routes:
        if not route.startswith("GET ") or POLICY[route] == PUBLIC:
            continue
        named = "{" in route or route in {"GET /v1/tasks", "GET /v1/notifications"}
        asked = list(world.units.values()) if named else [world.units[UNITS[0]]]
        requests = [each for of in asked for each in world.requests(route, of, of, token)]
        for answer in world.ask(*requests):
            assert answer.status_code in {200, 404}, (route, answer.text)
            assert not leaks(answer, world, viewer), (route, answer.text)
            seen |= {unit for unit, of in world.units.items() if of.mark in answer.text}
    # And it shows what is: otherwise this test sees nothing at all.
    assert seen == {unit for unit in UNITS if covers(viewer, unit)}


@pytest.mark.parametrize("viewer", [*UNITS, *STRANGERS])
def test_no_write_changes_what_is_not_the_viewers(world: World, viewer: str) -> None:
    token = world.board.token("commander", viewer)
    foreign = [of for of in world.units.values() if not covers(viewer, of.unit)]
    before = [world.kept(of) for of in foreign]
    for route in world.routes:
        if route.startswith(("GET ", "HEAD ")) or POLICY[route] == PUBLIC or route == OWN_WORDS:
            continue
        for of in foreign:
            for answer in world.ask(*world.requests(route, of, of, token)):
                assert answer.status_code in {204, 400, 404, 409, 422} or "_id}" not in route
                assert not leaks(answer, world, viewer), (route, answer.text)
    assert [world.kept(of) for of in foreign] == before


def test_another_units_object_is_answered_like_one_that_is_not_there(world: World) -> None:
    own, foreign = world.units[UNITS[2]], world.units[UNITS[4]]
    token = world.board.token("commander", own.unit)
    for route in world.routes:
        if "_id}" not in route or POLICY[route] == PUBLIC:
            continue
        nothing = absent_like(foreign)
        there = world.ask(*world.requests(route, foreign, foreign, token))
        absent = world.ask(*world.requests(route, nothing, nothing, token))
        for one, other in zip(there, absent, strict=True):
            assert one.status_code == other.status_code == 404, (route, one.text, other.text)
            anonymous = [
                text.replace(each.alert.id, "").replace(each.task.id, "")
                for text, each in ((one.text, foreign), (other.text, nothing))
            ]
            assert anonymous[0] == anonymous[1]


def absent_like(like: Marked) -> Marked:
    """Objects that nobody has."""
    return replace(
        like,
        alert=with_fields(like.alert, id=derived_id(NOW, "nothing", "alert")),
        task=with_fields(like.task, id=derived_id(NOW, "nothing", "task")),
        handover=with_fields(like.handover, id=derived_id(NOW, "nothing", "handover")),
    )


def forgetful_of_units(self: Readings, viewer: Principal, **asked: Any) -> Any:
    """A list that was written without its filter."""
    return ALERTS(self, replace(viewer, unit="polda-x"), **asked)


def by_beginning(self: Principal, unit: str | None) -> bool:
    """A comparison of paths as if they were words."""
    return unit is not None and unit.startswith(self.unit)


ALERTS = Readings.alerts
SEEDED: tuple[tuple[type, str, Any], ...] = (
    (Readings, "alerts", forgetful_of_units),
    (Principal, "covers", by_beginning),
)


@pytest.mark.parametrize(("cls", "name", "mistake"), SEEDED, ids=["no filter", "no slash"])
def test_the_check_finds_a_leak_that_is_put_there(
    world: World, monkeypatch: pytest.MonkeyPatch, cls: type, name: str, mistake: Any
) -> None:
    monkeypatch.setattr(cls, name, mistake)
    with pytest.raises(AssertionError, match="/v1/"):
        test_no_read_shows_what_is_not_the_viewers(world, UNITS[1])


def test_the_check_finds_a_write_that_looks_at_no_unit(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Principal, "covers", lambda _, unit: unit is not None)
    with pytest.raises(AssertionError):
        test_no_write_changes_what_is_not_the_viewers(world, UNITS[1])


def test_the_live_stream_gives_each_viewer_its_units_and_no_other(world: World) -> None:
    stream = Stream(system_clock, lambda: 0.0)
    stream.opened({0: 0})
    viewers = {unit: stream.join(a_viewer(unit), None) for unit in (*UNITS, *STRANGERS)}
    records = [
        a_stream_record(offset, unit, world.units[unit].alert) for offset, unit in enumerate(UNITS)
    ]
    stream.feed(records)
    late = {unit: stream.join(a_viewer(unit), "0:0") for unit in viewers}
    for unit, viewer in [*viewers.items(), *late.items()]:
        told = b"".join(viewer.waiting).decode()
        seen = {each for each, of in world.units.items() if of.mark in told}
        assert seen == {each for each in UNITS if covers(unit, each)}, unit


def a_viewer(unit: str) -> Principal:
    return Principal("u", "U", "commander", unit, "alerts", system_clock() + timedelta(hours=1))


units = st.sampled_from(UNITS)
numbers = st.integers(0, 9_999)
viewers = st.one_of(units, st.sampled_from(STRANGERS))


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route_number=numbers,
    request_number=numbers,
    viewer=viewers,
    role=st.sampled_from(ROLES),
    of=units,
    other=units,
)
def test_no_role_in_no_unit_sees_or_changes_by_no_route_what_is_not_theirs(
    world: World,
    route_number: int,
    request_number: int,
    viewer: str,
    role: str,
    of: str,
    other: str,
) -> None:
    route = world.routes[route_number % len(world.routes)]
    target, beside = world.units[of], world.units[other]
    token = world.board.token(role, viewer)
    requests = list(world.requests(route, target, beside, token))
    request = requests[request_number % len(requests)]
    foreign = [each for each in (target, beside) if not covers(viewer, each.unit)]
    before = [world.kept(each) for each in foreign]

    [answer] = world.ask(request)

    assert not leaks(answer, world, viewer), (route, answer.text)
    assert [world.kept(each) for each in foreign] == before, (route, answer.text)
    assert answer.status_code < 500, answer.text
    if POLICY[route] != PUBLIC and role not in POLICY[route]:
        assert answer.status_code == 403
