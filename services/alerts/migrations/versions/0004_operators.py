"""Operators, their sessions and what became of notifications."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NOTIFICATIONS = """
ALTER TABLE alerts.notification
    ADD COLUMN call text NOT NULL DEFAULT '',
    ADD COLUMN accepted_at timestamptz,
    ADD COLUMN delivered_at timestamptz,
    ADD COLUMN error text,
    ADD COLUMN ref text;
CREATE INDEX notification_call ON alerts.notification (call);
CREATE INDEX notification_ref ON alerts.notification (channel, ref) WHERE ref IS NOT NULL;
CREATE INDEX notification_failed ON alerts.notification (alert_id)
    WHERE accepted_at IS NULL AND attempt > 0;
"""
_OPERATORS = """
CREATE TABLE alerts.operator (
    login text PRIMARY KEY,
    actor text NOT NULL UNIQUE,
    name text NOT NULL,
    role text NOT NULL,
    unit text NOT NULL,
    password_hash text,
    oidc_subject text UNIQUE,
    created_at timestamptz NOT NULL,
    password_at timestamptz,
    disabled_at timestamptz
);

CREATE TABLE alerts.sign_in_failure (
    subject text PRIMARY KEY,
    failures integer NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX ix_alerts_sign_in_failure_at ON alerts.sign_in_failure (at);
"""


def upgrade() -> None:
    """Makes the tables, and the columns that tell a page's fate."""
    op.execute(_NOTIFICATIONS)
    op.execute(_OPERATORS)


def downgrade() -> None:
    raise NotImplementedError("a schema is never taken back")
