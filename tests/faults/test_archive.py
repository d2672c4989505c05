"""A short run of the archive's kills, and its judge shown to find each thing it looks for."""

import random
from dataclasses import asdict
from pathlib import Path

import psycopg
import pytest

from tests.faults.archive import judge, run
from tests.faults.archive_ground import ground

HARM = (
    # missing, and with it the ledger's root
    'DELETE FROM archive.record WHERE (topic, partition, "offset") IN'
    " (SELECT topic, partition, \"offset\" FROM archive.record WHERE status = 'duplicate' LIMIT 1)",
    # doubled
    "INSERT INTO archive.record SELECT * FROM archive.record WHERE value IS NOT NULL LIMIT 1",
    # extra
    'INSERT INTO archive.record (appended_at, "offset", partition, topic, status, salt)'
    " SELECT now(), 1000000, 0, id, 'undecodable', '\\x00' FROM archive.topic LIMIT 1",
    # unlike_its_row, events_missing
    "DELETE FROM archive.event WHERE id IN (SELECT id FROM archive.event LIMIT 1)",
    # events_extra
    "INSERT INTO archive.event SELECT (jsonb_populate_record(event,"
    """ '{"id": "01890000-0000-7000-8000-000000000000"}')).* FROM archive.event LIMIT 1""",
    # broken_segments
    "UPDATE archive.segment SET first_offset = first_offset + 1 WHERE ctid IN"
    " (SELECT ctid FROM archive.segment LIMIT 1)",
)


@pytest.mark.faults
@pytest.mark.timeout(300)
async def test_archives_that_are_killed_keep_each_record_once(tmp_path: Path) -> None:
    async with ground(tmp_path, random.Random(20261123)) as place:
        figures = await run(place, events=4_000, kills=6, rate=250, seed=20261123, say=print)
        assert figures.verdict.clean, asdict(figures)
        assert figures.kills >= 6
        assert figures.events >= 4_000
        assert figures.log_size > 0
        async with await psycopg.AsyncConnection.connect(place.database_url) as superuser:
            for statement in HARM:
                assert (await superuser.execute(statement)).rowcount > 0, statement
        blind = [what for what, found in asdict(await judge(place)).items() if not found]
        assert blind == []
