"""How a page of a long list is asked for: `after` is the `next` of the page before."""

from http import HTTPStatus
from typing import Annotated

from litestar.params import QueryParameter

from services.alerts.adapters.cursor import Cursor
from shared.problem import ProblemError

MOST = 1000

After = Annotated[str | None, QueryParameter(name="after", max_length=80)]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=MOST)]


def cursor_of(after: str | None) -> Cursor | None:
    """Raises a problem 400 where it is none that we gave."""
    try:
        return Cursor.parse(after) if after is not None else None
    except ValueError as error:
        raise ProblemError(
            HTTPStatus.BAD_REQUEST, "`after` must be the `next` of the page before"
        ) from error


def text_of(cursor: Cursor | None) -> str | None:
    """What is answered as `next`."""
    return str(cursor) if cursor is not None else None
