"""`python -m tests.integration.archive.mutating`: a thousand changes that a superuser makes.

Each change is made in a transaction that is taken back, and both checks look: `verify`, and the
program that travels inside an export. Between them the archive that nobody changed is checked too.

Exit 0 where each change was seen and nothing else was, 1 where not.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from ronda.stack.postgres import EmbeddedPostgres
from services.archive.adapters.evidence import verifier
from services.archive.adapters.evidence.erasing import Act, PostgresErasure
from services.archive.adapters.evidence.holding import PostgresHolds
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.months import make_months
from services.archive.migrations import upgrade
from shared import database
from tests.integration.archive.mutations import KINDS, mutate
from tests.integration.archive.sealed import SealedArchive, superuser, verdict
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, an_event, an_id

SEED = 53
BEFORE = NIGHT - timedelta(days=70)
LATER = NIGHT + timedelta(hours=6)
ACT = Act("permintaan pemilik data", "putusan 7/2026", "request", "kabag-ops")


class Tally(NamedTuple):
    """What came of it: changes by kind, those that were not seen and by which check, and how often
    an archive was called damaged that nobody had changed."""

    made: Counter[str]
    unseen: Sequence[str]
    checks: int
    false_alarms: int


async def fill(archive: SealedArchive) -> None:
    """An archive with all that there may be in one: repeats, contradictions, refused evidence, a
    retired month, erased events, two checkpoints that were told of, and a tail."""
    await make_months(archive.engine, BEFORE)
    await make_months(archive.engine, NIGHT)
    await archive.archive_audit([an_event(f"old{number}") for number in range(5)], BEFORE)
    await archive.fill(9)
    await archive.store.keep([a_batch(*accusations(), topic="ronda.incident", partition=4)], NIGHT)
    await archive.seal()
    await archive.announce(NIGHT + timedelta(minutes=1))
    holds = PostgresHolds(archive.engine)
    await holds.retire(BEFORE, "masa simpan habis", "kapolres", "kabag-ops", NIGHT)
    erasure = PostgresErasure(archive.engine)
    for name in ("e2", "e5", "e7", "e11"):
        await erasure.event(an_id(name), ACT, NIGHT)
    await archive.tell(NIGHT + timedelta(minutes=2))
    await archive.fill(9)
    await archive.seal()
    await archive.announce(LATER)
    await archive.fill(3)
    await archive.tell(LATER)


def accusations() -> list[bytes]:
    """Reports that not everybody may know of, with photos and a call for backup."""
    report = "ronda.incident.reported.v1"
    data = {"media": ["ab" * 32, "cd" * 32]}
    after = {"incident": an_id("accused"), "text": "bantu"}
    return [
        an_event("accused", type=report, data=data, hiddenfrom=f"{UNIT}/polsek-1"),
        an_event("named", type=report, data=data, restrictedto="commander,supervisor"),
        an_event("backup", type="ronda.backup.requested.v1", data=after),
    ]


async def run(
    archive: SealedArchive,
    url: str,
    folder: Path,
    *,
    mutations: int,
    seed: int = SEED,
    step: Callable[[int, Sequence[str]], None] = lambda number, unseen: None,
) -> Tally:
    """So many changes, their kinds in turn."""
    chance, file = random.Random(seed), folder / "whole.zip"
    made: Counter[str] = Counter()
    unseen: list[str] = []
    checks = false_alarms = 0
    for number in range(mutations):
        kind = list(KINDS)[number % len(KINDS)]
        async with superuser(url) as user:
            done = await mutate(user, kind, chance)
            found = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            await archive.export_all(PostgresSnapshot(user), "mutation", file)
        made[kind] += 1
        if not found.findings:
            unseen.append(f"{number}, verify: {done.what}")
        if not is_seen_by_the_file(archive, file, alone=done.hashed):
            unseen.append(f"{number}, verify.py: {done.what}")
        if number % len(KINDS) == 0:
            async with superuser(url) as user:
                whole = await verdict(user, elsewhere=archive.notes, keys=[archive.key])
            checks, false_alarms = checks + 1, false_alarms + bool(whole.findings)
        step(number + 1, unseen)
    return Tally(made, unseen, checks, false_alarms)


def is_seen_by_the_file(archive: SealedArchive, file: Path, *, alone: bool) -> bool:
    """Whether the travelling program finds it; `alone` without what the archive found itself."""
    found = verifier.check(file, elsewhere=archive.notes, keys=[str(archive.key)])
    told = len(found.manifest["findings"]) if alone else 0
    return len(found.findings) > told


async def _measured(mutations: int, seed: int) -> Tally:
    with tempfile.TemporaryDirectory(prefix="ronda-mutations-") as name:
        folder = Path(name)
        await asyncio.to_thread(
            folder.chmod, 0o711
        )  # for PostgreSQL, which runs as another user when we are root
        async with EmbeddedPostgres(folder / "postgres", durable=False) as postgres:
            url = await postgres.create_database("mutations")
            await upgrade(url)
            engine = database.engine(url, application="mutations")
            try:
                archive = SealedArchive(engine)
                await fill(archive)
                return await run(
                    archive, url, folder, mutations=mutations, seed=seed, step=_progress
                )
            finally:
                await engine.dispose()


def _progress(number: int, unseen: Sequence[str]) -> None:
    if number % 50 == 0:
        sys.stderr.write(f"{number} changes, not seen: {'; '.join(unseen) or 'none'}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Changes, and reports; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.integration.archive.mutating", description=__doc__
    )
    parser.add_argument("--mutations", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=SEED)
    wanted = parser.parse_args(arguments)
    tally = asyncio.run(_measured(wanted.mutations, wanted.seed))
    for line in tally.unseen:
        sys.stdout.write(f"not seen: {line}\n")
    kinds = ", ".join(f"{kind} {number}" for kind, number in tally.made.items())
    sys.stdout.write(
        f"seed {wanted.seed}: {tally.made.total()} changes ({kinds}), "
        f"{len(tally.unseen)} not seen; "
        f"{tally.checks} checks of what nobody changed, {tally.false_alarms} false alarms\n"
    )
    return 1 if tally.unseen or tally.false_alarms else 0


if __name__ == "__main__":
    sys.exit(main())
