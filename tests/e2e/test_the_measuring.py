"""A short run of the benchmarks: it measures all that it should, and judges nothing by it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest


@pytest.mark.faults
@pytest.mark.timeout(600)
async def test_a_short_run_of_the_benchmarks_finds_a_figure_for_everything(tmp_path: Path) -> None:
    found = tmp_path / "figures.json"
    extent = ("--pairs=1", "--seconds=1", "--events=20000")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ronda", "bench", "all", *extent, f"--json={found}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    figures = {figure["name"]: figure for figure in json.loads(found.read_bytes())["figures"]}
    assert set(figures) == {"ingest_single", "ingest_batch", "archive_drain", "report_to_webhook"}
    for figure in figures.values():
        (pair,) = figure["pairs"]
        assert all(pair[side]["rate"] > 0 for side in ("ours", "floor")), figure
