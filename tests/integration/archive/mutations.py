"""What somebody with all rights may do to the tables, drawn at random.

Each mutation is one change of what the archive says: an edit, a deletion, an insertion, a swap, a
tail that is cut, or a forgery that carries an edit through all hashes but the signed ones.
"""

import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple

import psycopg
from psycopg import AsyncConnection
from psycopg.sql import SQL, Composable, Identifier

from services.archive.domain import merkle
from services.archive.domain.leaves import Segment, place, record_leaf, segment_leaf
from services.archive.domain.stored import Record

Superuser = AsyncConnection[Any]

_BYTES = (
    "{c} || '\\x00'::bytea",
    "substring({c} FROM 2)",
    "set_byte({c}, 0, 255 - get_byte({c}, 0))",
)
_COUNT = "{c} + 1", "{c} - 1", "{c} + 1000"
_TEXT = "{c} || 'x'", "NULL", "upper({c})"
_MOMENT = "{c} + interval '1 microsecond'", "{c} - interval '1 hour'"
_UUID = ("gen_random_uuid()",)
_STATUS = tuple(
    f"'{status}'::archive.status"
    for status in ("event", "duplicate", "conflict", "aside", "undecodable")
)
_NUMBERS = {"topic": _COUNT, "partition": _COUNT, "offset": _COUNT}
_NARROW = {
    "id": _UUID, "time": _MOMENT, "received_at": (*_MOMENT, "NULL"), "appended_at": _MOMENT,
    "alert": (*_UUID, "NULL"), "hash": _BYTES, "type": _TEXT, "site": _TEXT, "unit": _TEXT,
    "actor": _TEXT, "device": _TEXT, **_NUMBERS,
}  # fmt: skip
EDITS: dict[str, dict[str, tuple[str, ...]]] = {
    "record": {
        "appended_at": _MOMENT, "status": _STATUS, "event_id": (*_UUID, "NULL"),
        "key": (*_BYTES, "NULL"), "value": (*_BYTES, "NULL", "'no event'::bytea"),
        "headers": ("'\\x90'::bytea",), "salt": _BYTES, **_NUMBERS,
    },
    "event": _NARROW,
    "duplicate": _NARROW,
    "conflict": _NARROW,
    "aside": _NARROW,
    "undecodable": {"appended_at": _MOMENT, **_NUMBERS},
    "segment": {
        "first_offset": _COUNT, "next_offset": _COUNT, "appended_at": _MOMENT,
        "committed_at": _MOMENT, "earliest": _MOMENT, "latest": _MOMENT, "partition": _COUNT,
        "records": _COUNT, "events": _COUNT, "duplicates": _COUNT, "conflicts": _COUNT,
        "aside": _COUNT, "undecodable": _COUNT, "root": _BYTES, "previous": _BYTES,
    },
    "log": {
        "position": _COUNT, "topic": _COUNT, "partition": _COUNT, "next_offset": _COUNT,
        "leaf": _BYTES,
    },
    "log_node": {"level": _COUNT, "index": _COUNT, "hash": _BYTES},
    "checkpoint": {
        "size": _COUNT, "root": _BYTES, "note": ("{c} || 'x'", "upper({c})"), "sealed_at": _MOMENT,
        "reason": ("{c} || 'x'",),
    },
    "withheld": {
        "about": _UUID, "roles": ("ARRAY[]::text[]", "array_append({c}, 'officer')"),
        "hidden_from": ("ARRAY[]::text[]", "array_append({c}, 'polda-jatim')"),
    },
    "belonging": {"event": _UUID, "to": _UUID},
    "erasure": {
        "appended_at": _MOMENT, "event_id": (*_UUID, "NULL"), "status": _STATUS, "leaf": _BYTES,
        "kept": (*_BYTES, "NULL"), "act": _UUID, **_NUMBERS,
    },
    "erasure_act": {
        "id": _UUID, "reason": _TEXT, "authority": _TEXT, "class": _TEXT, "actor": _TEXT,
        "erased_at": _MOMENT,
    },
    "retired": {
        "month": (*_MOMENT, "{c} + interval '1 month'"), "until": _MOMENT, "reason": _TEXT,
        "authority": _TEXT, "actor": _TEXT, "retired_at": _MOMENT,
    },
    "topic": {"name": ("{c} || 'x'",)},
}  # fmt: skip
INDEX_ONLY = (
    "record.status", "record.event_id", "segment.appended_at", "segment.earliest", "segment.latest",
    "segment.events", "segment.duplicates", "segment.conflicts", "segment.aside",
    "segment.undecodable", "checkpoint.size", "checkpoint.root", "checkpoint.sealed_at",
    "checkpoint.reason",
)  # fmt: skip
"""Columns that no leaf holds. The archive checks them, and an export says what that found."""
HASHED = ("record", "segment", "log", "topic", "checkpoint")
DATED = ("event", "duplicate", "conflict", "aside", "undecodable", "segment", "erasure")
UNJUDGED = ("checkpoint", "topic", "erasure_act", "withheld", "belonging")
RECORD_WEIGHT = 8
_NOT_RETIRED = SQL(
    "NOT EXISTS (SELECT FROM archive.retired"
    " WHERE month <= row.appended_at AND row.appended_at < until)"
)


