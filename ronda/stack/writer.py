"""The archive's own role in the embedded PostgreSQL, with the rights that `deploy/` gives it there:
it reads and adds rows, and changes none. The tables stay the owner's, who tends them."""

import secrets

import psycopg
from psycopg import sql
from sqlalchemy import make_url

ROLE = "archive_writer"
_CONNECT_SECONDS = 5
_STATEMENTS = (
    "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {name})"
    " THEN CREATE ROLE {role}; END IF; END $$",
    "ALTER ROLE {role} LOGIN PASSWORD {password}",
    "GRANT USAGE ON SCHEMA archive TO {role}",
    "GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA archive TO {role}",
    "REVOKE INSERT ON archive.hold, archive.retention, archive.retired FROM {role}",
)


async def writer_url(owner_url: str) -> str:
    """How the archive reaches the migrated database of `owner_url` as its own role.

    The password is a new one each time. Raises `psycopg.Error`.
    """
    password = secrets.token_urlsafe(24)
    names = {
        "name": sql.Literal(ROLE),
        "role": sql.Identifier(ROLE),
        "password": sql.Literal(password),
    }
    async with await psycopg.AsyncConnection.connect(
        owner_url, connect_timeout=_CONNECT_SECONDS
    ) as connection:
        for statement in _STATEMENTS:
            await connection.execute(sql.SQL(statement).format(**names))
    url = make_url(owner_url).set(username=ROLE, password=password)
    return url.render_as_string(hide_password=False)
