"""PostgreSQL from the command line: where it is away or empty, it says what to mend."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import UndefinedTable
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError, ProgrammingError

from ronda.topic import UnreachableError
from services.alerts.ports import TryAgain


@asynccontextmanager
async def answering(database_url: str) -> AsyncIterator[None]:
    """Raises `UnreachableError` where PostgreSQL does not do what is asked of it in the block."""
    where = make_url(database_url).render_as_string(hide_password=True)
    try:
        yield
    except (OperationalError, TryAgain) as error:
        reason = str(getattr(error.__cause__, "orig", None) or error.__cause__ or error)
        raise UnreachableError(
            f"PostgreSQL at {where} does not answer as it should "
            f"({reason.strip().splitlines()[0]}): start it, or set RONDA_DATABASE_URL to where "
            "it is"
        ) from error
    except ProgrammingError as error:
        if not isinstance(error.orig, UndefinedTable):
            raise
        raise UnreachableError(
            f"the database at {where} has no tables of ours yet: `ronda db upgrade` makes them"
        ) from error
