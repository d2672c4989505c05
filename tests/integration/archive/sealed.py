"""An archive of many small segments of all kinds of records, sealed; and ways to look at it."""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from psycopg import AsyncConnection
from sqlalchemy.ext.asyncio import AsyncEngine

from services.archive.adapters.announcing import BusAnnouncer
from services.archive.adapters.evidence.bundle import ZipBundle
from services.archive.adapters.evidence.holding import PostgresHolds
from services.archive.adapters.evidence.ledger import PostgresSnapshot
from services.archive.adapters.evidence.page import page
from services.archive.adapters.evidence.proving import PostgresProofs
from services.archive.adapters.evidence.single_file import source
from services.archive.adapters.evidence.telling import ErasureTeller
from services.archive.adapters.reading import PostgresReader
from services.archive.adapters.sealing import PostgresLedger
from services.archive.adapters.store import PostgresStore
from services.archive.domain.classify import classify
from services.archive.domain.kept import Batch
from services.archive.domain.lines import FORMAT
from services.archive.domain.note import Checkpoint, Key, note_of, signed
from services.archive.domain.search import Rights
from services.archive.handlers.exporting import Exporting, Selection
from services.archive.handlers.verifying import Verdict, verify
from services.archive.ports import Sealed
from shared.auth import Principal
from shared.events.registry import encode
from tests.unit.archive.builders import NIGHT, UNIT, a_batch, a_record, an_event, an_id
from tests.unit.archive.fakes import MemoryAccessLog

PREFIX = "t."
ORIGIN = "ronda/test"
ALL = Rights(within=UNIT, sees_unitless=True, tracks=True)
AUDITOR = Principal(
    actor="auditor-1", name="Auditor", role="auditor", unit=UNIT, issuer="test", expires_at=NIGHT
)
SITES = ("kpu", "gudang", "bawaslu")


