"""How much of what the plan demands of a day was done."""

from collections.abc import Sequence

from msgspec import Struct


class Coverage(Struct, frozen=True, kw_only=True):
    """Visits of one site, or of all, in numbers.

    `required` are those whose time has come; `late` were made after their window; `short` were made
    and lacked something; the windows of `open` are open now. `coverage` is (done + late) /
    required, None where nothing is required.
    """

    site: str | None
    planned: int
    required: int
    done: int
    late: int
    missed: int
    at_risk: int
    short: int
    open: int = 0

    @property
    def share(self) -> float | None:
        """What part of the required visits was made."""
        made = self.done + self.late
        return min(1.0, made / self.required) if self.required else None


def total(rows: Sequence[Coverage]) -> Coverage:
    """All sites as one."""
    names = ("planned", "required", "done", "late", "missed", "at_risk", "short", "open")
    sums = {name: sum(int(getattr(row, name)) for row in rows) for name in names}
    return Coverage(site=None, **sums)
