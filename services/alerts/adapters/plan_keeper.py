"""The last plan, kept in our own schema, so that a new process can begin while Kafka is away."""

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from services.alerts.adapters.plan_book import FoldedPlan, Kept
from services.alerts.adapters.rows import decode_body, encode_body
from services.alerts.adapters.store import retryable
from services.alerts.adapters.tables import plan_kept

IDLE_S = 2.0
_PART = "plan"

_known = select(plan_kept.c.body).where(plan_kept.c.part == bindparam("of_part"))
_new = insert(plan_kept)
_keep = _new.on_conflict_do_update(
    index_elements=[plan_kept.c.part],
    set_={"at": _new.excluded.at, "body": _new.excluded.body},
    # Another replica may have read further already.
    where=_new.excluded.at >= plan_kept.c.at,
)


class PlanKeeper:
    """Writes down what the fold shows whenever that has changed, and reads it once at the start."""

    def __init__(self, engine: AsyncEngine, plans: FoldedPlan) -> None:
        self._engine = engine
        self._plans = plans
        self._revision = plans.revision

    async def restored(self) -> bool:
        """Shows the kept plan until the topic is read; whether there is one."""
        with retryable():
            async with self._engine.connect() as connection:
                row = (await connection.execute(_known, {"of_part": _PART})).one_or_none()
        if row is None:
            return False
        self._plans.restore(decode_body(row.body, Kept))
        return True

    async def keep(self) -> float:
        """One round; returns for how many seconds there is nothing to do."""
        revision, kept = self._plans.revision, self._plans.kept()
        if revision != self._revision and kept is not None:
            with retryable():
                async with self._engine.begin() as connection:
                    row = {"part": _PART, "at": kept.at, "body": encode_body(kept)}
                    await connection.execute(_keep, row)
            self._revision = revision
        return IDLE_S
