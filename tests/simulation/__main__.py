"""`python -m tests.simulation`: plays random histories of the alerts engine, over all cores.

Exit 0 where everything held, 1 where something did not: the seed is printed, and `--seed` plays it
again.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor

import structlog

from tests.simulation.bugs import BUGS
from tests.simulation.history import STEPS, Violation, play
from tests.unit.alerts.engine import Engine

CHUNK = 100
MOST_SHOWN = 5


def played(seeds: Sequence[int], bug: str | None, steps: int) -> list[str]:
    """Plays some histories; what did not hold, in words."""
    engine = BUGS[bug] if bug else Engine
    found = []
    for seed in seeds:
        try:
            play(seed, engine, steps)
        except Violation as violation:
            found.append(str(violation))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Plays, and reports; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--histories", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one history only")
    parser.add_argument("--bug", choices=sorted(BUGS), help="play on an engine with this bug")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    wanted = parser.parse_args(arguments)
    _in_silence()
    if wanted.seed is not None:
        play(wanted.seed, BUGS[wanted.bug] if wanted.bug else Engine, wanted.steps)
        return 0
    seeds = range(wanted.first, wanted.first + wanted.histories)
    chunks = [seeds[start : start + CHUNK] for start in range(0, len(seeds), CHUNK)]
    began, found = time.monotonic(), []
    with ProcessPoolExecutor(wanted.processes, initializer=_in_silence) as pool:
        results = [pool.submit(played, chunk, wanted.bug, wanted.steps) for chunk in chunks]
        for number, result in enumerate(results, start=1):
            found += result.result()
            _progress(number / len(chunks), len(found))
    _report(found, len(seeds), time.monotonic() - began)
    return 1 if found else 0


def _in_silence() -> None:
    """What is seeded to go wrong need not be logged."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def _progress(share: float, violations: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{share:4.0%}, {violations} violations", end="", file=sys.stderr)


def _report(found: Iterable[str], histories: int, seconds: float) -> None:
    found = list(found)
    for violation in found[:MOST_SHOWN]:
        print(violation)
    print(f"{histories} histories in {seconds:.1f} s: {len(found)} violations")


if __name__ == "__main__":
    sys.exit(main())
