"""What the posko changes of the plan: from that minute, until it ends, whatever plan comes."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from shared.events.identity import derived_id
from shared.events.situation import SituationChange, SituationChanged
from shared.plan.expand import expand
from shared.plan.in_force import in_force
from shared.plan.model import Contact, Person, Situation, VisitRule
from shared.plan.pieces import to_events
from shared.plan.situation import SituationFold
from tests.unit.plan.plans import rule, site, small_plan

NOON = datetime(2024, 1, 10, 5, 0, tzinfo=UTC)


def changed(
    what: Any, value: str | None, *, of: str | None = None, **over: Any
) -> SituationChanged:
    at = over.pop("time", NOON)
    return SituationChanged(
        specversion="1.0",
        id=derived_id(at, what, str(of), str(value)),
        source="/ronda/test",
        time=at,
        data=SituationChange(what=what, value=value, of=of, by="Teladan", reason="uji", **over),
    )


def folded(*events: SituationChanged) -> SituationFold:
    fold = SituationFold()
    for event in events:
        assert fold.feed(event)
    return fold


def test_overrides_stand_beside_each_other_and_the_newest_of_one_thing_counts() -> None:
    fold = folded(
        changed("phase", "voting"),
        changed("site_class", "khusus", of="kantor"),
        changed("stand_in", "p-2", of="p-1"),
        changed("logistics_stage", "ballots"),
        changed("logistics_stage", "packed", time=NOON + timedelta(minutes=1)),
    )
    assert fold.at(NOON + timedelta(hours=1)) == Situation(
        phase="voting",
        logistics_stage="packed",
        site_classes={"kantor": "khusus"},
        stand_ins={"p-1": "p-2"},
    )


def test_an_override_ends_at_its_time_by_a_change_to_nothing_or_when_all_are_cleared() -> None:
    until = NOON + timedelta(hours=2)
    fold = folded(changed("phase", "voting", until=until))
    assert fold.at(until - timedelta(seconds=1)).phase == "voting"
    assert fold.at(until).phase is None
    assert fold.since(until - timedelta(seconds=1)) == NOON
    assert fold.since(until) == until, "its end changes what visits are demanded"

    later = NOON + timedelta(minutes=5)
    fold = folded(changed("phase", "voting"), changed("phase", None, time=later))
    assert fold.at(later) == Situation()

    cleared = changed("everything", None, time=later)
    fold = folded(changed("phase", "voting"), changed("logistics_stage", "ballots"), cleared)
    assert fold.at(later) == Situation()
    assert fold.since(later) == later


def test_a_repeat_that_comes_late_brings_nothing_old_back() -> None:
    first = changed("phase", "voting")
    second = changed("phase", "counting", time=NOON + timedelta(minutes=1))
    assert folded(first, second, first).at(NOON + timedelta(hours=1)).phase == "counting"


def test_nothing_else_on_the_topic_is_taken_for_a_change() -> None:
    fold = SituationFold()
    assert not any(map(fold.feed, to_events(small_plan(), NOON, "/ronda/test", "p-1")))
    assert fold.since(NOON) is None


def test_a_site_of_another_class_is_visited_by_the_rules_of_that_class() -> None:
    often = VisitRule(
        id="sering", at=rule("x", "08:00", "16:00").at, grace_s=60, risk_classes=["sangat_rawan"]
    )
    plan = small_plan(sites=[site("kantor"), site("pos")], visit_rules=[often])
    day = date(2024, 1, 10)
    assert expand(plan, Situation(), day) == []
    visits = expand(plan, Situation(site_classes={"kantor": "sangat_rawan"}), day)
    assert [visit.site for visit in visits] == ["kantor", "kantor"]
    assert in_force(plan, Situation(site_classes={"hilang": "khusus"})).sites == plan.sites


def test_whoever_stands_in_holds_the_post_and_is_called_beside_the_duty_phone() -> None:
    plan = small_plan()
    holder = replace(plan.posts[0], holder="p-1")
    deputy = Person(
        id="p-2",
        name="Laras",
        rank="Ipda",
        unit="polres",
        role="officer",
        contacts=[Contact(channel="log", address="laras")],
    )
    plan = replace(plan, posts=[holder], people=[*plan.people, deputy])

    post = in_force(plan, Situation(stand_ins={"p-1": "p-2"})).posts[0]
    assert post.holder == "p-2"
    assert [contact.address for contact in post.contacts] == ["padal", "laras"]

    circle = in_force(plan, Situation(stand_ins={"p-1": "p-2", "p-2": "p-1"}))
    assert circle.posts[0].holder in {"p-1", "p-2"}, "two who stand in for each other end too"
