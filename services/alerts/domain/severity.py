"""The scale of severities. The other scales (threat stage, crowd level, risk class, a site's
status) are never read as this one, nor turned into it.
"""

from typing import get_args

from shared.events.alert import Severity

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
ENGLISH: dict[Severity, str] = dict(
    zip(SEVERITIES, ("low", "medium", "high", "critical"), strict=True)
)


def is_worse(severity: Severity, other: Severity) -> bool:
    """Whether the first of two severities is the higher one."""
    return SEVERITIES.index(severity) > SEVERITIES.index(other)


def worse(severity: Severity, other: Severity) -> Severity:
    """The higher one of two."""
    return severity if is_worse(severity, other) else other


def up(severity: Severity, steps: int) -> Severity:
    """So many steps higher, to the highest at most."""
    return SEVERITIES[min(SEVERITIES.index(severity) + steps, len(SEVERITIES) - 1)]
