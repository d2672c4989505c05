"""Names within a plan: each stands for one thing, and whoever is named exists."""

from typing import NamedTuple

from shared.plan.draft import Draft
from shared.plan.rows import did_you_mean

_KEYS = {"units": "path", "phases": "code"}
"""The field that names a section's rows, where it is not `id`."""


class _Reference(NamedTuple):
    """`steps` into a row of `section` lead to the name of a thing that `target` declares."""

    section: str
    steps: str
    noun: str
    target: str
    field: str = "id"


_REFERENCES = (
    _Reference("operation", "unit", "unit", "units", "path"),
    _Reference("sites", "unit", "unit", "units", "path"),
    _Reference("sites", "type", "site type", "site_types"),
    _Reference("people", "unit", "unit", "units", "path"),
    _Reference("posts", "unit", "unit", "units", "path"),
    _Reference("posts", "holder", "person", "people"),
    _Reference("posts", "contacts.*.channel", "channel", "channels"),
    _Reference("posts", "contacts.*.otherwise.*.channel", "channel", "channels"),
    _Reference("shifts", "unit", "unit", "units", "path"),
    _Reference("shifts", "members.*", "person", "people"),
    _Reference("shifts", "sites.*", "site", "sites"),
    _Reference("visit_rules", "phases.*", "phase", "phases", "code"),
    _Reference("visit_rules", "site_types.*", "site type", "site_types"),
    _Reference("visit_rules", "sites.*", "site", "sites"),
    _Reference("visit_rules", "crew", "crew", "shifts", "crew"),
    _Reference("categories", "site_types.*", "site type", "site_types"),
    _Reference("policies", "steps.*.posts.*", "kind of post", "posts", "kind"),
    _Reference("policies", "steps.*.people.*", "person", "people"),
    _Reference("policies", "steps.*.crews.*", "crew", "shifts", "crew"),
    _Reference("visit_rules", "checklist.*.category", "category", "categories"),
)
_LISTED_ONCE = (("shifts", "members.*"), ("shifts", "sites.*"))


def check_references(draft: Draft) -> None:
    """Reports repeated ids, and names of things that the plan does not declare."""
    for section in draft.rows:
        if section != "operation":
            _check_unique(draft, section, _KEYS.get(section, "id"))
    for reference in _REFERENCES:
        # A section that could not be read has been reported; its names are not known.
        if reference.target in draft.rows:
            _check_known(draft, reference)
    for section, steps in _LISTED_ONCE:
        _check_once(draft, section, steps)


def _check_unique(draft: Draft, section: str, key: str) -> None:
    firsts: dict[str, str] = {}
    for row in draft.rows[section]:
        for path, name in row.raw_values(key):
            if name in firsts:
                draft.complain(row, (key,), f"{name!r} is taken by the row in {firsts[name]}")
            else:
                firsts[name] = f"{row.source.file} line {row.source.mark(path).line}"


def _check_known(draft: Draft, reference: _Reference) -> None:
    known = frozenset(draft.names(reference.target, reference.field))
    for row in draft.rows.get(reference.section, ()):
        for path, name in row.raw_values(*reference.steps.split(".")):
            if name not in known:
                message = f"there is no {reference.noun} {name!r}{did_you_mean(name, known)}"
                draft.errors.append(row.source.error(path, message))


def _check_once(draft: Draft, section: str, steps: str) -> None:
    for row in draft.rows.get(section, ()):
        seen: set[str] = set()
        for path, name in row.raw_values(*steps.split(".")):
            if name in seen:
                draft.errors.append(row.source.error(path, f"{name!r} stands twice; keep one"))
            seen.add(name)
