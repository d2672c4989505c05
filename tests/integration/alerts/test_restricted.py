"""What accuses a unit is not there for it, nor for a role that may not know: in no list, no count,
no stream, by no route."""

from dataclasses import replace

import httpx
import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace as with_fields

from services.alerts.adapters.http.policy import POLICY, VIEWING
from services.alerts.adapters.stream import Stream
from services.alerts.domain import restriction
from shared.auth import ROLES, Principal
from shared.clock import system_clock
from shared.events.alert import Alert, Notification, NotificationSent
from shared.events.registry import encode
from shared.events.samples import samples
from shared.policy import PUBLIC
from tests.alerts_database import alerts_template
from tests.integration.alerts.marked import ROOT, UNITS, Marked, a_stream_record
from tests.integration.alerts.test_no_leak import World, a_viewer, absent_like, covers, world

__all__ = ["alerts_template", "world"]

KNOWING = {"supervisor", "commander"}
SOME = (ROOT, UNITS[1], UNITS[2], UNITS[6])


def may_know(role: str, viewer: str, unit: str) -> bool:
    """The rule, said once more and differently: of these roles, and strictly above."""
    is_hidden = unit != ROOT and covers(unit, viewer)
    return covers(viewer, unit) and role in KNOWING and not is_hidden


def told(answer: httpx.Response, of: Marked) -> bool:
    """Whether an answer says more of the accusation than its question did."""
    text, asked = answer.text, str(answer.request.url) + answer.request.content.decode()
    return any(secret in text and secret not in asked for secret in of.accusing)


def aimed(of: Marked) -> Marked:
    """A unit's objects, with its accusation for its alert."""
    return replace(of, alert=of.accusation)


@pytest.mark.parametrize("viewer", SOME)
@pytest.mark.parametrize("role", sorted(VIEWING))
def test_lists_counts_and_single_objects_show_it_to_whom_it_is_for(
    world: World, role: str, viewer: str
) -> None:
    token, seen = world.board.token(role, viewer), set()
    for route in world.routes:
        if not route.startswith("GET ") or POLICY[route] == PUBLIC:
            continue
        named = UNITS if "{" in route or route == "GET /v1/notifications" else UNITS[:1]
        of_all = [aimed(world.units[unit]) for unit in named]
        for answer in world.ask(
            *(r for of in of_all for r in world.requests(route, of, of, token))
        ):
            for unit, of in world.units.items():
                if told(answer, of):
                    assert may_know(role, viewer, unit), (route, answer.text)
                    seen.add(unit)
    # And it shows what is: otherwise this test sees nothing at all.
    assert seen == {unit for unit in UNITS if may_know(role, viewer, unit)}


@pytest.mark.parametrize("role", ["operator", *sorted(KNOWING)])
def test_its_figures_count_what_may_be_known_of(world: World, role: str) -> None:
    viewer = UNITS[1]
    [answer] = world.ask(
        httpx.Request(
            "GET",
            "http://board.test/v1/performance?window=30d",
            headers={"Authorization": f"Bearer {world.board.token(role, viewer)}"},
        )
    )
    figures, known = answer.json(), [u for u in UNITS if may_know(role, viewer, u)]
    assert figures["severities"].get("kritis", 0) == len(known)
    assert len(figures["standing"]) == len(known)


def test_it_is_answered_like_one_that_is_not_there(world: World) -> None:
    of = aimed(world.units[UNITS[2]])
    nothing = absent_like(of)
    for role, unit in (("operator", ROOT), ("commander", of.unit), ("auditor", ROOT)):
        token = world.board.token(role, unit)
        for route in ("GET /v1/alerts/{alert_id}", "POST /v1/alerts/{alert_id}/{verb}"):
            if role not in POLICY[route]:
                continue
            there = world.ask(*world.requests(route, of, of, token))
            absent = world.ask(*world.requests(route, nothing, nothing, token))
            for one, other in zip(there, absent, strict=True):
                assert one.status_code == other.status_code == 404, (route, one.text)
                assert one.text.replace(of.alert.id, "") == other.text.replace(nothing.alert.id, "")


