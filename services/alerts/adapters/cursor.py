"""Where a page of a long list ended, so that the next page goes on there and nothing is cut off."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, NamedTuple, Self, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_

T = TypeVar("T")

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class Cursor(NamedTuple):
    """The last row of a page: what the list is ordered by, and the id among equals."""

    at: datetime
    id: str

    def __str__(self) -> str:
        return f"{self.at.astimezone(UTC).strftime(_FORM)}~{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError where it is none of ours."""
        at, _, row_id = text.partition("~")
        return cls(datetime.strptime(at, _FORM).replace(tzinfo=UTC), str(UUID(row_id)))

    def before(self, at: ColumnElement[datetime], row_id: ColumnElement[str]) -> Any:
        """Rows that come later in a list whose newest rows are first."""
        return tuple_(at, row_id) < tuple_(self.at, self.id, types=[at.type, row_id.type])

    def after(self, at: ColumnElement[datetime], row_id: ColumnElement[str]) -> Any:
        """Rows that come later in a list whose oldest rows are first."""
        return tuple_(at, row_id) > tuple_(self.at, self.id, types=[at.type, row_id.type])


class Page(NamedTuple, Generic[T]):
    """Some of a list, and where the rest of it begins; None where there is no rest."""

    items: list[T]
    rest: Cursor | None


def page_of(rows: Sequence[Any], size: int, item: Callable[[Any], T], at: str) -> Page[T]:
    """A page of rows of which one more than its size was asked for; `at` names the column."""
    shown = rows[:size]
    items = [item(row) for row in shown]
    if len(rows) <= size:
        return Page(items, None)
    return Page(items, Cursor(getattr(shown[-1], at), str(shown[-1].id)))
