"""The phones, folded from `ronda.device` by this replica for itself."""

from collections.abc import Sequence
from datetime import UTC, datetime

from services.checkin.adapters.news import News
from services.checkin.domain.devices import Registry
from shared.bus import Record
from shared.events.registry import Undecodable, decode
from shared.logging import logger

_log = logger(__name__)


class FoldedDevices(News):
    """Fed by a `Follower`, in offset order; a `DeviceSource`."""

    def __init__(self) -> None:
        super().__init__()
        self.registry = Registry()

    def apply(self, records: Sequence[Record]) -> None:
        """Takes the next records, and wakes who waits for them."""
        for record in records:
            try:
                event = decode(record.value)
            except Undecodable as error:
                _log.warning("not an event", offset=record.offset, error=str(error))
                continue
            self.registry.feed(event, datetime.fromtimestamp(record.timestamp / 1000, UTC))
        self.announce()
