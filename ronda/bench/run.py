"""A whole run: the ground, one figure after the other, the machine."""

from collections.abc import Sequence
from typing import Literal

from psycopg import AsyncConnection

from ronda.bench import chain, drain, growth, ingest
from ronda.bench.figures import Figure
from ronda.bench.ground import Extent, Ground, Step, ground
from ronda.bench.machine import describe
from ronda.bench.report import Run
from shared.clock import system_clock

What = Literal["ingest", "archive", "alert", "growth"]
EVERYTHING: tuple[What, ...] = ("ingest", "archive", "alert")
"""What takes minutes; `growth` takes many, and is asked for by name."""


def steps(what: Sequence[What], pairs: int) -> int:
    """How many steps `run` will tell of, for a progress bar."""
    own = {
        "ingest": 1 + len(ingest.WAYS) * (1 + pairs),
        "archive": 1 + pairs,
        "alert": pairs,
        "growth": 2 + pairs,
    }
    return 1 + sum(own[each] for each in what)


async def run(what: Sequence[What], extent: Extent, *, command: str, step: Step) -> Run:
    """Measures; raises `BenchError` or `StackError`, and leaves nothing running."""
    async with ground(extent, step) as there:
        machine = describe(postgres=await _postgres_version(there))
        figures: list[Figure] = []
        for each in what:
            figures += await _figures(each, there)
    return Run(command=command, at=system_clock(), machine=machine, figures=figures)


async def _figures(what: What, there: Ground) -> list[Figure]:
    match what:
        case "ingest":
            return await ingest.measure(there)
        case "archive":
            return [await drain.measure(there)]
        case "alert":
            return [await chain.measure(there)]
        case "growth":
            return [await growth.measure(there)]


async def _postgres_version(there: Ground) -> str:
    async with await AsyncConnection.connect(there.postgres.url()) as connection:
        row = await (await connection.execute("SHOW server_version")).fetchone()
    return str(row[0]).split()[0] if row else "unknown"
