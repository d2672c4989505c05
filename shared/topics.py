"""Every topic, declared once: who writes and reads it, its key, how long it is kept.

The physical name is the logical one behind a prefix from the settings, so that every test run and
every tenant of a cluster has topics of its own.
"""

import zlib
from dataclasses import dataclass

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
FOR_EVER = -1
MAX_RECORD_BYTES = 1_048_576
"""The largest record that any topic takes, key, headers and framing included."""
MAX_EVENT_BYTES = 262_144
"""The largest event that the intake takes: what the server adds to it must fit a record too."""


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """A topic's declaration; `key` says in words what the record key is."""

    name: str
    key: str
    partitions: int
    retention_ms: int
    writers: frozenset[str]
    readers: frozenset[str]
    flush_each_append: bool = True

    def physical(self, prefix: str) -> str:
        """The topic's name on the cluster."""
        return f"{prefix}{self.name}"

    def config(self, *, single_broker: bool) -> dict[str, str]:
        """Topic configuration for creation.

        One broker flushes each append, because an acknowledged report must survive a power cut;
        with replicas that is what the replicas are for.
        """
        config = {
            "cleanup.policy": "delete",
            "retention.ms": str(self.retention_ms),
            "retention.bytes": "-1",
            "message.timestamp.type": "LogAppendTime",
            "max.message.bytes": str(MAX_RECORD_BYTES),
        }
        if single_broker and self.flush_each_append:
            config["flush.messages"] = "1"
        return config


def _spec(
    name: str,
    key: str,
    partitions: int,
    retention_ms: int,
    *,
    writers: str,
    readers: str,
    flush_each_append: bool = True,
) -> TopicSpec:
    return TopicSpec(
        name=name,
        key=key,
        partitions=partitions,
        retention_ms=retention_ms,
        writers=frozenset(writers.split()),
        readers=frozenset(readers.split()),
        flush_each_append=flush_each_append,
    )


PATROL = _spec(
    "ronda.patrol",
    "site or unit",
    6,
    30 * DAY_MS,
    writers="checkin",
    readers="alerts archive",
)
INCIDENT = _spec(
    "ronda.incident",
    "site or unit",
    6,
    30 * DAY_MS,
    writers="checkin alerts",
    readers="alerts archive",
)
POSITION = _spec(
    "ronda.position",
    "device",
    6,
    7 * DAY_MS,
    writers="checkin",
    readers="alerts archive",
    flush_each_append=False,
)
ALERT = _spec(
    "ronda.alert",
    "site of the first report, for life",
    6,
    30 * DAY_MS,
    writers="alerts",
    readers="checkin alerts archive",
)
PLAN = _spec(
    "ronda.plan",
    "none",
    1,
    FOR_EVER,
    writers="operator alerts",
    readers="checkin alerts archive",
)
DEVICE = _spec(
    "ronda.device",
    "none",
    1,
    FOR_EVER,
    writers="operator checkin alerts",
    readers="checkin alerts archive",
)
AUDIT = _spec(
    "ronda.audit",
    "unit",
    3,
    30 * DAY_MS,
    writers="alerts archive",
    readers="archive",
)
QUARANTINE = _spec(
    "ronda.quarantine",
    "device",
    3,
    30 * DAY_MS,
    writers="checkin",
    readers="archive",
)
MEDIA = _spec(
    "ronda.media",
    "SHA-256 of the photo",
    3,
    30 * DAY_MS,
    writers="checkin",
    readers="archive",
)
DEADLETTER = _spec(
    "ronda.deadletter",
    "none",
    1,
    30 * DAY_MS,
    writers="alerts",
    readers="alerts archive",
)

TOPICS: tuple[TopicSpec, ...] = (
    PATROL,
    INCIDENT,
    POSITION,
    ALERT,
    PLAN,
    DEVICE,
    AUDIT,
    QUARANTINE,
    MEDIA,
    DEADLETTER,
)

_BY_PREFIX: tuple[tuple[str, TopicSpec], ...] = (
    ("ronda.shift.", PATROL),
    ("ronda.visit.checked_", PATROL),
    ("ronda.visit.withdrawn.", PATROL),
    ("ronda.vulnerability.reported.", PATROL),
    ("ronda.dispatch.", PATROL),
    ("ronda.welfare.answered.", PATROL),
    ("ronda.incident.", INCIDENT),
    ("ronda.duress.", INCIDENT),
    ("ronda.backup.", INCIDENT),
    ("ronda.position.", POSITION),
    ("ronda.plan.", PLAN),
    ("ronda.situation.", PLAN),
    ("ronda.device.", DEVICE),
    ("ronda.operator.", DEVICE),
    ("ronda.media.", MEDIA),
    ("ronda.journal.", AUDIT),
    ("ronda.watch.", AUDIT),
    ("ronda.access.", AUDIT),
    ("ronda.checkpoint.", AUDIT),
    ("ronda.record.", AUDIT),
    ("ronda.alert.", ALERT),
    ("ronda.visit.", ALERT),
    ("ronda.vulnerability.", ALERT),
    ("ronda.advice.", ALERT),
    ("ronda.task.", ALERT),
    ("ronda.risk.", ALERT),
    ("ronda.presence.", ALERT),
    ("ronda.sequence.", ALERT),
    ("ronda.welfare.", ALERT),
    ("ronda.notification.", ALERT),
)
_FROM_DEVICES = (PATROL, INCIDENT, POSITION)


def topic_of(event_type: str) -> TopicSpec | None:
    """Which topic events of a type travel on; the first matching prefix decides."""
    return next((topic for prefix, topic in _BY_PREFIX if event_type.startswith(prefix)), None)


def intake_topic(event_type: str) -> TopicSpec | None:
    """Where the intake puts an event of this type; None for types that no device may send."""
    topic = topic_of(event_type)
    return topic if topic in _FROM_DEVICES else None


def partition_for(key: bytes, partitions: int) -> int:
    """CRC-32 of the key modulo the partitions: part of the contract.

    aiokafka's own murmur2 is pure Python and 20 times slower. A producer in another language must
    set the partition by this rule, or order per key is lost.
    """
    return zlib.crc32(key) % partitions
