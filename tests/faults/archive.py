"""`python -m tests.faults.archive --events 100000 --kills 50`: archives killed under load.

Two archives share the topics; one or both are killed at any line, crash at named lines beside the
commit, leave, and come back from the dead. Then a second reader of the topics, which shares no
code with the archive, says what is missing, doubled or invented, and the ledger is recomputed.
"""

import argparse
import asyncio
import itertools
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic

from tests.faults.archive_ground import Ground, Seat, ground
from tests.integration.archive.second_ledger import recomputed
from tests.integration.archive.witnesses import complaints, in_topics, query
from tests.waiting import eventually

CRASHES = ("archive.before_commit", "archive.after_commit", "archive.sealing")
FREEZE_S = 8.0
DRAIN_WITHIN_S = 180.0
SEND_WITHIN_S = 600.0

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Violations; all zero and `ledger` empty means that every promise was kept."""

    missing: int
    doubled: int
    extra: int
    unlike_its_row: int
    broken_segments: int
    events_missing: int
    events_extra: int
    ledger: str

    @property
    def clean(self) -> bool:
        """Whether nothing was violated."""
        return not any(asdict(self).values())


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run did, and what was left."""

    seed: int
    events: int
    records: dict[str, int]
    kills: int
    faults: dict[str, int]
    seconds: float
    segments: int
    log_size: int
    verdict: Verdict


class Nemesis:
    """Does harm in an order that the seed decides, every kind in turn."""

    def __init__(self, place: Ground, dice: random.Random, say: Say) -> None:
        self._seats = place.seats
        self._stream = place.stream
        self._dice = dice
        self._say = say
        self._places = itertools.cycle(CRASHES)
        self.done: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """Processes that died by `kill -9`, whoever sent it."""
        return sum(count for what, count in self.done.items() if what not in {"leave", "freeze"})

    async def torment(self, kills: int, *, events: int) -> None:
        """Until so many have been killed, spread over the sending of all events; both seats are
        taken afterwards."""
        for seat in self._seats:
            await seat.sit()
        kinds = [self._kill, self._crash, self._both, self._crash, self._freeze, self._leave]
        while self.kills < kills:
            for kind in kinds:
                await self._until_sent(events * self.kills // kills)
                if self.kills < kills:
                    await kind(self._dice.choice(self._seats))
            self._say(f"{self.kills} killed: {dict(self.done)}")

    async def _until_sent(self, events: int) -> None:
        await eventually(lambda: self._stream.kinds["new"] >= events, within=SEND_WITHIN_S)

    async def _kill(self, seat: Seat) -> None:
        """At any line, of its start too."""
        await asyncio.sleep(self._dice.uniform(0.2, 4.0))
        self.done["killed at any line"] += await seat.kill()
        await seat.sit()

    async def _both(self, _: Seat) -> None:
        await asyncio.sleep(self._dice.uniform(1.0, 4.0))
        for seat in self._seats:
            self.done["killed at any line"] += await seat.kill()
        for seat in self._seats:
            await seat.sit()

    async def _crash(self, seat: Seat) -> None:
        place = next(self._places)
        self.done["killed at any line"] += await seat.kill()
        await seat.sit(crash_at=place)
        crashed = await seat.died()
        self.done[f"crashed at {place}" if crashed else "killed at any line"] += 1
        await seat.kill()
        await seat.sit()

    async def _freeze(self, seat: Seat) -> None:
        await seat.freeze(FREEZE_S)
        self.done["freeze"] += 1

    async def _leave(self, seat: Seat) -> None:
        await seat.leave()
        self.done["leave"] += 1
        await seat.sit()


async def run(
    place: Ground, *, events: int, kills: int, rate: float, seed: int, say: Say
) -> Figures:
    """Sends while killing, heals, waits until everything is archived, and judges."""
    start = monotonic()
    nemesis = Nemesis(place, random.Random(seed), say)
    over = asyncio.Event()
    async with asyncio.TaskGroup() as together:
        together.create_task(place.stream.send(events, rate=rate, over=over))
        await nemesis.torment(kills, events=events)
        over.set()
    say("healed; waiting until everything is archived")
    for seat in place.seats:
        await seat.leave()
        # Nobody seals from here on, or the topics would never come to rest.
        await seat.sit(seals=False)
    await eventually(lambda: _at_rest(place), within=DRAIN_WITHIN_S, every=1.0)
    verdict = await judge(place)
    ((segments, log_size),) = await query(
        place.database_url,
        "SELECT count(*) AS made, (SELECT count(*) FROM archive.log) AS sealed"
        " FROM archive.segment",
    )
    return Figures(
        seed=seed,
        events=place.stream.kinds["new"],
        records=dict(place.stream.kinds),
        kills=nemesis.kills,
        faults=dict(nemesis.done),
        seconds=round(monotonic() - start, 1),
        segments=segments,
        log_size=log_size,
        verdict=verdict,
    )


async def _at_rest(place: Ground) -> bool:
    (archived,) = await query(place.database_url, "SELECT sum(records) AS n FROM archive.segment")
    on_topics = len(await in_topics(place.kafka))
    return bool(archived.n == on_topics >= place.stream.records)


async def judge(place: Ground) -> Verdict:
    """What the second reader, the list of what was sent and the ledger say."""
    found = await complaints(place.kafka, place.database_url)
    rows = await query(
        place.database_url,
        "SELECT id::text FROM archive.event WHERE type NOT LIKE 'ronda.checkpoint.%%'",
    )
    archived = Counter(row.id for row in rows)
    return Verdict(
        missing=_size(found.get("missing")),
        doubled=_size(found.get("doubled")),
        extra=_size(found.get("invented")),
        unlike_its_row=_size(found.get("status without its row")),
        broken_segments=_size(found.get("segments that do not join")),
        events_missing=len(place.stream.ids - archived.keys()),
        events_extra=len(archived.keys() - place.stream.ids),
        ledger=await _ledger(place.database_url),
    )


async def _ledger(url: str) -> str:
    try:
        await recomputed(url)
    except AssertionError as error:
        return str(error)
    return ""


def _size(found: object) -> int:
    return len(found) if isinstance(found, (set, list)) else 0


async def _main(options: argparse.Namespace, say: Say) -> Figures:
    with tempfile.TemporaryDirectory(prefix="ronda-archive-faults-") as folder:
        async with ground(Path(folder), random.Random(options.seed)) as place:
            return await run(
                place,
                events=options.events,
                kills=options.kills,
                rate=options.rate,
                seed=options.seed,
                say=say,
            )


def main() -> int:
    """The exit code: 0 when nothing was violated, else 1."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults.archive",
        description="Kill archives again and again under load, then check that each record is kept "
        "once. The seed repeats a run's order of faults.",
    )
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rate", type=float, default=400.0, help="new events a second, about")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    print(f"seed {options.seed}", file=sys.stderr)
    figures = asyncio.run(_main(options, lambda line: print(line, file=sys.stderr)))
    text = json.dumps(asdict(figures), indent=2)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if figures.verdict.clean else 1


if __name__ == "__main__":
    sys.exit(main())