class Done(NamedTuple):
    """What was done, and whether it touched what is hashed: then an export's own proofs show it."""

    what: str
    hashed: bool


async def edit(user: Superuser, chance: random.Random) -> Done | None:
    """One column of one row."""
    table = _table(chance)
    column = chance.choice(list(EDITS[table]))
    change = chance.choice(EDITS[table][column])
    row = await _row(user, table, chance)
    if row is None:
        return None
    into = SQL(change).format(c=Identifier(column))
    changed = await _run(
        user,
        SQL("UPDATE {} SET {c} = {} WHERE ctid = %s AND tableoid = %s AND {c} IS DISTINCT FROM {}"),
        [_name(table), into, into],
        row,
        c=Identifier(column),
    )
    hashed = table in HASHED and f"{table}.{column}" not in INDEX_ONLY
    return Done(f"edit {table}.{column} to {change}", hashed) if changed else None


async def delete(user: Superuser, chance: random.Random) -> Done | None:
    """One row."""
    table = _table(chance)
    row = await _row(user, table, chance)
    if row is None:
        return None
    gone = await _run(
        user, SQL("DELETE FROM {} WHERE ctid = %s AND tableoid = %s"), [_name(table)], row
    )
    return Done(f"delete a row of {table}", table in HASHED[:3]) if gone else None


async def insert(user: Superuser, chance: random.Random) -> Done | None:
    """A row like another one, at the same place or beside it. A topic that has no records, a
    checkpoint that was sealed again and an act that erased nothing say nothing that is not so; and
    what is withheld beyond what is there may have been asked for by what was erased."""
    table = _table(chance, without=UNJUDGED)
    row = await _row(user, table, chance)
    if row is None:
        return None
    changes: dict[str, dict[str, tuple[str, ...]]] = {
        "record": {
            "offset": ("{c}", "{c} + 1", "{c} + 100000"),
            "value": ("{c}", "'no event'::bytea"),
        },
        "event": {"id": _UUID, "offset": ("{c} + 100000",)},
        "segment": {"next_offset": ("{c} + 1", "{c} + 5"), "partition": ("{c}", "{c} + 7")},
        "log": {"position": ("{c} + 1000",), "next_offset": ("{c} + 1",)},
        "log_node": {"index": ("{c} + 1000",)},
        "retired": {
            "month": ("{c} + interval '1 month'",),
            "until": ("{c} + interval '1 month'", "{c} + interval '2 months'"),
        },
    }
    columns = changes.get(table, {"offset": ("{c} + 1", "{c} + 100000")})
    cursor = await user.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
        " AND NOT attisdropped ORDER BY attnum",
        (f"archive.{table}",),
    )
    names = [name for (name,) in await cursor.fetchall()]
    values = [
        SQL(chance.choice(columns[name])).format(c=Identifier(name))
        if name in columns
        else Identifier(name)
        for name in names
    ]
    statement = SQL("INSERT INTO {} ({}) SELECT {} FROM {} WHERE ctid = %s AND tableoid = %s")
    parts = [_name(table), _list(map(Identifier, names)), _list(values), _name(table)]
    made = await _run(user, statement, parts, row)
    return Done(f"insert a row of {table}", table in HASHED) if made else None


