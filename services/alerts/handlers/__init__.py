"""The use cases of alerts: load, ask the domain, store, publish."""

from services.alerts.handlers.clockwork import Clockwork
from services.alerts.handlers.commands import VERBS, CommandBody, Commands, Verb
from services.alerts.handlers.demands import Demands, Expand
from services.alerts.handlers.intake import Intake
from services.alerts.handlers.paging import Paging
from services.alerts.handlers.tasks import TASK_VERBS, TaskBody, Tasks, TaskVerb
from services.alerts.handlers.visits import VisitTimers
from services.alerts.handlers.watch import Watch

__all__ = [
    "TASK_VERBS",
    "VERBS",
    "Clockwork",
    "CommandBody",
    "Commands",
    "Demands",
    "Expand",
    "Intake",
    "Paging",
    "TaskBody",
    "TaskVerb",
    "Tasks",
    "Verb",
    "VisitTimers",
    "Watch",
]
