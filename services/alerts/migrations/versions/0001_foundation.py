"""Alerts, their timers, inbox and outbox."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE SEQUENCE alerts.alert_number;

CREATE TABLE alerts.position (
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

CREATE TABLE alerts.inbox (
    event_id uuid PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX inbox_at ON alerts.inbox USING brin (at);

CREATE TABLE alerts.alert (
    id uuid PRIMARY KEY,
    number bigint NOT NULL UNIQUE,
    version integer NOT NULL,
    state text NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    site text,
    unit text NOT NULL,
    purpose text,
    next_due_at timestamptz,
    next_due_kind text,
    opened_at timestamptz NOT NULL,
    closed_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX alert_due ON alerts.alert (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX alert_open ON alerts.alert (opened_at) WHERE closed_at IS NULL;
CREATE INDEX alert_opened ON alerts.alert (opened_at DESC);

CREATE TABLE alerts.alert_part (
    event_id uuid PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts.alert
);

CREATE TABLE alerts.visit (
    id uuid PRIMARY KEY,
    state text NOT NULL,
    site text NOT NULL,
    unit text NOT NULL,
    opens_at timestamptz NOT NULL,
    due_at timestamptz NOT NULL,
    grace_until timestamptz NOT NULL,
    next_check_at timestamptz,
    barrier bytea,
    barrier_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX visit_check ON alerts.visit (next_check_at) WHERE next_check_at IS NOT NULL;
CREATE INDEX visit_site ON alerts.visit (site, opens_at);
CREATE INDEX visit_opens ON alerts.visit (opens_at);

CREATE TABLE alerts.vulnerability (
    event uuid PRIMARY KEY,
    site text NOT NULL,
    reported_at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX ix_alerts_vulnerability_site ON alerts.vulnerability (site);

CREATE TABLE alerts.duty (
    crew text PRIMARY KEY,
    unit text NOT NULL,
    since timestamptz NOT NULL,
    ended_at timestamptz,
    members text[] NOT NULL,
    lat double precision,
    lon double precision,
    position_at timestamptz
);

CREATE TABLE alerts.site_sign (
    site text PRIMARY KEY,
    seen_at timestamptz NOT NULL,
    situation text,
    situation_at timestamptz
);

CREATE TABLE alerts.command_answer (
    key text PRIMARY KEY,
    actor text NOT NULL,
    status smallint NOT NULL,
    body bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE alerts.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shard smallint NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    value bytea,
    headers bytea NOT NULL,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX outbox_shard ON alerts.outbox (shard, id);

CREATE TABLE alerts.notification (
    dedup text PRIMARY KEY,
    alert_id uuid NOT NULL REFERENCES alerts.alert DEFERRABLE INITIALLY DEFERRED,
    channel text NOT NULL,
    attempt integer NOT NULL,
    due_at timestamptz,
    finished_at timestamptz,
    body bytea NOT NULL
);
CREATE INDEX ix_alerts_notification_alert_id ON alerts.notification (alert_id);
CREATE INDEX notification_due ON alerts.notification (due_at) WHERE due_at IS NOT NULL;
"""


def upgrade() -> None:
    """Makes the tables."""
    op.execute(_TABLES)
