"""The embedded PostgreSQL keeps what was committed, however it ends."""

import stat
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from ronda.stack.errors import StackError
from ronda.stack.postgres import EmbeddedPostgres, create_database, database_exists, drop_database
from tests.integration.stack.processes import is_running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server of this test's own: it is going to be stopped and killed."""
    server = EmbeddedPostgres(tmp_path / "postgres", durable=True)
    await server.start()
    yield server
    await server.stop()


async def write(url: str, text: str) -> None:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (words text)")
        await connection.execute("INSERT INTO kept VALUES (%s)", (text,))


async def read(url: str) -> list[str]:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        rows = await (await connection.execute("SELECT words FROM kept")).fetchall()
    return [row[0] for row in rows]


async def test_a_second_start_has_the_same_address_and_the_same_rows(
    server: EmbeddedPostgres,
) -> None:
    await write(server.url(), "before the stop")
    address = server.url()
    await server.stop()
    await server.start()
    assert server.url() == address
    assert await read(server.url()) == ["before the stop"]


async def test_what_was_committed_survives_a_kill(server: EmbeddedPostgres) -> None:
    await write(server.url(), "committed")
    pid = server.pid
    await server.kill()
    assert not is_running(pid)
    await server.start()
    assert await read(server.url()) == ["committed"]


async def test_nobody_enters_without_the_password(server: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        await psycopg.AsyncConnection.connect(
            host="127.0.0.1", port=server.port, user="ronda", password="guess", dbname="ronda"
        )
    mode = stat.S_IMODE((server.data_dir / "password").stat().st_mode)
    assert mode == 0o600


async def test_it_runs_below_a_folder_that_is_closed_to_others(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    async with EmbeddedPostgres(closed / "postgres", durable=False) as server:
        await write(server.url(), "in here")
        assert await read(server.url()) == ["in here"]


async def test_a_database_is_copied_from_a_template_and_dropped(postgres_url: str) -> None:
    base = postgres_url.rpartition("/")[0]
    await create_database(postgres_url, "a_template")
    try:
        await write(f"{base}/a_template", "from the template")
        await create_database(postgres_url, "a_copy", template="a_template")
        assert await read(f"{base}/a_copy") == ["from the template"]
    finally:
        await drop_database(postgres_url, "a_copy")
        await drop_database(postgres_url, "a_template")
    assert not await database_exists(postgres_url, "a_copy")


async def test_data_of_another_major_version_are_refused_by_name(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres" / "cluster"
    cluster.mkdir(parents=True)
    (cluster / "PG_VERSION").write_text("17\n")
    with pytest.raises(StackError, match="made by PostgreSQL 17, this is 18"):
        await EmbeddedPostgres(tmp_path / "postgres").start()
