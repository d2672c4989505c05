"""Who is told: the post that answers for the unit, over each of its contacts, each named once."""

from services.alerts.domain.paging import names, posts_held_by, recipients
from shared.plan.model import Contact
from tests.builders import POLRES, POLSEK, POSTS, TELEGRAM, a_plan, a_post

KAPOLSEK = a_post(
    "kapolsek",
    "Kapolsek Contoh",
    id="kapolsek-soko",
    unit=POLSEK,
    contacts=[
        Contact(channel=TELEGRAM, address="a"),
        Contact(channel=TELEGRAM, address="b"),
        Contact(channel="log", address="c"),
    ],
)
PLAN = a_plan(posts=[*POSTS, KAPOLSEK])


def test_a_post_of_the_unit_is_told_over_all_its_contacts() -> None:
    told = recipients(PLAN, ["kapolsek"], POLSEK, None)

    assert [(each.channel, each.address, each.route) for each in told] == [
        (TELEGRAM, "a", TELEGRAM),
        (TELEGRAM, "b", f"{TELEGRAM}.2"),
        ("log", "c", "log"),
    ]


def test_a_unit_without_the_post_is_answered_for_by_the_one_above() -> None:
    told = recipients(PLAN, ["operator"], POLSEK, None)

    assert {each.post for each in told} == {"operator"}


def test_a_unit_above_is_not_answered_for_by_one_below() -> None:
    assert recipients(PLAN, ["kapolsek"], POLRES, None) == ()


def test_a_held_post_is_told_under_the_holders_name_and_another_under_its_own() -> None:
    told = recipients(PLAN, ["padal", "kasat"], POLRES, None)

    assert {each.person for each in told} == {"Iptu Teladan", "Kasat Samapta"}
    assert names(told) == "Padal, Kasat Samapta"


def test_two_kinds_that_are_one_post_are_told_once() -> None:
    told = recipients(PLAN, ["operator", "operator"], POLRES, None)

    assert len(told) == 2


def test_what_is_not_live_reaches_the_log_alone() -> None:
    told = recipients(PLAN, ["kapolsek"], POLSEK, "exercise")

    assert [(each.channel, each.address) for each in told] == [("log", "kapolsek-soko")]


def test_a_post_without_contacts_reaches_nobody_not_even_in_an_exercise() -> None:
    plan = a_plan(posts=[a_post("operator", "Operator", contacts=[])])

    assert recipients(plan, ["operator"], POLRES, None) == ()
    assert recipients(plan, ["operator"], POLRES, "exercise") == ()


def test_a_person_is_found_by_the_posts_that_they_hold() -> None:
    assert {each.post for each in posts_held_by(PLAN, "p-2001", None)} == {"padal"}
    assert posts_held_by(PLAN, "p-9", None) == ()


def test_nobody_has_no_name() -> None:
    assert names(()) is None
