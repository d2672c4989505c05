"""Liveness and readiness from named checks. Ready means progress, not a ping."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import Clock


@dataclass(frozen=True, slots=True)
class Check:
    """One check's verdict, with a sentence for the person on call."""

    ok: bool
    detail: str


CheckFunction = Callable[[], Check]


@dataclass(slots=True)
class Progress:
    """When a loop last did something useful, or last saw that there was nothing to do.

    A loop that fails calls `failed`; one that works or is idle calls `made`. Unready after
    `patience` without progress; dead after `limit`, so that a supervisor starts the process anew.
    """

    clock: Clock
    patience: timedelta = timedelta(seconds=10)
    limit: timedelta = timedelta(seconds=60)
    _last: datetime | None = None
    _error: str | None = None
    _started: datetime | None = None

    def made(self) -> None:
        """The loop went round."""
        self._last = self.clock()
        self._error = None

    def failed(self, error: str) -> None:
        """The loop tried and could not."""
        self._error = error

    def age_s(self) -> float | None:
        """Seconds since the loop last went round; None before it has begun."""
        return (self.clock() - self._last).total_seconds() if self._last else None

    def ready(self) -> Check:
        """Whether the loop goes round, for readiness."""
        if self._last is None:
            return Check(ok=False, detail=self._error or "has not started yet")
        return self._since(self._last, self.patience)

    def alive(self) -> Check:
        """Whether the loop is worth keeping, for liveness."""
        if self._started is None:
            self._started = self.clock()
        return self._since(self._last or self._started, self.limit)

    def _since(self, moment: datetime, allowed: timedelta) -> Check:
        age = self.clock() - moment
        if age <= allowed:
            return Check(ok=True, detail=f"progress {age.total_seconds():.1f} s ago")
        why = self._error or "no error was seen"
        return Check(ok=False, detail=f"no progress for {age.total_seconds():.0f} s: {why}")


@dataclass(slots=True)
class Health:
    """A service's checks by name."""

    readiness: dict[str, CheckFunction] = field(default_factory=dict)
    liveness: dict[str, CheckFunction] = field(default_factory=dict)

    def watch(self, name: str, progress: Progress) -> None:
        """Makes a loop's progress part of both verdicts."""
        self.readiness[name] = progress.ready
        self.liveness[name] = progress.alive


def verdict(checks: dict[str, CheckFunction]) -> tuple[bool, dict[str, str]]:
    """All checks' details, and whether all are well."""
    results = {name: check() for name, check in checks.items()}
    details = {
        name: result.detail if result.ok else f"NOT OK: {result.detail}"
        for name, result in results.items()
    }
    return all(result.ok for result in results.values()), details
