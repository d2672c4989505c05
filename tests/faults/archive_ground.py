"""Archives under fault: a broker, a database, two seats for archives, and a stream of records."""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM

from aiokafka import AIOKafkaProducer

from ronda.stack.child import Child
from ronda.stack.kafka import EmbeddedKafka
from ronda.stack.keys import make_keys, seal_key_file
from ronda.stack.postgres import EmbeddedPostgres
from services.archive.migrations import make_coming_months, upgrade
from shared.auth import key_files
from shared.bus import producer
from shared.clock import system_clock
from shared.events.identity import new_id
from shared.provision import create_topics
from shared.settings import KafkaSettings
from shared.topics import ALERT, INCIDENT, PATROL, PLAN, POSITION, QUARANTINE, TopicSpec

TOPICS: tuple[TopicSpec, ...] = (PATROL, POSITION, INCIDENT, ALERT, PLAN, QUARANTINE)
CHUNK = 100
REMEMBERED = 2_000
_STOP_S = 20.0
_DEATH_S = 60.0

Headers = list[tuple[str, bytes | None]]


@dataclass(slots=True)
class Stream:
    """Sends records of every kind; what was sent is known from here alone."""

    sender: AIOKafkaProducer
    dice: random.Random
    records: int = 0
    ids: set[str] = field(default_factory=set)
    kinds: Counter[str] = field(default_factory=Counter)
    _sent: list[dict[str, object]] = field(default_factory=list)

    async def send(self, events: int, *, rate: float, over: asyncio.Event) -> None:
        """New events at about `rate` a second, and among them what else a topic may hold: at least
        so many, and until it is over, because who has nothing to commit does not crash there.

        Returns when the broker has acknowledged all of it.
        """
        while self.kinds["new"] < events or not over.is_set():
            await asyncio.gather(*[each for _ in range(CHUNK) for each in await self._around()])
            await asyncio.sleep(CHUNK / rate * self.dice.uniform(0.5, 1.5))

    async def _around(self) -> list[asyncio.Future[object]]:
        """A new event, and at times something odd beside it."""
        topic = self.dice.choice(TOPICS)
        event = self._new(topic)
        sent = [await self._put(topic, json.dumps(event).encode(), "new")]
        odd = self.dice.random()
        if odd < 0.04:
            again = self.dice.choice(self._sent) | {"receivedtime": system_clock().isoformat()}
            sent.append(await self._put(PATROL, json.dumps(again).encode(), "repeat"))
        elif odd < 0.05:
            other = self.dice.choice(self._sent) | {"data": {"method": "nfc"}}
            sent.append(await self._put(INCIDENT, json.dumps(other).encode(), "contradiction"))
        elif odd < 0.07:
            poison = self.dice.choice([None, b"", b"\xff\x00", b"[1]", b"{" * 3_000])
            sent.append(await self._put(topic, poison, "poison"))
        return sent

    def _new(self, topic: TopicSpec) -> dict[str, object]:
        now = system_clock()
        event: dict[str, object] = {
            "specversion": "1.0",
            "id": new_id(now),
            "source": "ronda/faults",
            "type": self.dice.choice(["ronda.visit.checked_in.v1", "ronda.future.came.v9"]),
            "subject": f"site-{self.dice.randrange(50)}",
            "time": now.isoformat(),
            "receivedtime": now.isoformat(),
            "unit": "polda-jatim/polres-tuban",
            "device": f"d-{self.dice.randrange(50)}",
            "data": {"method": "qr", "note": "x" * self.dice.randrange(200)},
        }
        if topic is not QUARANTINE:
            # What is set aside never claims its id.
            self.ids.add(str(event["id"]))
            self._sent.append(event)
            del self._sent[:-REMEMBERED]
        return event

    async def _put(
        self, topic: TopicSpec, value: bytes | None, kind: str
    ) -> asyncio.Future[object]:
        headers: Headers = [("null", None), ("odd", b"\xff")] if self.dice.random() < 0.1 else []
        self.records += 1
        self.kinds[kind] += 1
        sent: asyncio.Future[object] = await self.sender.send(
            topic.name,
            value,
            key=self.dice.choice([b"", b"site-1", None if value is not None else b"gone"]),
            partition=self.dice.randrange(topic.partitions),
            headers=headers,
        )
        return sent


