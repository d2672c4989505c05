"""A whole run: the ground, one figure after the other, the machine."""

from collections.abc import Sequence
from typing import Literal

from psycopg import AsyncConnection

from ronda.bench import chain, drain, growth, ingest, record
from ronda.bench.figures import Figure, Timing
from ronda.bench.ground import Extent, Ground, Step, ground
from ronda.bench.machine import describe
from ronda.bench.report import Run
from shared.clock import system_clock

What = Literal["ingest", "archive", "alert", "growth", "read", "verify"]
EVERYTHING: tuple[What, ...] = ("ingest", "archive", "alert")
"""What takes minutes; the others take many, and are asked for by name."""


def steps(what: Sequence[What], pairs: int) -> int:
    """How many steps `run` will tell of, for a progress bar."""
    own = {
        "ingest": 1 + len(ingest.WAYS) * (1 + pairs),
        "archive": 1 + pairs,
        "alert": pairs,
        "growth": 2 + pairs,
        "read": 1 + record.DAYS_IN_A_PAIR * pairs,
        "verify": 1 + pairs,
    }
    return 1 + sum(own[each] for each in what)


async def run(what: Sequence[What], extent: Extent, *, command: str, step: Step) -> Run:
    """Measures; raises `BenchError` or `StackError`, and leaves nothing running."""
    async with ground(extent, step) as there:
        machine = describe(postgres=await _postgres_version(there))
        figures: list[Figure] = []
        timings: list[Timing] = []
        for each in what:
            for found in await _measured(each, there):
                if isinstance(found, Timing):
                    timings.append(found)
                else:
                    figures.append(found)
    return Run(
        command=command, at=system_clock(), machine=machine, figures=figures, timings=timings
    )


async def _measured(what: What, there: Ground) -> Sequence[Figure | Timing]:
    match what:
        case "ingest":
            return await ingest.measure(there)
        case "archive":
            return [await drain.measure(there)]
        case "alert":
            return [await chain.measure(there)]
        case "growth":
            return [await growth.measure(there)]
        case "read":
            return [await record.measure_reading(there)]
        case "verify":
            return [await record.measure_verifying(there)]


async def _postgres_version(there: Ground) -> str:
    async with await AsyncConnection.connect(there.postgres.url()) as connection:
        row = await (await connection.execute("SHOW server_version")).fetchone()
    return str(row[0]).split()[0] if row else "unknown"
