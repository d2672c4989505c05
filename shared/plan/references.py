"""Names within a plan: each stands for one thing, and whoever is named exists."""

from collections.abc import Iterable

from shared.plan.draft import Draft
from shared.plan.errors import Path
from shared.plan.rows import did_you_mean

_KEYS = {"units": "path", "phases": "code"}
"""The field that names a section's rows, where it is not `id`."""

_REFERENCES: tuple[tuple[str, str, str, str, str], ...] = (
    ("operation", "unit", "unit", "units", "path"),
    ("sites", "unit", "unit", "units", "path"),
    ("sites", "type", "site type", "site_types", "id"),
    ("people", "unit", "unit", "units", "path"),
    ("posts", "unit", "unit", "units", "path"),
    ("posts", "holder", "person", "people", "id"),
    ("posts", "contacts.*.channel", "channel", "channels", "id"),
    ("shifts", "unit", "unit", "units", "path"),
    ("shifts", "members.*", "person", "people", "id"),
    ("shifts", "sites.*", "site", "sites", "id"),
    ("visit_rules", "phases.*", "phase", "phases", "code"),
    ("visit_rules", "site_types.*", "site type", "site_types", "id"),
    ("visit_rules", "sites.*", "site", "sites", "id"),
    ("visit_rules", "crew", "crew", "shifts", "crew"),
    ("categories", "site_types.*", "site type", "site_types", "id"),
    ("policies", "steps.*.posts.*", "kind of post", "posts", "kind"),
)
"""section, steps to the name, what it names, the section and field where that is declared."""

_REPEATABLE = frozenset({("shifts", "members.*"), ("shifts", "sites.*")})


def check_references(draft: Draft) -> None:
    """Reports repeated ids, and names of things that the plan does not declare."""
    for section in draft.rows:
        if section != "operation":
            _check_unique(draft, section, _KEYS.get(section, "id"))
    for section, steps, noun, target, field in _REFERENCES:
        # A section that could not be read has been reported; its names are not known.
        if target in draft.rows:
            known = frozenset(draft.names(target, field))
            _check_known(draft, section, tuple(steps.split(".")), f"{noun} {{}}", known)
    for section, steps in _REPEATABLE:
        _check_once(draft, section, tuple(steps.split(".")))


def _check_unique(draft: Draft, section: str, key: str) -> None:
    first_lines: dict[str, str] = {}
    for row in draft.rows[section]:
        for path, name in row.raw_values(key):
            mark = row.source.mark(path)
            here = f"{row.source.file} line {mark.line}"
            first = first_lines.setdefault(name, here)
            if first is not here:
                draft.complain(row, (key,), f"{name!r} is taken by the row in {first}")


def _check_known(draft: Draft, section: str, steps: Path, noun: str, known: Iterable[str]) -> None:
    for row in draft.rows.get(section, ()):
        for path, name in row.raw_values(*map(str, steps)):
            if name not in known:
                message = f"there is no {noun.format(repr(name))}{did_you_mean(name, known)}"
                draft.errors.append(row.source.error(path, message))


def _check_once(draft: Draft, section: str, steps: Path) -> None:
    for row in draft.rows.get(section, ()):
        seen: set[str] = set()
        for path, name in row.raw_values(*map(str, steps)):
            if name in seen:
                draft.errors.append(row.source.error(path, f"{name!r} stands twice; keep one"))
            seen.add(name)
