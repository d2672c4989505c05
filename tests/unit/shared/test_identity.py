"""Event ids."""

import re
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from shared.events.identity import UUID7_PATTERN, derived_id, id_time_ms, new_id

moments = st.integers(min_value=0, max_value=7_000_000_000_000).map(
    lambda milliseconds: datetime.fromtimestamp(milliseconds / 1000, tz=UTC)
)


@given(at=moments)
def test_an_id_is_a_uuid_of_version_7_that_carries_its_moment(at: datetime) -> None:
    made = UUID(new_id(at))
    assert made.version == 7
    assert made.variant == RFC_4122
    assert abs(id_time_ms(str(made)) - at.timestamp() * 1000) <= 1


def test_the_layout_is_that_of_rfc_9562_appendix_a_6() -> None:
    # 017F22E2-79B0-7CC3-98C4-DC0C0C07398F is of Tuesday, February 22, 2022 2:22:22.00 PM GMT-05:00.
    at = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert new_id(at).startswith("017f22e2-79b0-7")
    assert id_time_ms("017f22e2-79b0-7cc3-98c4-dc0c0c07398f") == at.timestamp() * 1000


@given(at=moments, parts=st.lists(st.text(max_size=20), max_size=4))
def test_the_same_cause_has_the_same_id_and_another_cause_has_another(
    at: datetime, parts: list[str]
) -> None:
    assert derived_id(at, *parts) == derived_id(at, *parts)
    assert derived_id(at, *parts) != derived_id(at, *parts, "more")


def test_ids_made_one_after_the_other_differ_and_sort_by_time() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    ids = [new_id(start + timedelta(milliseconds=step)) for step in range(100)]
    assert ids == sorted(ids)
    assert len({new_id(start) for _ in range(100)}) == 100


def test_the_pattern_refuses_other_versions_and_upper_case() -> None:
    assert re.match(UUID7_PATTERN, new_id(datetime.now(UTC)))
    assert not re.match(UUID7_PATTERN, "017f22e2-79b0-4cc3-98c4-dc0c0c07398f")
    assert not re.match(UUID7_PATTERN, "017F22E2-79B0-7CC3-98C4-DC0C0C07398F")
