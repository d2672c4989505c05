"""Each phone's share of the service: who asks for more is told 429, and when to come again."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http import HTTPStatus
from math import ceil
from time import monotonic

from services.checkin.domain.allowance import Allowance, Rate
from shared.auth import Principal
from shared.problem import ProblemError

SAVED_UP_S = 120
"""So many seconds' worth may come at once: the outbox of days, in some minutes."""
HOLD_S = 1.0
"""From a request over the share to its answer, at least."""
APART_S = 0.05
"""Between two such answers to one sender, who else would be turned away sixty times at once."""
MAX_HELD = 500
BODIES_AT_ONCE = 4
"""The app has two lanes; a connection that was lost on the way may take a place for a while."""
STRANGERS_BODIES_AT_ONCE = 256
"""Of one address, behind which may be all phones of a network."""
STRANGERS = Rate(per_s=100, burst=1000)


class Gate:
    """Buckets per phone, for requests and for events. Credentials that are no phone's have none.

    Who is over the share is answered after a pause, and one request after the other: a client that
    sends again at once costs others twenty refusals a second, spread, however many connections it
    has.
    """

    def __init__(
        self,
        *,
        events_per_s: float,
        requests_per_s: float,
        now_s: Callable[[], float] = monotonic,
    ) -> None:
        self._events = Allowance(Rate(events_per_s, events_per_s * SAVED_UP_S))
        self._requests = Allowance(Rate(requests_per_s, requests_per_s * 10))
        self._strangers = Allowance(STRANGERS)
        self._now_s = now_s
        self._held = 0
        self._last_turn_s: dict[str, float] = {}
        self._bodies: Counter[str] = Counter()

    async def enter(self, sender: Principal) -> None:
        """Counts a request; raises `ProblemError` 429."""
        if sender.device is None:
            return
        now_s = self._now_s()
        wait_s = max(
            bucket.wait_s(sender.device, now_s) for bucket in (self._requests, self._events)
        )
        if wait_s:
            raise await self._refusal(
                f"phone {sender.device}", wait_s, "this phone sends more than its share"
            )
        self._requests.spend(sender.device, 1, now_s)

    def count(self, sender: Principal, events: int) -> None:
        """Counts the events of a request that was let in."""
        if sender.device is not None:
            self._events.spend(sender.device, events, self._now_s())

    def place(self, sender: Principal) -> AbstractContextManager[None]:
        """One of the phone's few places for a body on its way; to enter it raises `ProblemError`
        429."""
        if sender.device is None:
            return nullcontext()
        return self._place(f"phone {sender.device}", BODIES_AT_ONCE)

    def place_of_unknown(self, address: str) -> AbstractContextManager[None]:
        """The same for who says not yet who it is."""
        return self._place(f"address {address}", STRANGERS_BODIES_AT_ONCE)

    @contextmanager
    def _place(self, sender: str, most: int) -> Iterator[None]:
        if self._bodies[sender] >= most:
            raise _come_again(1, "too many bodies are on their way from there")
        self._bodies[sender] += 1
        try:
            yield
        finally:
            self._bodies[sender] -= 1
            if not self._bodies[sender]:
                del self._bodies[sender]

    async def enter_unknown(self, address: str) -> None:
        """Counts a request that says not yet who sends it; raises `ProblemError` 429."""
        now_s = self._now_s()
        wait_s = self._strangers.wait_s(address, now_s)
        if wait_s:
            raise await self._refusal(
                f"address {address}", wait_s, "too many such requests come from there"
            )
        self._strangers.spend(address, 1, now_s)

    async def _refusal(self, sender: str, wait_s: float, detail: str) -> ProblemError:
        """What to raise, once it is this request's turn."""
        if self._held < MAX_HELD:
            self._held += 1
            try:
                await self._turn(sender)
            finally:
                self._held -= 1
        return _come_again(wait_s, detail)

    async def _turn(self, sender: str) -> None:
        now_s = self._now_s()
        turn_s = max(now_s + HOLD_S, self._last_turn_s.get(sender, 0.0) + APART_S)
        self._last_turn_s[sender] = turn_s
        try:
            await asyncio.sleep(turn_s - now_s)
        finally:
            if self._last_turn_s.get(sender) == turn_s:
                del self._last_turn_s[sender]


def _come_again(wait_s: float, detail: str) -> ProblemError:
    return ProblemError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{detail}; send again later",
        headers={"Retry-After": str(max(1, ceil(wait_s)))},
    )
