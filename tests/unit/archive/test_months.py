"""Which partitions are made ahead."""

from datetime import UTC, datetime, timedelta, timezone

from services.archive.adapters.months import months


def test_months_are_made_from_this_one_on_over_the_turn_of_the_year() -> None:
    made = months(datetime(2026, 11, 23, 14, 0, tzinfo=UTC), ahead=2)
    assert [f"{start:%Y-%m-%d} {end:%Y-%m-%d}" for start, end in made] == [
        "2026-11-01 2026-12-01",
        "2026-12-01 2027-01-01",
        "2027-01-01 2027-02-01",
    ]


def test_a_month_begins_at_midnight_in_utc_wherever_the_server_stands() -> None:
    in_tuban = datetime(2026, 12, 1, 6, 0, tzinfo=timezone(timedelta(hours=7)))
    assert months(in_tuban)[0][0] == datetime(2026, 11, 1, tzinfo=UTC)
