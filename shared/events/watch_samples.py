"""Examples of what the room says of itself; the people are invented."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from shared.events.alert import Owner
from shared.events.identity import derived_id
from shared.events.watch import (
    Handover,
    JournalEntry,
    JournalNoted,
    WatchHandedOver,
    WatchPrepared,
    WatchWithdrawn,
)

_EVENING = datetime(2023, 11, 29, 13, 0, tzinfo=UTC)
_OUTGOING = Owner(actor="p-2001", name="Ipda Sari Contoh", role="operator", at=_EVENING)

ENTRY = JournalEntry(
    id=derived_id(_EVENING, "sample", "journal"),
    at=_EVENING,
    by=_OUTGOING,
    kind="note",
    text="Genset posko diuji, menyala",
    site="gudang-logistik",
)
PREPARED = Handover(
    id=derived_id(_EVENING, "sample", "handover"),
    unit="polda-jatim/polres-tuban",
    outgoing=_OUTGOING,
    attention="Kerumunan di depan Bawaslu dapat kembali besok pagi",
    open=[derived_id(_EVENING, "sample", "open")],
    due_at=_EVENING + timedelta(minutes=15),
)
WITHDRAWN = replace(PREPARED, withdrawn=replace(_OUTGOING, at=_EVENING + timedelta(minutes=4)))
HANDOVER = replace(
    PREPARED,
    incoming=Owner(
        actor="p-2002",
        name="Ipda Joko Contoh",
        role="operator",
        at=_EVENING + timedelta(minutes=6),
    ),
    read=PREPARED.open,
)
OF_THE_WATCH = (
    (JournalNoted, ENTRY),
    (WatchPrepared, PREPARED),
    (WatchWithdrawn, WITHDRAWN),
    (WatchHandedOver, HANDOVER),
)
