"""The figures about the alarms themselves."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from services.alerts.domain.performance import Figure, Line, Sent, Told, performance
from shared.events.samples import samples
from shared.events.watch import JournalEntry, JournalKind
from shared.events.watch_samples import ENTRY

START = datetime(2024, 2, 12, 12, 0, tzinfo=UTC)
END = START + timedelta(hours=8)


def told(minutes: float = 0, **changes: Any) -> Told:
    values: dict[str, Any] = {
        "id": str(minutes),
        "severity": "sedang",
        "category": "suspicious_person",
        "site": "kpu",
        "site_name": "Kantor KPU",
        "received_at": START + timedelta(minutes=minutes),
        "raised_at": START + timedelta(minutes=minutes),
        "acknowledged_at": None,
        "closed_at": None,
        "outcome": None,
        "dispatches": [],
        "timeline": [],
    }
    return Told(**(values | changes))


def figure(name: str, *alerts: Told, operators: int = 1) -> Figure:
    found = performance(alerts, START, END, operators=operators).figures
    return next(each for each in found if each.id == name)


def test_an_alert_as_it_is_stored_has_all_that_the_figures_need() -> None:
    sample: Any = samples()["ronda.alert.raised.v1"]
    stored = msgspec.json.encode(sample.data)
    assert msgspec.json.decode(stored, type=Told).severity == "tinggi"


def test_a_quiet_shift_is_within_all_aims() -> None:
    levels = {each.level for each in performance([], START, END).figures}
    assert levels == {"aim", "none"}
    assert len(performance([], START, END).per_10min) == 48


def test_ten_new_alerts_in_ten_minutes_are_a_flood_for_one_operator_and_not_for_two() -> None:
    ten = [told(minute) for minute in range(10)]
    assert figure("flood_share", *ten).value == 1 / 48
    assert figure("flood_share", *ten, operators=2).value == 0
    assert figure("worst_10min", *ten).value == 10


def test_taken_in_time_counts_what_was_taken_late_and_what_nobody_took() -> None:
    taken = told(severity="kritis", acknowledged_at=START + timedelta(seconds=9))
    late = told(severity="tinggi", acknowledged_at=START + timedelta(seconds=15))
    never = told(1, severity="kritis")
    fresh = told(8 * 60 - 0.1, severity="kritis")
    assert figure("taken_10s", taken, late, never, fresh).value == 1 / 3
    assert figure("taken_20s", taken, late, never, fresh).value == 2 / 3


def test_a_crew_has_longer_for_a_longer_way() -> None:
    def arrived(minutes: float, distance_m: float) -> Told:
        at = START + timedelta(minutes=minutes)
        return told(dispatches=[Sent(at=START, arrived_at=at, distance_m=distance_m)])

    assert figure("arrived", arrived(9, 100), arrived(14, 6_000), arrived(24, 12_000)).value == 1
    assert figure("arrived", arrived(11, 100), arrived(16, 6_000), arrived(26, 12_000)).value == 0


def test_an_alert_that_was_raised_late_gives_its_crew_no_longer() -> None:
    at = START + timedelta(minutes=11)
    late = told(1, received_at=START, dispatches=[Sent(at=START, arrived_at=at, distance_m=0)])
    assert figure("arrived", late).value == 0


def test_climbs_expiries_and_last_steps_are_read_from_the_story() -> None:
    story = [Line(at=START, what=what) for what in ("escalated", "ack_expired", "repeated")]
    some = [told(timeline=story), told(1)]
    assert figure("climbed", *some).value == 0.5
    assert figure("ack_expired", *some).value == 0.5
    assert figure("last_step", *some).level == "act"


def test_three_of_a_kind_at_one_place_within_a_quarter_of_an_hour_are_a_repeat() -> None:
    assert figure("repeats", told(0), told(7), told(15)).value == 1
    assert figure("repeats", told(0), told(7), told(16)).value == 0
    assert figure("repeats", told(0), told(7), told(15, site="bawaslu")).value == 0


def test_shares_of_few_alerts_are_not_judged() -> None:
    grave = [told(n, severity="kritis") for n in range(19)]
    assert figure("share_kritis", *grave).level == "none"
    assert figure("share_kritis", *grave, told(20, severity="kritis")).level == "act"


def lasting(kind: JournalKind, minute: float, seconds: int) -> JournalEntry:
    return replace(ENTRY, kind=kind, at=START + timedelta(minutes=minute), seconds=seconds)


def minutes_of(kind: JournalKind, *journal: JournalEntry) -> float:
    made = performance([], START, END, journal=journal)
    [value] = [each.value for each in made.figures if each.id == f"minutes_{kind}"]
    assert value is not None
    return value


def test_minutes_of_silence_and_of_blindness_come_from_the_journal() -> None:
    journal = [lasting("silence", 10, 30), lasting("silence", 20, 60), lasting("blind", 30, 120)]
    made = performance([], START, END, journal=[*journal, ENTRY])
    values = {each.id: (each.value, each.level) for each in made.figures}
    assert values["minutes_silence"] == (1.5, "none")
    assert values["minutes_blind"] == (2, "act")


def test_what_holds_on_several_screens_at_once_is_counted_once() -> None:
    # Blindness is written down when it ends, a silence when it begins.
    assert minutes_of("blind", lasting("blind", 10, 180), lasting("blind", 11, 180)) == 4
    assert minutes_of("silence", lasting("silence", 10, 60), lasting("silence", 10.5, 60)) == 1.5


def test_what_began_before_the_window_counts_from_its_start() -> None:
    assert minutes_of("blind", lasting("blind", 2, 600)) == 2


@given(st.lists(st.tuples(st.floats(0, 400), st.integers(0, 4_000)), min_size=1, max_size=12))
def test_merged_minutes_are_at_least_the_longest_and_at_most_the_sum_and_the_window(
    spans: list[tuple[float, int]],
) -> None:
    journal = [lasting("silence", minute, seconds) for minute, seconds in spans]
    merged = minutes_of("silence", *journal)
    lengths = [min(seconds / 60, 480 - minute) for minute, seconds in spans]
    assert max(lengths) - 1e-6 <= merged <= min(480, sum(lengths)) + 1e-6
    assert minutes_of("silence", *journal, *journal) == merged


def test_what_stands_for_a_day_is_named_although_it_was_raised_before_the_window() -> None:
    old = told(-3_000)
    made = performance([told(1)], START, END, standing=[old])
    assert made.standing == [old.id]
    assert next(each for each in made.figures if each.id == "standing").value == 1


@given(st.lists(st.floats(0, 479.9), max_size=60), st.integers(1, 5))
def test_every_alert_is_in_exactly_one_span_and_one_source(
    minutes: list[float], operators: int
) -> None:
    made = performance([told(m) for m in sorted(minutes)], START, END, operators=operators)
    assert sum(span.count for span in made.per_10min) == len(minutes)
    assert sum(source.count for source in made.sources) == len(minutes)
    for each in made.figures:
        assert each.value is None or each.value >= 0
        assert each.unit != "share" or each.value is None or each.value <= 1
