"""The tables of schema `archive`, as searches read them; the hot path writes them by COPY.

`event` holds each event id once; what came again is in `duplicate` (same content) or `conflict`
(other content), what was refused or given up on is in `aside`, what is no event in `undecodable`.
Each row names its record by place. `log` holds each segment once, as the leaves of one tree whose
complete subtrees are in `log_node`; a `checkpoint` is a signed note about that tree. `withheld`
says who may know of an event or alert, `belonging` what is as restricted as something else, `part`
which reports an alert has. The rest is the keeper's: what was erased by which act, what a hold
protects, which months were retired.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    DateTime,
    Enum,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
)

from services.archive.domain.search import STATUSES

SCHEMA = "archive"

metadata = MetaData(schema=SCHEMA)
Moment = DateTime(timezone=True)
Id = Uuid(as_uuid=False)

topic = Table(
    "topic",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
)

segment = Table(
    "segment",
    metadata,
    Column("topic", SmallInteger, ForeignKey(topic.c.id), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("first_offset", BigInteger, nullable=False),
    Column("next_offset", BigInteger, primary_key=True, autoincrement=False),
    Column("appended_at", Moment, nullable=False),
    Column("committed_at", Moment, nullable=False),
    Column("records", Integer, nullable=False),
    Column("events", Integer, nullable=False),
    Column("duplicates", Integer, nullable=False),
    Column("conflicts", Integer, nullable=False),
    Column("aside", Integer, nullable=False),
    Column("undecodable", Integer, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("previous", LargeBinary, nullable=False),
    Column("earliest", Moment, nullable=False),
    Column("latest", Moment, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("appended_at", Moment, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("topic", SmallInteger, nullable=False),
    Column("status", Enum(*STATUSES, name="status", schema=SCHEMA), nullable=False),
    Column("event_id", Id),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", LargeBinary),
    Column("salt", LargeBinary),
    Column("leaf", LargeBinary),
    postgresql_partition_by="RANGE (appended_at)",
)
Index("record_place", record.c.appended_at, record.c.offset)


def _narrow(name: str, *key: str) -> Table:
    table = Table(
        name,
        metadata,
        Column("id", Id, nullable=False, primary_key="id" in key),
        Column("time", Moment, nullable=False),
        Column("received_at", Moment),
        Column("appended_at", Moment, nullable=False),
        Column("offset", BigInteger, nullable=False, primary_key="offset" in key),
        Column("partition", Integer, nullable=False, primary_key="partition" in key),
        Column("topic", SmallInteger, nullable=False, primary_key="topic" in key),
        Column("alert", Id),
        Column("hash", LargeBinary, nullable=False),
        Column("type", Text, nullable=False),
        Column("site", Text),
        Column("unit", Text),
        Column("actor", Text),
        Column("device", Text),
    )
    Index(f"{name}_appended", table.c.appended_at)
    for column in (table.c.site, table.c.alert, table.c.actor):
        Index(
            f"{name}_{column.name}",
            column,
            table.c.appended_at,
            postgresql_where=column.is_not(None),
        )
    return table


event = _narrow("event", "id")
duplicate = _narrow("duplicate", "topic", "partition", "offset")
conflict = _narrow("conflict", "topic", "partition", "offset")
aside = _narrow("aside", "topic", "partition", "offset")
for repeat in (duplicate, conflict, aside):
    Index(f"{repeat.name}_id", repeat.c.id)

undecodable = Table(
    "undecodable",
    metadata,
    Column("appended_at", Moment, nullable=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("topic", SmallInteger, primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
)
Index("undecodable_appended", undecodable.c.appended_at)

log = Table(
    "log",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("topic", SmallInteger, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    UniqueConstraint("topic", "partition", "next_offset", name="log_segment"),
)

log_node = Table(
    "log_node",
    metadata,
    Column("level", SmallInteger, primary_key=True, autoincrement=False),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, nullable=False),
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    Column("sealed_at", Moment, primary_key=True),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("reason", Text, nullable=False),
)

erasure_act = Table(
    "erasure_act",
    metadata,
    Column("id", Id, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("class", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("erased_at", Moment, nullable=False),
)
Index("erasure_act_erased", erasure_act.c.erased_at)

erasure = Table(
    "erasure",
    metadata,
    Column("topic", SmallInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("appended_at", Moment, nullable=False),
    Column("event_id", Id),
    Column("status", Enum(*STATUSES, name="status", schema=SCHEMA), nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("kept", LargeBinary),
    Column("act", Id, ForeignKey(erasure_act.c.id), nullable=False),
)
Index("erasure_by_act", erasure.c.act)

hold = Table(
    "hold",
    metadata,
    Column("id", Id, primary_key=True),
    Column("event_id", Id),
    Column("alert", Id),
    Column("site", Text),
    Column("since", Moment),
    Column("until", Moment),
    Column("reason", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("lifted_at", Moment),
    Column("lifted_by", Text),
)

retention = Table(
    "retention",
    metadata,
    Column("class", Text, primary_key=True),
    Column("erased_up_to", Moment, nullable=False),
)

retired = Table(
    "retired",
    metadata,
    Column("month", Moment, primary_key=True),
    Column("until", Moment, nullable=False),
    Column("records", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("authority", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("retired_at", Moment, nullable=False),
)

withheld = Table(
    "withheld",
    metadata,
    Column("about", Id, primary_key=True),
    Column("roles", ARRAY(Text), primary_key=True),
    Column("hidden_from", ARRAY(Text), primary_key=True),
)

belonging = Table(
    "belonging",
    metadata,
    Column("event", Id, primary_key=True),
    Column("to", Id, primary_key=True),
)
Index("belonging_to", belonging.c.to)

part = Table(
    "part",
    metadata,
    Column("event", Id, primary_key=True),
    Column("alert", Id, primary_key=True),
)
Index("part_alert", part.c.alert)
