"""Erasure that keeps proofs, legal holds, and months that were retired.

An act erases up to some hundred records for one reason; its id is that of the event that tells of
it. The service's role reads these tables and writes none of them.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ACT = """
CREATE TABLE archive.erasure_act (
    id uuid PRIMARY KEY,
    reason text NOT NULL,
    authority text NOT NULL,
    class text NOT NULL,
    actor text NOT NULL,
    erased_at timestamptz NOT NULL
);
CREATE INDEX erasure_act_erased ON archive.erasure_act (erased_at);
"""

# `kept` is the digest of what is left of the narrow row.
_ERASURE = """
CREATE TABLE archive.erasure (
    topic smallint NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    appended_at timestamptz NOT NULL,
    event_id uuid,
    status archive.status NOT NULL,
    leaf bytea NOT NULL CHECK (octet_length(leaf) = 32),
    kept bytea,
    act uuid NOT NULL REFERENCES archive.erasure_act,
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX erasure_by_act ON archive.erasure (act);
"""

# A hold is lifted, never taken away. Every condition that is given must hold.
_HOLD = """
CREATE TABLE archive.hold (
    id uuid PRIMARY KEY,
    event_id uuid,
    alert uuid,
    site text,
    since timestamptz,
    until timestamptz,
    reason text NOT NULL,
    authority text NOT NULL,
    actor text NOT NULL,
    placed_at timestamptz NOT NULL,
    lifted_at timestamptz,
    lifted_by text,
    CHECK (num_nonnulls(event_id, alert, site, since, until) > 0)
);
"""

# How far each class of data is erased, so that a run looks at what is new only.
_RETENTION = """
CREATE TABLE archive.retention (
    class text PRIMARY KEY,
    erased_up_to timestamptz NOT NULL
);
"""

_RETIRED = """
CREATE TABLE archive.retired (
    month timestamptz PRIMARY KEY,
    until timestamptz NOT NULL,
    records bigint NOT NULL,
    reason text NOT NULL,
    authority text NOT NULL,
    actor text NOT NULL,
    retired_at timestamptz NOT NULL
);
"""

# Where tables are made for the service's role to add to, these are not.
_RIGHTS = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'archive_writer') THEN
        REVOKE INSERT ON archive.erasure_act, archive.erasure, archive.hold, archive.retention,
            archive.retired FROM archive_writer;
    END IF;
END $$;
"""


def upgrade() -> None:
    for statement in (_ACT, _ERASURE, _HOLD, _RETENTION, _RETIRED, _RIGHTS):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
