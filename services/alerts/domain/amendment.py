"""A correction of a check-out: it says anew what the first one said, and judges nothing twice."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from services.alerts.domain.decision import Change, Decision, decided
from services.alerts.domain.task import TaskDecision
from shared.events.alert import Alert, AlertUpdated, Entry, Reason
from shared.events.identity import id_time_ms, offspring_id
from shared.events.patrol import ChecklistAnswer, VisitCheckedOut
from shared.events.task import Task

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = {"good": ("baik", "good"), "unseen": ("tidak dicek", "not checked")}


def spoken_of(event: VisitCheckedOut) -> datetime:
    """The moment that a check-out speaks of; a correction speaks of the one that it corrects."""
    if event.data.amends is None:
        return event.time
    said = timedelta(milliseconds=id_time_ms(event.data.amends))
    return _EPOCH + min(said, event.time - _EPOCH)


def finding_id(event: VisitCheckedOut, item: str) -> str:
    """The event id of the report that a bad answer is, however often the answers are corrected."""
    return offspring_id(event.data.amends or event.id, "finding", item)


def taken_back(event: VisitCheckedOut) -> Mapping[str, ChecklistAnswer]:
    """The answers that are not bad after all, by the id of the finding that each would be."""
    if event.data.amends is None:
        return {}
    return {
        finding_id(event, answer.item): answer
        for answer in event.data.checklist
        if answer.answer != "bad"
    }


def answer_corrected(
    alert: Alert, answer: ChecklistAnswer, by: str | None, now: datetime
) -> Decision | None:
    """A finding of the alert was none, its reporter says: that is shown, and a person decides. None
    when it was said already."""
    indonesian, english = _WORDS[answer.answer]
    why = Reason(
        code="answer_corrected",
        id=f"Pelapor mengoreksi isian: {answer.item[:80]} {indonesian}",
        en=f"The reporter corrected an answer: {answer.item[:80]} {english}",
    )
    if why in alert.reasons:
        return None
    line = Entry(at=now, what="corrected", by=by, note=why.id)
    return decided(Change(alert).noting(why).entered(line), AlertUpdated, now)


def says_the_same(task: Task, decision: TaskDecision) -> bool:
    """Whether what is now seen of a task is what the same person saw of it last."""
    line = decision.task.timeline[-1]
    before = [each for each in task.timeline if (each.what, each.by) == (line.what, line.by)]
    return bool(before) and before[-1].note == line.note