@dataclass
class SealedArchive:
    """Fills an archive with batches out of a seed, and seals it with a key of its own."""

    engine: AsyncEngine
    seed: int = 1
    notes: list[str] = field(default_factory=list)
    sealed: list[Sealed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.private = Ed25519PrivateKey.generate()
        self.key = Key(ORIGIN, self.private.public_key().public_bytes_raw())
        self.store = PostgresStore(self.engine, prefix=PREFIX)
        self.access = MemoryAccessLog()
        self._heads: dict[tuple[str, int], int] = {}
        self._made = 0
        self._sent: list[bytes] = []

    async def fill(self, commits: int) -> None:
        """So many transactions, each with segments of one to four partitions."""
        for _ in range(commits):
            places = self.random.sample(
                [("ronda.patrol", 0), ("ronda.patrol", 1), ("ronda.incident", 0),
                 ("ronda.position", 2), ("ronda.quarantine", 0)],
                self.random.randint(1, 4),
            )  # fmt: skip
            batches = [self._batch(topic, partition) for topic, partition in places]
            await self.store.keep(batches, NIGHT + timedelta(minutes=self._made))

    async def seal(self) -> str:
        """A checkpoint of what is there; returns its note."""

        def sign(size: int, root: bytes) -> Sealed:
            note = note_of(Checkpoint(ORIGIN, size, root), [(self.key, self.private.sign)])
            at = NIGHT + timedelta(hours=1, seconds=len(self.notes))
            return Sealed(size, root, note, at, "test")

        sealed = await PostgresLedger(self.engine).seal(sign)
        assert sealed is not None
        self.notes.append(sealed.note)
        self.sealed.append(sealed)
        return sealed.note

    async def checkpoint_of_another_history(self) -> str:
        """A note, well signed, of a log that is longer than this one."""
        return note_of(Checkpoint(ORIGIN, 10**6, bytes(32)), [(self.key, self.private.sign)])

    def exporting(self) -> Exporting:
        """What exports this archive."""
        signers = [(self.key, self.private.sign)]
        return Exporting(
            reader=PostgresReader(self.engine, prefix=PREFIX),
            proofs=PostgresProofs(self.engine),
            holds=PostgresHolds(self.engine),
            access=self.access,
            clock=lambda: NIGHT + timedelta(days=1),
            keys=[str(self.key)],
            sign=lambda digest: signed(f"{FORMAT}\n{digest}\n", signers),
            page=page,
            verifier=source(),
        )

    async def export(
        self, selection: Selection, reason: str, file: Path, *, rights: Rights = ALL,
        limit: int = 1000,
    ) -> Path:  # fmt: skip
        """A part of it as a file."""
        bundle = ZipBundle(file)
        try:
            await self.exporting().part(
                AUDITOR, selection, reason, bundle, rights=rights, limit=limit
            )
        finally:
            bundle.abandon()
        return file

    async def export_all(self, snapshot: PostgresSnapshot, reason: str, file: Path) -> Path:
        """All that a snapshot shows as a file."""
        bundle = ZipBundle(file)
        try:
            await self.exporting().whole(AUDITOR, reason, bundle, snapshot)
        finally:
            bundle.abandon()
        return file

    async def tell(self, at: datetime) -> int:
        """Tells of acts, and archives what was told as appended and committed then; how many."""
        log = MemoryAccessLog()
        await ErasureTeller(self.engine, log, unit=UNIT).tell()
        await self.archive_audit([encode(each) for each in log.recorded], at)
        return len(log.recorded)

    async def announce(self, at: datetime) -> None:
        """Tells of the newest checkpoint, and archives what was told."""
        log = MemoryAccessLog()
        await BusAnnouncer(log, unit=UNIT).announce(self.sealed[-1])
        await self.archive_audit([encode(each) for each in log.recorded], at)

    async def archive_audit(self, values: Sequence[bytes], at: datetime) -> None:
        """Archives events of `ronda.audit`."""
        first = self._heads.get(("ronda.audit", 0), 0)
        self._heads["ronda.audit", 0] = first + len(values)
        records = [
            classify(a_record(value, offset, at=at)) for offset, value in enumerate(values, first)
        ]
        if records:
            await self.store.keep([Batch("ronda.audit", 0, first, records)], at)

    def _batch(self, topic: str, partition: int) -> Batch:
        first = self._heads.get((topic, partition), 0)
        values = [self._value(topic) for _ in range(self.random.randint(1, 6))]
        self._heads[topic, partition] = first + len(values)
        aside = topic == "ronda.quarantine"
        return a_batch(*values, first=first, topic=topic, partition=partition, aside=aside)

    def _value(self, topic: str) -> bytes | None:
        self._made += 1
        chance = self.random.random()
        if chance < 0.05:
            return self.random.choice([b"\xff not json", None, b"{}"])
        if 0.05 < chance < 0.1 and self._sent:
            return self.random.choice(self._sent)
        name = f"e{self.random.randint(0, self._made) if chance < 0.15 else self._made}"
        site = SITES[self._made % 3] if chance > 0.12 else "elsewhere"
        kind = {
            "ronda.position": "ronda.position.recorded.v1",
            "ronda.incident": "ronda.incident.reported.v1",
        }.get(topic, "ronda.visit.checked_in.v1")
        data: dict[str, Any] = {"n": self._made}
        if topic == "ronda.incident":
            data["alert"] = an_id(f"alert{self._made % 2}")
        unit = f"{UNIT}/polsek-{self._made % 2}"
        self._sent.append(an_event(name, type=kind, subject=site, unit=unit, data=data))
        return self._sent[-1]


@asynccontextmanager
async def superuser(url: str) -> AsyncIterator[AsyncConnection[Any]]:
    """A transaction of somebody who may do anything; nothing of it stays."""
    connection = await psycopg.AsyncConnection.connect(url, options="-c timezone=UTC")
    try:
        # A transaction is open from here on, so that those inside it are only savepoints.
        await connection.execute("SELECT")
        yield connection
    finally:
        await connection.close()


async def verdict(connection: AsyncConnection[Any], **options: Any) -> Verdict:
    """What a verification over this connection finds."""
    return await verify(PostgresSnapshot(connection), **options)
