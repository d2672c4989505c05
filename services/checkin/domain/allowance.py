"""How much one phone may send: token buckets, so that a flood is its sender's own trouble."""

from collections import OrderedDict
from dataclasses import dataclass, field

REMEMBERED = 20_000
"""Senders; of more the one that was silent longest is forgotten, which makes its buckets full."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once after a silence, and `per_s` for ever."""

    per_s: float
    burst: float


@dataclass(slots=True)
class _Level:
    left: float
    at_s: float


@dataclass(slots=True)
class Allowance:
    """One bucket per sender. What is spent may exceed what is left, because a request is read
    before it is counted; the debt is waited off."""

    rate: Rate
    _levels: OrderedDict[str, _Level] = field(default_factory=OrderedDict, init=False)

    def wait_s(self, sender: str, now_s: float) -> float:
        """Seconds until the sender may send again; 0 when it may now."""
        left = self._filled(sender, now_s).left
        if left > 0:
            return 0.0
        return (1 - left) / self.rate.per_s

    def spend(self, sender: str, amount: float, now_s: float) -> None:
        """Takes an amount out of the sender's bucket."""
        self._filled(sender, now_s).left -= amount

    def _filled(self, sender: str, now_s: float) -> _Level:
        level = self._levels.get(sender)
        if level is None:
            level = self._levels[sender] = _Level(self.rate.burst, now_s)
            if len(self._levels) > REMEMBERED:
                self._levels.popitem(last=False)
        else:
            self._levels.move_to_end(sender)
        passed_s = max(0.0, now_s - level.at_s)
        level.left = min(self.rate.burst, level.left + passed_s * self.rate.per_s)
        level.at_s = max(level.at_s, now_s)
        return level
