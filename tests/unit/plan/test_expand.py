"""From rules to visits: the same day gives the same visits, whoever expands it and how often."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.plan.expand import expand, local_moment
from shared.plan.model import DueVisit, Phase, Plan, Shift, Situation, VisitRule
from tests.unit.plan.plans import rule, site, small_plan

AS_PLANNED = Situation()
ELECTION_DAY = date(2024, 2, 14)
# Half an hour or an hour forward and back, at night, at midnight, and a day that never was.
RESTLESS_ZONES = (
    "Africa/Cairo",
    "America/Nuuk",
    "Asia/Jakarta",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
)

times = st.lists(
    st.times().map(lambda at: at.replace(microsecond=0)), min_size=1, max_size=6, unique=True
)
rules = st.builds(
    VisitRule,
    id=st.sampled_from(["pagi", "malam", "kontrol"]),
    at=times,
    grace_s=st.integers(0, 3600),
    opens_before_s=st.integers(0, 3600),
    site_types=st.lists(st.sampled_from(["office", "polling_station"]), unique=True),
    risk_classes=st.lists(st.sampled_from(["rawan", "kurang_rawan"]), unique=True),
)
sites = st.builds(
    site,
    st.sampled_from(["a", "b", "c", "d"]),
    kind=st.sampled_from(["office", "polling_station"]),
    risk_class=st.sampled_from(["rawan", "kurang_rawan"]),
)
shifts = st.builds(
    Shift,
    id=st.sampled_from(["s1", "s2", "s3"]),
    crew=st.sampled_from(["R-07", "R-11", "R-21"]),
    unit=st.just("polres"),
    members=st.just(["p-1"]),
    starts=st.times(),
    ends=st.times(),
    sites=st.lists(st.sampled_from(["a", "b", "c", "d"]), unique=True),
)
plans = st.builds(
    small_plan,
    shifts=st.lists(shifts, unique_by=lambda shift: shift.id),
    sites=st.lists(sites, unique_by=lambda site: site.id),
    visit_rules=st.lists(rules, unique_by=lambda rule: rule.id),
    timezone=st.sampled_from(RESTLESS_ZONES),
)
# Around the days when the clocks of those zones jumped in 2024, and Apia's lost day of 2011.
days = st.one_of(
    st.dates(date(2024, 1, 1), date(2024, 12, 31)),
    st.sampled_from([date(2024, 3, 30), date(2024, 3, 31), date(2024, 4, 26), date(2024, 10, 27)]),
    st.dates(date(2011, 12, 28), date(2012, 1, 2)),
)


@given(plans, days)
def test_no_two_visits_of_neighbouring_days_share_an_id(plan: Plan, day: date) -> None:
    visits = [
        visit
        for offset in (-1, 0, 1)
        for visit in expand(plan, AS_PLANNED, day + timedelta(days=offset))
    ]
    assert len({visit.id for visit in visits}) == len(visits)


@given(plans, days)
def test_every_visit_is_due_within_its_day_in_local_time(plan: Plan, day: date) -> None:
    for visit in expand(plan, AS_PLANNED, day):
        assert visit.due_at.astimezone(plan.timezone).date() == day
        assert visit.due_at.utcoffset() == visit.due_at.astimezone(plan.timezone).utcoffset()


@given(plans, days, st.randoms(use_true_random=False))
def test_the_order_of_rows_decides_nothing(plan: Plan, day: date, random: Random) -> None:
    other = msgspec.structs.replace(
        plan,
        sites=random.sample(plan.sites, len(plan.sites)),
        visit_rules=random.sample(plan.visit_rules, len(plan.visit_rules)),
        shifts=random.sample(plan.shifts, len(plan.shifts)),
    )
    assert expand(other, AS_PLANNED, day) == expand(plan, AS_PLANNED, day)


@given(plans, days)
def test_each_time_of_a_rule_is_one_visit_of_each_site_it_covers(plan: Plan, day: date) -> None:
    never_was = plan.operation.timezone == "Pacific/Apia" and day == date(2011, 12, 30)
    expected = (
        0
        if never_was
        else sum(
            len(rule.at)
            for rule in plan.visit_rules
            for site in plan.sites
            if (not rule.site_types or site.type in rule.site_types)
            and (not rule.risk_classes or site.risk_class in rule.risk_classes)
        )
    )
    assert len(expand(plan, AS_PLANNED, day)) == expected


@given(plans, days)
def test_a_window_is_as_long_as_the_rule_says_whatever_the_clocks_do(plan: Plan, day: date) -> None:
    by_id = {rule.id: rule for rule in plan.visit_rules}
    for visit in expand(plan, AS_PLANNED, day):
        rule = by_id[visit.rule]
        assert (visit.due_at - visit.opens_at).total_seconds() == rule.opens_before_s
        assert (visit.grace_until - visit.due_at).total_seconds() == rule.grace_s


def visits_of(plan: Plan, day: date = ELECTION_DAY, **situation: Any) -> list[DueVisit]:
    return expand(plan, Situation(**situation), day)


def test_a_visit_in_tuban_is_due_at_the_local_time_of_its_rule() -> None:
    (visit,) = visits_of(small_plan(visit_rules=[rule("pagi", "07:30")]))

    assert visit.due_at.isoformat() == "2024-02-14T07:30:00+07:00"
    assert visit.due_at == datetime(2024, 2, 14, 0, 30, tzinfo=UTC)


def test_a_time_that_the_clocks_skip_moves_by_the_jump_and_stays_in_its_day() -> None:
    berlin, nuuk = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Nuuk")

    skipped = local_moment(date(2024, 3, 31), time(2, 30), berlin)
    assert skipped == datetime(2024, 3, 31, 1, 30, tzinfo=UTC)  # 03:30 in summer time
    before_midnight = local_moment(date(2024, 3, 30), time(23, 30), nuuk)
    assert before_midnight == datetime(2024, 3, 31, 0, 30, tzinfo=UTC)  # 22:30, the same day


def test_a_window_across_a_jump_is_open_as_long_as_any_other() -> None:
    early = msgspec.structs.replace(rule("dini", "03:10"), opens_before_s=1800, grace_s=900)
    plan = small_plan(timezone="Europe/Berlin", visit_rules=[early])
    (visit,) = visits_of(plan, date(2024, 3, 31))

    assert visit.opens_at == datetime(2024, 3, 31, 0, 40, tzinfo=UTC)
    assert visit.due_at - visit.opens_at == timedelta(seconds=1800)


def test_of_a_time_that_comes_twice_the_first_counts() -> None:
    moment = local_moment(date(2024, 10, 27), time(2, 30), ZoneInfo("Europe/Berlin"))

    assert moment == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)


def test_two_times_that_a_jump_makes_one_moment_stay_two_visits() -> None:
    plan = small_plan(timezone="Europe/Berlin", visit_rules=[rule("malam", "02:30", "03:30")])
    first, second = visits_of(plan, date(2024, 3, 31))

    assert first.due_at == second.due_at
    assert first.id != second.id


def phases() -> list[Phase]:
    def phase(code: str, starts: int, ends: int) -> Phase:
        return Phase(code=code, name=code, starts=date(2024, 2, starts), ends=date(2024, 2, ends))

    return [phase("counting", 14, 15), phase("voting", 14, 14)]


@pytest.mark.parametrize(
    ("day", "situation", "due"),
    [
        (13, {}, {"always"}),
        (14, {}, {"always", "voting"}),  # the later row wins where two overlap
        (15, {}, {"always", "counting"}),
        (16, {}, {"always"}),
        (16, {"phase": "voting"}, {"always", "voting"}),
        (14, {"phase": "counting"}, {"always", "counting"}),
        (13, {"logistics_stage": "ballots"}, {"always", "ballots"}),
        (13, {"logistics_stage": "boxes"}, {"always"}),
    ],
)
def test_the_phase_of_the_calendar_decides_unless_the_posko_has_set_another(
    day: int, situation: dict[str, str], due: set[str]
) -> None:
    in_phase = [
        msgspec.structs.replace(rule(code, "10:00"), phases=[code])
        for code in ("voting", "counting")
    ]
    in_stage = msgspec.structs.replace(rule("ballots", "11:00"), logistics_stages=["ballots"])
    plan = small_plan(phases=phases(), visit_rules=[rule("always", "09:00"), in_stage, *in_phase])

    assert {visit.rule for visit in visits_of(plan, date(2024, 2, day), **situation)} == due


def test_a_rule_asks_only_for_the_sites_that_pass_all_its_filters() -> None:
    picky = msgspec.structs.replace(
        rule("pagi", "07:00"),
        site_types=["office"],
        risk_classes=["rawan"],
        sites=["a", "b", "c"],
    )
    here = [
        site("a"),
        site("b", risk_class="khusus"),
        site("c", kind="polling_station"),
        site("d"),
    ]
    plan = small_plan(sites=here, visit_rules=[picky])

    assert [visit.site for visit in visits_of(plan)] == ["a"]


def test_a_visit_falls_to_the_crew_whose_shift_has_the_site_at_that_hour() -> None:
    def shift(name: str, starts: int, ends: int, *sites: str) -> Shift:
        return Shift(
            id=name,
            crew=name.upper(),
            unit="polres",
            members=["p-1"],
            starts=time(starts),
            ends=time(ends),
            sites=list(sites),
        )

    plan = small_plan(
        sites=[site("kantor"), site("jauh")],
        shifts=[shift("siang", 7, 19, "kantor"), shift("malam", 19, 7, "kantor")],
        visit_rules=[
            rule("kontrol", "06:59", "07:00", "18:59", "19:00"),
            rule("padal", "12:00", crew="PADAL"),
        ],
    )
    crews = {(v.site, f"{v.due_at:%H:%M}"): v.crew for v in visits_of(plan)}

    assert crews == {
        ("kantor", "06:59"): "MALAM",
        ("kantor", "07:00"): "SIANG",
        ("kantor", "12:00"): "PADAL",
        ("kantor", "18:59"): "SIANG",
        ("kantor", "19:00"): "MALAM",
        ("jauh", "06:59"): None,
        ("jauh", "07:00"): None,
        ("jauh", "12:00"): "PADAL",
        ("jauh", "18:59"): None,
        ("jauh", "19:00"): None,
    }
