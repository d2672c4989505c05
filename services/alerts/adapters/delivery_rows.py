"""How pages stand: what their providers said of them."""

from collections.abc import Sequence

from sqlalchemy import bindparam, case, func, or_, select, update

from services.alerts.adapters.rows import Rows
from services.alerts.adapters.tables import Moment, notification
from services.alerts.ports import Progress

_n = notification.c
_settle = (
    update(notification)
    .where(
        _n.dedup == bindparam("of_dedup"),
        _n.attempt == bindparam("before"),
        _n.delivered_at.is_(None),
        # What is settled can only be outdone by the word that it has arrived.
        or_(
            _n.due_at.is_not(None),
            _n.accepted_at.is_not(None),
            bindparam("to_delivered_at", type_=Moment).is_not(None),
        ),
    )
    .values(
        attempt=bindparam("to_attempt"),
        due_at=bindparam("to_due_at"),
        accepted_at=bindparam("to_accepted_at"),
        delivered_at=bindparam("to_delivered_at", type_=Moment),
        error=bindparam("to_error"),
        ref=func.coalesce(bindparam("to_ref"), _n.ref),
        finished_at=case((bindparam("to_due_at", type_=Moment).is_(None), func.now())),
    )
)
_call = (
    select(_n.attempt, _n.due_at, _n.accepted_at, _n.delivered_at, _n.error, _n.ref)
    .where(_n.call == bindparam("call"))
    .order_by(_n.dedup)
)


class DeliveryRows(Rows):
    """The part of a transaction that says what became of pages."""

    async def settle_page(self, dedup: str, before: int, progress: Progress) -> bool:
        """How a page stands now; False, and nothing changed, where another sender was first."""
        settled = await self._run(
            _settle,
            {
                "of_dedup": dedup,
                "before": before,
                "to_attempt": progress.attempt,
                "to_due_at": progress.due_at,
                "to_accepted_at": progress.accepted_at,
                "to_delivered_at": progress.delivered_at,
                "to_error": _plain(progress.error),
                "to_ref": _plain(progress.ref),
            },
        )
        self.paged = self.paged or progress.due_at is not None
        return settled.rowcount > 0

    async def call(self, call: str) -> Sequence[Progress]:
        """How the pages of a call stand, in the order of their `dedup`."""
        rows = await self._run(_call, {"call": call})
        return [Progress(*row) for row in rows]


def _plain(text: str | None) -> str | None:
    """What a provider says may hold U+0000, which PostgreSQL's text refuses."""
    return text.replace("\x00", "\ufffd") if text is not None else None