async def swap(user: Superuser, chance: random.Random) -> Done | None:
    """The contents of two rows change places."""
    table, columns = chance.choice(
        [
            ("record", ("value",)), ("record", ("value", "salt", "key", "headers")),
            ("record", ("value", "salt", "key", "headers", "event_id", "status")),
            ("record", ("salt",)), ("record", ("appended_at",)), ("record", ("offset",)),
            ("event", ("site",)), ("event", ("actor", "unit")), ("event", ("hash",)),
            ("segment", ("root",)), ("log", ("leaf",)), ("log_node", ("hash",)),
        ]
    )  # fmt: skip
    one, other = await _row(user, table, chance), await _row(user, table, chance)
    if one is None or other is None or one == other:
        return None
    names = list(map(Identifier, columns))
    pick = SQL("SELECT {} FROM {} WHERE ctid = %s AND tableoid = %s").format(
        _list(names), _name(table)
    )
    first = await (await user.execute(pick, one)).fetchone()
    second = await (await user.execute(pick, other)).fetchone()
    if first is None or second is None or first == second:
        return None
    sets = SQL(", ").join(SQL("{} = %s").format(name) for name in names)
    put = SQL("UPDATE {} SET {} WHERE ctid = %s AND tableoid = %s").format(_name(table), sets)
    # In one statement each; a partition may change with the time, and a row keeps its own ctid.
    await user.execute(put, (*first, *other))
    await user.execute(put, (*second, *one))
    return Done(f"swap {', '.join(columns)} of two rows of {table}", table in HASHED)


async def cut(user: Superuser, chance: random.Random) -> Done | None:
    """The newest of everything: records with their segments, log, nodes and checkpoints."""
    cursor = await user.execute("SELECT max(size) FROM archive.checkpoint")
    (sealed,) = await cursor.fetchone() or (0,)
    keep = chance.randint(1, sealed - 1)
    if chance.random() < 0.3:
        await user.execute("DELETE FROM archive.log WHERE position >= %s", (keep,))
        return Done(f"cut the log to {keep}", True)
    await user.execute(
        "CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT segment.* FROM archive.segment"
        " LEFT JOIN archive.log USING (topic, partition, next_offset)"
        " WHERE position >= %s OR position IS NULL",
        (keep,),
    )
    for table in ("record", "event", "duplicate", "conflict", "aside", "undecodable"):
        await user.execute(
            SQL(
                "DELETE FROM {table} AS row USING gone WHERE (row.topic, row.partition)"
                ' = (gone.topic, gone.partition) AND row."offset" >= gone.first_offset'
                ' AND row."offset" < gone.next_offset'
            ).format(table=_name(table))
        )
    await user.execute(
        "DELETE FROM archive.segment USING gone WHERE (segment.topic, segment.partition,"
        " segment.next_offset) = (gone.topic, gone.partition, gone.next_offset)"
    )
    await user.execute("DELETE FROM archive.log WHERE position >= %s", (keep,))
    await user.execute(
        'DELETE FROM archive.log_node WHERE ("index" + 1) * (1::bigint << level) > %s', (keep,)
    )
    await user.execute("DELETE FROM archive.checkpoint WHERE size > %s", (keep,))
    return Done(f"cut everything behind segment {keep}", True)


async def forge(user: Superuser, chance: random.Random) -> Done | None:
    """An edit of a sealed record, and every hash above it made anew: only signatures are left."""
    cursor = await user.execute(
        'SELECT record.appended_at, record."offset", key, value, headers, record.partition,'
        " record.topic, status::text, uuid_send(event_id), salt, leaf, record.ctid,"
        " record.tableoid, name FROM archive.record"
        " JOIN archive.topic ON topic.id = record.topic WHERE status = 'aside'"
        " AND salt IS NOT NULL AND EXISTS (SELECT FROM archive.log WHERE (log.topic, log.partition)"
        ' = (record.topic, record.partition) AND log.next_offset > record."offset")'
        " ORDER BY 1, 2, 6, 7 LIMIT 1 OFFSET %s",
        (chance.randint(0, 4),),
    )
    row = await cursor.fetchone()
    if row is None:
        return None
    record = Record(*row[:11])
    ctid, table, name = row[11:]
    await user.execute(
        "UPDATE archive.record SET key = 'forged' WHERE ctid = %s AND tableoid = %s", (ctid, table)
    )
    await _rehash(user, record.topic, record.partition, name)
    return Done("forge a record with all hashes above it", True)


