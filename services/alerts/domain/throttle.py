"""How long whoever fails to sign in has to wait, before the next attempt is looked at at all.

Three counts are kept: of a login from one address, of an address, and of a login from everywhere.
The last is generous, so that nobody is kept out by a stranger who types their name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Failures:
    """How often in a row, and when last."""

    count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Limit:
    """The first `free` failures cost nothing; then a pause that doubles up to `longest_s`. After
    `forget` without an attempt everything is as at the beginning."""

    free: int
    longest_s: float
    forget: timedelta = timedelta(minutes=15)


LIMITS: Mapping[str, Limit] = {
    "login_here": Limit(free=5, longest_s=60),
    "address": Limit(free=30, longest_s=60),
    "login": Limit(free=60, longest_s=10),
}
FORGET = max(limit.forget for limit in LIMITS.values())


def current(failures: Failures | None, limit: Limit, now: datetime) -> int:
    """How many failures still count."""
    if failures is None or now - failures.at >= limit.forget:
        return 0
    return failures.count


def wait_s(failures: Failures | None, limit: Limit, now: datetime) -> float:
    """Seconds until the next attempt is looked at; 0 is now."""
    beyond = current(failures, limit, now) - limit.free
    if failures is None or beyond < 0:
        return 0.0
    pause = min(2.0 ** min(beyond, 10), limit.longest_s)
    return max(0.0, pause - (now - failures.at).total_seconds())


def counted(failures: Failures | None, limit: Limit, now: datetime) -> Failures:
    """One attempt more. It counts before the password is looked at, so that many at once count
    too; a success takes it back."""
    return Failures(current(failures, limit, now) + 1, now)
