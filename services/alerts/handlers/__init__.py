"""The use cases of alerts: load, ask the domain, store, publish."""

from services.alerts.handlers.clockwork import Clockwork, Expand
from services.alerts.handlers.commands import VERBS, CommandBody, Commands, Verb
from services.alerts.handlers.intake import Intake
from services.alerts.handlers.paging import Paging

__all__ = [
    "VERBS",
    "Clockwork",
    "CommandBody",
    "Commands",
    "Expand",
    "Intake",
    "Paging",
    "Verb",
]