def test_what_may_be_known_of_does_not_merge_with_what_may_not(world: World) -> None:
    of = world.units[UNITS[2]]
    token = world.board.token("operator", ROOT)
    url = f"http://board.test/v1/alerts/{of.alert.id}/merge"
    body = {"version": of.alert.version, "key": "merge-1", "other": of.accusation.id}
    headers = {"Authorization": f"Bearer {token}"}
    [answer] = world.ask(httpx.Request("POST", url, json=body, headers=headers))
    assert answer.status_code == 422
    assert not told(answer, of)


def test_the_live_stream_gives_it_and_its_pages_to_whom_it_is_for(world: World) -> None:
    stream = Stream(system_clock, lambda: 0.0)
    stream.opened({0: 0})
    viewers = {
        (role, unit): stream.join(with_role(unit, role), None) for role in VIEWING for unit in UNITS
    }
    for offset, unit in enumerate(UNITS):
        stream.feed([a_stream_record(2 * offset, unit, world.units[unit].accusation)])
        stream.feed([a_page_record(2 * offset + 1, world.units[unit])])
    late = {who: stream.join(with_role(who[1], who[0]), "0:0") for who in viewers}
    for (role, viewer), connected in [*viewers.items(), *late.items()]:
        frames = b"".join(connected.waiting).decode()
        seen = {u for u, of in world.units.items() if any(s in frames for s in of.accusing)}
        assert seen == {unit for unit in UNITS if may_know(role, viewer, unit)}, (role, viewer)
        assert frames.count("event: notification") == len(seen)


def with_role(unit: str, role: str) -> Principal:
    return replace(a_viewer(unit), role=role)


def a_page_record(offset: int, of: Marked) -> object:
    """A record that tells of a page about the accusation."""
    sent = next(each for each in samples().values() if isinstance(each, NotificationSent))
    page: Notification = with_fields(
        sent.data, alert=of.accusation.id, restricted=of.accusation.restricted
    )
    record = a_stream_record(offset, of.unit, of.accusation)
    value = encode(with_fields(sent, id=of.accusation.id, unit=of.unit, data=page))
    return replace(record, value=value)


units = st.sampled_from(UNITS)
numbers = st.integers(0, 9_999)


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    route_number=numbers,
    request_number=numbers,
    viewer=units,
    role=st.sampled_from(ROLES),
    of=units,
    other=units,
)
def test_no_role_in_no_unit_learns_or_changes_by_any_route_what_it_may_not_know_of(
    world: World,
    route_number: int,
    request_number: int,
    viewer: str,
    role: str,
    of: str,
    other: str,
) -> None:
    route = world.routes[route_number % len(world.routes)]
    target, beside = aimed(world.units[of]), aimed(world.units[other])
    token = world.board.token(role, viewer)
    requests = list(world.requests(route, target, beside, token))
    request = requests[request_number % len(requests)]
    foreign = [each for each in (target, beside) if not may_know(role, viewer, each.unit)]
    before = [accusation_of(world, each) for each in foreign]

    [answer] = world.ask(request)

    assert answer.status_code < 500, answer.text
    for each in world.units.values():
        if not may_know(role, viewer, each.unit):
            assert not told(answer, each), (route, answer.text)
    assert [accusation_of(world, each) for each in foreign] == before, (route, answer.text)


def accusation_of(world: World, of: Marked) -> bytes:
    """What the database holds of it."""
    return world.kept(of)[2]


def test_the_check_finds_a_leak_that_is_put_there(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("reading", "performance_reading", "delivery_reading"):
        path = f"services.alerts.adapters.{module}"
        name = "sees" if module == "reading" else "may_know"
        with monkeypatch.context() as patch:
            patch.setattr(f"{path}.{name}", leaky if name == "sees" else lambda *_: True)
            with pytest.raises(AssertionError, match="/v1/"):
                test_lists_counts_and_single_objects_show_it_to_whom_it_is_for(
                    world, "operator", ROOT
                )


def leaky(viewer: Principal, alert: Alert) -> bool:
    """A filter that has forgotten the restriction."""
    return restriction.sees(viewer, with_fields(alert, restricted=None))