async def _rehash(user: Superuser, topic: int, partition: int, name: str) -> None:
    cursor = await user.execute(
        'SELECT appended_at, "offset", key, value, headers, partition, topic, status::text,'
        " uuid_send(event_id), salt, leaf FROM archive.record WHERE topic = %s AND partition = %s"
        ' ORDER BY "offset"',
        (topic, partition),
    )
    records = [Record(*row) for row in await cursor.fetchall()]
    cursor = await user.execute(
        "SELECT first_offset, next_offset, records, committed_at FROM archive.segment"
        " WHERE topic = %s AND partition = %s ORDER BY next_offset",
        (topic, partition),
    )
    previous = bytes(32)
    for first, end, number, committed_at in await cursor.fetchall():
        leaves = [
            record.leaf or record_leaf(record.salt or b"", place(name, partition), record)
            for record in records
            if first <= record.offset < end
        ]
        made = Segment(
            name, partition, first, end, number, merkle.root(leaves), previous, committed_at
        )
        where = (topic, partition, end)
        await user.execute(
            "UPDATE archive.segment SET root = %s, previous = %s"
            " WHERE (topic, partition, next_offset) = (%s, %s, %s)",
            (made.root, made.previous, *where),
        )
        previous = segment_leaf(made)
        await user.execute(
            "UPDATE archive.log SET leaf = %s WHERE (topic, partition, next_offset) = (%s, %s, %s)",
            (previous, *where),
        )
    await _renode(user)


async def _renode(user: Superuser) -> None:
    cursor = await user.execute("SELECT leaf FROM archive.log ORDER BY position")
    level, nodes = 0, [leaf for (leaf,) in await cursor.fetchall()]
    while nodes:
        await user.cursor().executemany(
            'UPDATE archive.log_node SET hash = %s WHERE (level, "index") = (%s, %s)',
            [(node, level, index) for index, node in enumerate(nodes)],
        )
        pairs = zip(nodes[::2], nodes[1::2], strict=False)
        level, nodes = level + 1, [merkle.node_hash(left, right) for left, right in pairs]


Mutation = Callable[[Superuser, random.Random], Awaitable[Done | None]]
KINDS: dict[str, Mutation] = {
    "edit": edit, "delete": delete, "insert": insert, "swap": swap, "cut": cut, "forge": forge,
}  # fmt: skip


async def mutate(user: Superuser, kind: str, chance: random.Random) -> Done:
    """Does one mutation of a kind that changes something; says which."""
    while True:
        try:
            async with user.transaction():
                done = await KINDS[kind](user, chance)
        except psycopg.Error as error:
            if error.sqlstate is None or error.sqlstate[:2] not in {"22", "23"}:
                raise
        else:
            if done:
                return done


def _table(chance: random.Random, without: tuple[str, ...] = ()) -> str:
    tables = [table for table in EDITS if table not in without]
    return chance.choice(tables + ["record"] * RECORD_WEIGHT)


def _name(table: str) -> Identifier:
    return Identifier("archive", table)


def _list(parts: Iterable[Composable]) -> Composable:
    return SQL(", ").join(parts)


async def _row(user: Superuser, table: str, chance: random.Random) -> tuple[Any, Any] | None:
    """Where a row stands, drawn at random. Rows of a retired month prove nothing any more."""
    where = _NOT_RETIRED if table in DATED else SQL("true")
    cursor = await user.execute(
        SQL(
            "SELECT ctid::text, tableoid::bigint FROM {} AS row WHERE {} ORDER BY 2, row.ctid"
        ).format(_name(table), where)
    )
    rows = await cursor.fetchall()
    return chance.choice(rows) if rows else None


async def _run(
    user: Superuser, statement: SQL, parts: list[Composable], row: tuple[Any, Any], **named: Any
) -> int:
    cursor = await user.execute(statement.format(*parts, **named), row)
    return cursor.rowcount
