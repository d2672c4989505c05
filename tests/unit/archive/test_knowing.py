"""What an event says of who may know of it, and of others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.classify import classify
from services.archive.domain.knowing import Belonging, PartOf, Rule, Told, may_know
from services.archive.domain.search import Rights
from shared.auth import ROLES
from shared.events.media import media_id
from tests.unit.archive.builders import UNIT, a_record, an_event, an_id

POLSEK = f"{UNIT}/polsek-soko"
HASH = "ab" * 32


def told(name: str = "a", **changes: Any) -> Told | None:
    return classify(a_record(an_event(name, **changes))).told


def raw(name: str) -> bytes:
    return bytes.fromhex(an_id(name).replace("-", ""))


def asking(role: str | None, within: str = UNIT, *, is_top: bool = False) -> Rights:
    return Rights(within, sees_unitless=False, tracks=True, role=role, is_top=is_top)


def test_most_events_say_nothing() -> None:
    assert told() is None
    assert told(type="ronda.incident.reported.v1", data={"category": "x"}) is None
    assert told(type="ronda.alert.raised.v1", data={"id": an_id("x"), "restricted": None}) is None


def test_a_report_bears_who_may_know_of_it() -> None:
    said = told(restrictedto="commander,supervisor", hiddenfrom=POLSEK)
    assert said == Told((Rule(raw("a"), ("commander", "supervisor"), (POLSEK,)),))


@pytest.mark.parametrize("event_type", ["ronda.alert.raised.v1", "ronda.alert.future.v9"])
def test_what_an_alert_is_restricted_to_holds_for_it_and_for_its_reports(event_type: str) -> None:
    restricted = {"roles": ["commander"], "hidden_from": [POLSEK]}
    data = {"id": an_id("alert"), "restricted": restricted, "parts": [{"event": an_id("report")}]}
    said = told(type=event_type, data=data)
    assert said is not None
    assert {rule.about for rule in said.rules} == {raw("a"), raw("alert"), raw("report")}
    assert {rule[1:] for rule in said.rules} == {(("commander",), (POLSEK,))}
    assert said.parts == (PartOf(raw("report"), raw("alert")),)


def test_an_alert_for_everybody_says_which_reports_it_has() -> None:
    parts = [{"event": an_id("two")}, {"event": an_id("one")}, {"event": an_id("one")}]
    data = {"id": an_id("alert"), "restricted": None, "parts": parts}
    said = told(type="ronda.alert.raised.v1", data=data)
    assert said is not None
    assert {each.event for each in said.parts} == {raw("one"), raw("two")}
    assert said == Told(parts=said.parts[:2])


def test_a_page_about_a_restricted_alert_is_restricted_like_it() -> None:
    data = {"restricted": {"roles": ["commander"], "hidden_from": []}, "alert": an_id("alert")}
    said = told(type="ronda.notification.sent.v1", data=data)
    assert said == Told((Rule(raw("a"), ("commander",), ()),))


@pytest.mark.parametrize(
    "data",
    [
        {"id": an_id("alert"), "restricted": "nobody"},
        {"restricted": {"roles": 7}},
        {"parts": [{"event": "x"}]},
        [],
    ],
)
def test_a_decision_that_cannot_be_read_is_for_those_who_check_the_record(data: Any) -> None:
    assert told(type="ronda.alert.raised.v1", data=data) == Told(
        (Rule(raw("a"), ("auditor",), (UNIT,)),)
    )


def test_what_no_index_could_hold_is_for_those_who_check_the_record() -> None:
    restricted = {"roles": ["commander"], "hidden_from": ["x" * 5_000]}
    said = told(type="ronda.notification.sent.v1", data={"restricted": restricted})
    assert said == Told((Rule(raw("a"), ("auditor",), (UNIT,)),))


def test_a_report_whose_photos_cannot_be_read_still_bears_who_may_know_of_it() -> None:
    said = told(type="ronda.incident.reported.v1", data={"media": 5}, hiddenfrom=POLSEK)
    assert said == Told((Rule(raw("a"), (), (POLSEK,)),))


def test_photos_belong_to_the_reports_that_name_them() -> None:
    photo = bytes.fromhex(media_id(HASH).replace("-", ""))
    said = told(type="ronda.incident.reported.v1", data={"category": "x", "media": [HASH]})
    assert said == Told((), (Belonging(photo, raw("a")),))


def test_a_request_for_backup_and_a_mistake_belong_to_what_they_follow() -> None:
    for event_type, name in (("backup.requested", "incident"), ("duress.mistaken", "duress")):
        said = told(type=f"ronda.{event_type}.v1", data={name: an_id("first")})
        assert said == Told((), (Belonging(raw("a"), raw("first")),))
    assert told(type="ronda.backup.requested.v1", data={}) is None
    assert told(type="ronda.visit.checked_out.v1", data={"incident": an_id("first")}) is None


@given(
    role=st.sampled_from(ROLES),
    roles=st.lists(st.sampled_from(ROLES), max_size=3),
    within=st.sampled_from(["", "polda-jatim", UNIT, POLSEK, f"{POLSEK}/pos", f"{UNIT}/polsek"]),
    hidden_from=st.lists(st.sampled_from([UNIT, POLSEK, f"{UNIT}/polsek"]), max_size=2),
    is_top=st.booleans(),
)
def test_only_a_named_role_outside_of_the_hidden_unit_may_know(
    role: str, roles: list[str], within: str, hidden_from: list[str], is_top: bool
) -> None:
    rule = Rule(b"", tuple(roles), tuple(hidden_from))
    of_the_unit = any(within.split("/")[: len(u.split("/"))] == u.split("/") for u in hidden_from)
    by_role = not roles or role in roles or role == "auditor"
    expected = by_role and (is_top or not of_the_unit)
    assert may_know(rule, asking(role, within, is_top=is_top)) == expected
    assert may_know(rule, asking(None, within))


def test_a_photo_names_no_other() -> None:
    assert told("photo", type="ronda.media.stored.v1", data={"media": [HASH]}) is None
