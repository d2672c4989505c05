"""The archive's use cases: load, ask the domain, store, publish."""

from services.archive.handlers.keeping import Keeping
from services.archive.handlers.looking import Looking, ReasonNeeded
from services.archive.handlers.sealing import Sealing

__all__ = ["Keeping", "Looking", "ReasonNeeded", "Sealing"]
