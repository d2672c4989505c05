"""Every process is killed while reports come in, and every promise is kept."""

from pathlib import Path

import pytest

from tests.faults.harness import run


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_nothing_is_lost_doubled_early_or_forgotten_while_everything_is_killed(
    tmp_path: Path,
) -> None:
    figures = await run(tmp_path, events=4000, kills=14, rate=60, seed=20260214, say=print)
    assert figures.verdict.clean, figures.as_json()
    assert figures.events >= 4000
    assert figures.kills >= 14
    assert figures.alerts > 0
    assert figures.provider_refused > 0