@dataclass(slots=True)
class Seat:
    """A place for one archive process, which is put there again after each death."""

    name: str
    environment: dict[str, str]
    log: Path
    child: Child | None = None

    async def sit(self, *, crash_at: str | None = None, seals: bool = True) -> None:
        """Starts a process; it dies at `crash_at`."""
        environment = {**os.environ, **self.environment}
        if not seals:
            del environment["RONDA_ARCHIVE_SEAL_KEY_FILE"]
        if crash_at is not None:
            environment["RONDA_CRASH_AT"] = crash_at
        command = [sys.executable, "-m", "services.archive"]
        self.child = await Child.start(self.name, command, log=self.log, env=environment)

    async def kill(self) -> bool:
        """`kill -9`; whether there was somebody to be killed."""
        child, self.child = self.child, None
        if child is None or child.exit_code is not None:
            return False
        await child.kill()
        return True

    async def leave(self) -> None:
        """SIGTERM, and the process goes in order."""
        child, self.child = self.child, None
        if child is not None:
            await child.stop(by=SIGTERM, within=_STOP_S)

    async def died(self) -> bool:
        """Waits for a process that is to crash by itself; whether it did."""
        assert self.child is not None
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.child.wait(), _DEATH_S) == -SIGKILL
        return False

    async def freeze(self, seconds: float) -> None:
        """SIGSTOP for longer than a session lasts, then SIGCONT: a zombie with a batch in hand."""
        if self.child is None or self.child.exit_code is not None:
            return
        with suppress(ProcessLookupError):
            os.kill(self.child.pid, SIGSTOP)
        await asyncio.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(self.child.pid, SIGCONT)


@dataclass(slots=True)
class Ground:
    """What a run has in its hands. The first seat keeps its place in the group, the second none."""

    kafka: KafkaSettings
    database_url: str
    stream: Stream
    seats: list[Seat]


@asynccontextmanager
async def ground(folder: Path, dice: random.Random) -> AsyncIterator[Ground]:
    """Broker, durable database and two empty seats; all stopped at the end."""
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(parent.stat().st_mode | 0o011)  # PostgreSQL is another user when we are root
    async with AsyncExitStack() as running:
        broker = await running.enter_async_context(EmbeddedKafka(folder / "kafka"))
        postgres = await running.enter_async_context(EmbeddedPostgres(folder / "postgres"))
        kafka = KafkaSettings(broker.bootstrap_servers)
        await create_topics(kafka)
        await upgrade(postgres.url())
        await make_coming_months(postgres.url())
        make_keys(folder)
        sender = producer(kafka, client_id="faults", linger_ms=2)
        await sender.start()
        running.push_async_callback(sender.stop)
        environment = {
            "RONDA_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
            "RONDA_DATABASE_URL": postgres.url(),
            "RONDA_AUTH_KEYS_FILE": str(key_files(folder / "keys")["keys"]),
            "RONDA_ARCHIVE_SEAL_KEY_FILE": str(seal_key_file(folder)),
            "RONDA_ARCHIVE_SEAL_EVERY_S": "2",
            "RONDA_HTTP_PORT": "0",
        }
        named = {**environment, "RONDA_INSTANCE": "archive-0"}
        seats = [
            Seat("first", named, folder / "first.log"),
            Seat("second", environment, folder / "second.log"),
        ]
        for seat in seats:
            running.push_async_callback(seat.kill)
        yield Ground(kafka, postgres.url(), Stream(sender, dice), seats)
