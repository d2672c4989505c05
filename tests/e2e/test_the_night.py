"""The whole system as its users meet it: the demo, and services killed while reports come in."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.faults.checker import check
from tests.faults.harness import drained, load_of
from tests.faults.load import Ledger
from tests.faults.witness import gather
from tests.faults.world import world


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "options", [[], pytest.param(["--faults"], marks=pytest.mark.faults)], ids=["quiet", "faults"]
)
async def test_the_demo_plays_the_night_and_sees_every_step_in_the_services(
    options: list[str],
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ronda",
        "demo",
        "--exit",
        *options,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    told = output.decode()
    assert process.returncode == 0, told
    assert "expected steps were observed in the services" in told
    story, _, _ = told.partition("The night in figures")
    assert "✗" not in story


@pytest.mark.timeout(240)
async def test_killing_alerts_and_archive_in_the_middle_loses_nothing_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, print) as place:
        with Ledger(tmp_path / "ledger.ndjson") as ledger:
            load = load_of(place, ledger, events=500, rate=100, seed=11)
            over = asyncio.Event()
            async with asyncio.TaskGroup() as together:
                together.create_task(load.run(over))
                for service in ("alerts", "archive"):
                    await place.kill_service(service)
                over.set()
            await drained(place)
            verdict = check(await gather(place, ledger.promises))
    assert len(ledger.promises) >= 500
    assert verdict.clean, verdict
