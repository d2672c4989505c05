"""The tables of schema `alerts`.

A row's `body` holds the whole object as JSON bytes; the columns beside it are only what a query
needs. Bytes rather than jsonb, because PostgreSQL's text and jsonb refuse U+0000, which a report
may hold. A row's own deadline is its timer.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

SCHEMA = "alerts"
SHARDS = 8
PARKED = -1
"""The shard of outbox rows that no topic takes; people look at them, nobody relays them."""

metadata = MetaData(schema=SCHEMA)
Id = Uuid(as_uuid=False)
Moment = DateTime(timezone=True)

alert_number = Sequence("alert_number", metadata=metadata)

position = Table(
    "position",
    metadata,
    Column("topic", Text, primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("at", Moment, nullable=False, server_default=func.now()),
)
# Rows come in the order of their time, so a few pages of index cover millions of them.
Index("inbox_at", inbox.c.at, postgresql_using="brin")

alert = Table(
    "alert",
    metadata,
    Column("id", Id, primary_key=True),
    Column("number", BigInteger, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("site", Text),
    Column("unit", Text, nullable=False),
    Column("purpose", Text),
    Column("next_due_at", Moment),
    Column("next_due_kind", Text),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("body", LargeBinary, nullable=False),
)
Index("alert_due", alert.c.next_due_at, postgresql_where=alert.c.next_due_at.is_not(None))
Index("alert_open", alert.c.opened_at, postgresql_where=alert.c.closed_at.is_(None))
Index("alert_opened", alert.c.opened_at.desc())

alert_part = Table(
    "alert_part",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("alert_id", Id, ForeignKey(alert.c.id), nullable=False),
)

visit = Table(
    "visit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("state", Text, nullable=False),
    Column("site", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("opens_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("grace_until", Moment, nullable=False),
    Column("next_check_at", Moment),
    Column("barrier", LargeBinary),
    Column("barrier_at", Moment),
    Column("body", LargeBinary, nullable=False),
    Column("is_short", Boolean, nullable=False, server_default=false()),
    Column("visited_at", Moment),
)
Index("visit_check", visit.c.next_check_at, postgresql_where=visit.c.next_check_at.is_not(None))
Index("visit_site", visit.c.site, visit.c.opens_at)
Index("visit_opens", visit.c.opens_at)
Index("visit_due", visit.c.due_at)
Index("visit_site_due", visit.c.site, visit.c.due_at)
Index(
    "visit_site_visited",
    visit.c.site,
    visit.c.visited_at,
    postgresql_where=visit.c.visited_at.is_not(None),
)

task = Table(
    "task",
    metadata,
    Column("id", Id, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("site", Text),
    Column("unit", Text, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("reported_at", Moment, nullable=False),
    Column("next_due_at", Moment),
    Column("body", LargeBinary, nullable=False),
)
Index("task_due", task.c.next_due_at, postgresql_where=task.c.next_due_at.is_not(None))
Index("task_site", task.c.site, postgresql_where=task.c.next_due_at.is_not(None))
Index("task_reported", task.c.reported_at.desc())

device_track = Table(
    "device_track",
    metadata,
    Column("device", Text, primary_key=True),
    Column("next_check_at", Moment),
    # None until the transaction that first saw the device ends.
    Column("body", LargeBinary),
)
Index(
    "device_track_check",
    device_track.c.next_check_at,
    postgresql_where=device_track.c.next_check_at.is_not(None),
)

code_use = Table(
    "code_use",
    metadata,
    # SHA-256 of the code: codes are long, and none of anybody's business here.
    Column("code", Text, primary_key=True),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("body", LargeBinary),
)
Index("code_use_at", code_use.c.at)

presence_doubt = Table(
    "presence_doubt",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("site", Text),
    Column("noticed_at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("presence_doubt_noticed", presence_doubt.c.noticed_at.desc(), presence_doubt.c.id.desc())
Index("presence_doubt_site", presence_doubt.c.site, presence_doubt.c.noticed_at.desc())

sequence_gap = Table(
    "sequence_gap",
    metadata,
    # Open ones alone.
    Column("device", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

duty = Table(
    "duty",
    metadata,
    Column("crew", Text, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("members", ARRAY(Text), nullable=False),
    Column("lat", Double),
    Column("lon", Double),
    Column("position_at", Moment),
)

nudge = Table(
    "nudge",
    metadata,
    # The newest one of each crew.
    Column("crew", Text, primary_key=True),
    Column("id", Id, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_due_at", Moment),
    Column("body", LargeBinary, nullable=False),
)
Index("nudge_id", nudge.c.id)
Index("nudge_due", nudge.c.next_due_at, postgresql_where=nudge.c.next_due_at.is_not(None))

site_sign = Table(
    "site_sign",
    metadata,
    Column("site", Text, primary_key=True),
    # None where it was never heard of.
    Column("seen_at", Moment),
    Column("situation", Text),
    Column("situation_at", Moment),
)

silence = Table(
    "silence",
    metadata,
    Column("site", Text, primary_key=True),
    Column("alert_id", Id, nullable=False),
    Column("since", Moment, nullable=False),
)

plan_kept = Table(
    "plan_kept",
    metadata,
    Column("part", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

command_answer = Table(
    "command_answer",
    metadata,
    Column("key", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("status", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, server_default=func.now()),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("shard", SmallInteger, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary),
    Column("headers", LargeBinary, nullable=False),
    Column("at", Moment, nullable=False, server_default=func.clock_timestamp()),
)
Index("outbox_shard", outbox.c.shard, outbox.c.id)

notification = Table(
    "notification",
    metadata,
    Column("dedup", Text, primary_key=True),
    # Deferred: a page may be queued before its alert is saved, in one transaction.
    Column(
        "alert_id",
        Id,
        ForeignKey(alert.c.id, deferrable=True, initially="DEFERRED"),
        nullable=False,
        index=True,
    ),
    Column("channel", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", Moment),
    Column("finished_at", Moment),
    Column("body", LargeBinary, nullable=False),
    Column("call", Text, nullable=False, server_default=""),
    Column("accepted_at", Moment),
    Column("delivered_at", Moment),
    Column("error", Text),
    Column("ref", Text),
)
Index("notification_call", notification.c.call)
Index(
    "notification_ref",
    notification.c.channel,
    notification.c.ref,
    postgresql_where=notification.c.ref.is_not(None),
)
Index(
    "notification_due", notification.c.due_at, postgresql_where=notification.c.due_at.is_not(None)
)
Index(
    "notification_failed",
    notification.c.alert_id,
    postgresql_where=notification.c.accepted_at.is_(None) & (notification.c.attempt > 0),
)

journal = Table(
    "journal",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
Index("journal_at", journal.c.at.desc())

handover = Table(
    "handover",
    metadata,
    Column("id", Id, primary_key=True),
    Column("unit", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("accepted_at", Moment),
    Column("body", LargeBinary, nullable=False),
    Column("next_due_at", Moment),
)
Index("handover_unit", handover.c.unit, handover.c.at.desc())
Index("handover_due", handover.c.next_due_at, postgresql_where=handover.c.next_due_at.is_not(None))

site_risk = Table(
    "site_risk",
    metadata,
    Column("site", Text, primary_key=True),
    Column("band", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

operator = Table(
    "operator",
    metadata,
    Column("login", Text, primary_key=True),
    Column("actor", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("password_hash", Text),
    Column("oidc_subject", Text, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("password_at", Moment),
    Column("disabled_at", Moment),
)

sign_in_failure = Table(
    "sign_in_failure",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("at", Moment, nullable=False, index=True),
)
