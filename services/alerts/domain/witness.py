"""Who has seen it: reports that different people made about the same time at the same place."""

from collections.abc import Sequence
from datetime import timedelta

from services.alerts.domain.report import Report
from shared.events.alert import Part

TOGETHER = timedelta(minutes=15)


def witnesses(report: Report, parts: Sequence[Part]) -> set[str]:
    """The people who say so, whoever reports included; without a person, the device.

    A copy of a report is no second witness of it, and nobody counts who was elsewhere, or earlier.
    """
    told = {part.event for part in parts} | {report.event}
    witness = report.actor or report.device
    if report.copyof in told or witness is None:
        return set()
    others = {
        part.actor or part.device
        for part in parts
        if part.copyof not in told
        and abs(min(part.time, part.received_at) - report.moment) <= TOGETHER
        and report.is_near(part)
    }
    return {witness, *(other for other in others if other is not None)}
