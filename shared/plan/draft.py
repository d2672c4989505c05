"""A plan that has been read but not yet believed: raw rows, what they became, where they stand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared.plan.errors import Path, PlanError, Source
from shared.plan.model import ROW_TYPES, Row

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A row as it stands in its file; `value` is None where it could not be read."""

    source: Source
    path: Path
    raw: object
    value: Any

    def raw_values(self, *steps: str) -> Iterator[tuple[Path, str]]:
        """Every text at these steps into the raw row, with its path; `*` steps into a list."""
        return _walk(self.raw, self.path, steps)


def _walk(raw: object, path: Path, steps: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    if not steps:
        if isinstance(raw, str):
            yield path, raw
    elif steps[0] == "*" and isinstance(raw, list):
        for at, item in enumerate(raw):
            yield from _walk(item, (*path, at), steps[1:])
    elif isinstance(raw, dict) and steps[0] in raw:
        yield from _walk(raw[steps[0]], (*path, steps[0]), steps[1:])


@dataclass(slots=True)
class Draft:
    """All sections that could be read, and all that was wrong so far."""

    rows: dict[str, list[DraftRow]] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    errors: list[PlanError] = field(default_factory=list)

    def values(self, kind: type[R]) -> Iterator[tuple[DraftRow, R]]:
        """The rows of a type that could be read."""
        section = next(name for name, row_type in ROW_TYPES.items() if row_type is kind)
        for row in self.rows.get(section, ()):
            if row.value is not None:
                yield row, row.value

    def names(self, section: str, field_name: str) -> list[str]:
        """A field of a section's raw rows, the broken ones included: a row with a wrong radius
        is still a site that others may name."""
        return [
            name for row in self.rows.get(section, ()) for _, name in row.raw_values(field_name)
        ]

    def complain(self, row: DraftRow, path: Path, message: str) -> None:
        """Reports an error at a path within a row."""
        self.errors.append(row.source.error((*row.path, *path), message))
