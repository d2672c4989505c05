"""What comes down, folded from the last days of `ronda.alert` by this replica for itself."""

from collections.abc import Sequence

from services.checkin.adapters.news import News
from services.checkin.domain.inbox import Inbox, Place
from shared.bus import Record
from shared.events.registry import Undecodable, decode
from shared.logging import logger

_log = logger(__name__)


class FoldedInbox(News):
    """Fed by a `Follower`; an `InboxSource`."""

    def __init__(self) -> None:
        super().__init__()
        self.inbox = Inbox()
        self.position: dict[int, int] = {}

    def apply(self, records: Sequence[Record]) -> None:
        """Takes the next records of a partition, and wakes who waits for them."""
        for record in records:
            try:
                self.inbox.feed(decode(record.value), Place(record.partition, record.offset))
            except Undecodable as error:
                _log.warning("not an event", offset=record.offset, error=str(error))
            self.position[record.partition] = record.offset + 1
        self.announce()
