"""What is wrong with a plan, and where: file, line, path and what to mend."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Path = tuple[str | int, ...]
"""Where something stands in the plan: section, row number from 0, field, …"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; both numbers count from 1."""

    line: int
    column: int | None = None


@dataclass(frozen=True, slots=True)
class PlanError:
    """One thing to mend. `str()` reads `file:line:column: path: message`, as editors expect it."""

    file: str
    line: int
    column: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" + (f":{self.column}" if self.column else "")
        return ": ".join(part for part in (place, self.path, self.message) if part)

    def sort_key(self) -> tuple[str, int, int, str]:
        """Order of a report: by file, then from its top to its bottom."""
        return self.file, self.line, self.column or 0, self.path


@dataclass(frozen=True, slots=True)
class Source:
    """A file, and where in it each path of the plan stands."""

    file: str
    marks: Mapping[Path, Mark] = field(default_factory=dict)

    def mark(self, path: Path) -> Mark:
        """The place of a path, else of the nearest thing around it."""
        for length in range(len(path), -1, -1):
            mark = self.marks.get(path[:length])
            if mark is not None:
                return mark
        return Mark(1)

    def error(self, path: Path, message: str) -> PlanError:
        """An error at a path."""
        mark = self.mark(path)
        return PlanError(self.file, mark.line, mark.column, spelled(path), message)


def spelled(path: Path) -> str:
    """A path as people write it: `sites[3].radius_m`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
