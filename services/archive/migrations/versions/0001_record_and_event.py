"""Every record, and one narrow row per event.

Nothing here is ever updated: the service's role needs no more than INSERT, SELECT and TEMP.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TOPIC = """
CREATE TABLE archive.topic (
    id smallint PRIMARY KEY,
    name text NOT NULL UNIQUE
);
"""

# The head of a partition is its last segment. `root` and `previous` are the ledger's, and empty
# until there is one.
_SEGMENT = """
CREATE TABLE archive.segment (
    topic smallint NOT NULL REFERENCES archive.topic,
    partition integer NOT NULL,
    first_offset bigint NOT NULL,
    next_offset bigint NOT NULL,
    appended_at timestamptz NOT NULL,
    committed_at timestamptz NOT NULL,
    records integer NOT NULL,
    events integer NOT NULL,
    duplicates integer NOT NULL,
    conflicts integer NOT NULL,
    aside integer NOT NULL,
    undecodable integer NOT NULL,
    root bytea,
    previous bytea,
    PRIMARY KEY (topic, partition, next_offset)
);
"""

# No unique key: the lock on the partition's head keeps a record from coming twice, and a unique
# index would cost as much as the row. The default partition takes what no month was made for.
_RECORD = """
CREATE TYPE archive.status AS ENUM ('event', 'duplicate', 'conflict', 'aside', 'undecodable');

CREATE TABLE archive.record (
    appended_at timestamptz NOT NULL,
    "offset" bigint NOT NULL,
    partition integer NOT NULL,
    topic smallint NOT NULL,
    status archive.status NOT NULL,
    event_id uuid,
    key bytea,
    value bytea,
    headers bytea,
    salt bytea,
    leaf bytea
) PARTITION BY RANGE (appended_at);
CREATE INDEX record_place ON archive.record (appended_at, "offset");
CREATE TABLE archive.record_default PARTITION OF archive.record DEFAULT;
"""

# Wide columns first, so that no row pays for padding.
_NARROW = """
    id uuid NOT NULL,
    time timestamptz NOT NULL,
    received_at timestamptz,
    appended_at timestamptz NOT NULL,
    "offset" bigint NOT NULL,
    partition integer NOT NULL,
    topic smallint NOT NULL,
    alert uuid,
    hash bytea NOT NULL,
    type text NOT NULL,
    site text,
    unit text,
    actor text,
    device text,
"""


def _narrow(name: str, key: str) -> str:
    return f"""
CREATE TABLE archive.{name} ({_NARROW} PRIMARY KEY ({key}));
CREATE INDEX {name}_appended ON archive.{name} (appended_at);
CREATE INDEX {name}_site ON archive.{name} (site, appended_at) WHERE site IS NOT NULL;
CREATE INDEX {name}_alert ON archive.{name} (alert, appended_at) WHERE alert IS NOT NULL;
"""


_UNDECODABLE = """
CREATE TABLE archive.undecodable (
    appended_at timestamptz NOT NULL,
    "offset" bigint NOT NULL,
    partition integer NOT NULL,
    topic smallint NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX undecodable_appended ON archive.undecodable (appended_at);
"""


def upgrade() -> None:
    place = 'topic, partition, "offset"'
    for statement in (
        _TOPIC,
        _SEGMENT,
        _RECORD,
        _narrow("event", "id"),
        _narrow("duplicate", place),
        _narrow("conflict", place),
        _narrow("aside", place),
        *(
            f"CREATE INDEX {name}_id ON archive.{name} (id);"
            for name in ("duplicate", "conflict", "aside")
        ),
        _UNDECODABLE,
    ):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the archive is never taken back")
