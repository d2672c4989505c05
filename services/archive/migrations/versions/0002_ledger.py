"""The ledger: salts, roots, the one log and its checkpoints.

Nothing of it is ever updated but a record that is erased: then the leaf takes the salt's place.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Nothing was released before the ledger, and what has no salt cannot be sealed.
_EMPTY = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM archive.segment) THEN
        RAISE EXCEPTION 'this archive was filled before there was a ledger: use an empty database';
    END IF;
END $$;
"""

# `earliest` and `latest` bound its records' appending, so that they are found through the index of
# `record` even where the broker's clock jumped.
_SEGMENT = """
ALTER TABLE archive.segment
    ADD earliest timestamptz NOT NULL,
    ADD latest timestamptz NOT NULL,
    ALTER root SET NOT NULL,
    ALTER previous SET NOT NULL,
    ADD CONSTRAINT hashes CHECK (octet_length(root) = 32 AND octet_length(previous) = 32);
"""

_RECORD = """
ALTER TABLE archive.record
    ADD CONSTRAINT salted_or_erased CHECK ((salt IS NULL) <> (leaf IS NULL));
"""

_LOG = """
CREATE TABLE archive.log (
    position bigint PRIMARY KEY,
    topic smallint NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    CONSTRAINT log_segment UNIQUE (topic, partition, next_offset)
);
"""

# Level 0 is the leaves; node (l, i) spans the positions from i * 2**l up to (i + 1) * 2**l.
_NODE = """
CREATE TABLE archive.log_node (
    level smallint NOT NULL,
    "index" bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (level, "index")
);
"""

_CHECKPOINT = """
CREATE TABLE archive.checkpoint (
    size bigint NOT NULL,
    sealed_at timestamptz NOT NULL,
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    note text NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (size, sealed_at)
);
"""


def upgrade() -> None:
    for statement in (_EMPTY, _SEGMENT, _RECORD, _LOG, _NODE, _CHECKPOINT):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the archive is never taken back")
