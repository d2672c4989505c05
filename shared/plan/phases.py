"""Which phases are tense: what happens in them weighs more."""

from shared.plan.model import Phase, Plan

TENSE = frozenset({"quiet_period", "voting", "counting", "recapitulation"})
CALM = frozenset(
    {"voter_list", "registration", "nomination", "campaign", "dispute", "inauguration"}
)


def is_tense(code: str | None, plan: Plan | None) -> bool:
    """Whether a phase is tense: as the plan says, else by its code."""
    phases = plan.phases if plan else []
    said = next((phase.tense for phase in phases if phase.code == code), None)
    return code in TENSE if said is None else said


def says_nothing(phase: Phase) -> bool:
    """Whether neither the phase nor its code says how tense it is."""
    return phase.tense is None and phase.code not in TENSE | CALM
