"""Conditions that a plan writes itself: CEL expressions over a few plain names.

CEL ends by itself, reads nothing but its variables, and is known from Kubernetes and alert tools.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

import cel

VARIABLES: Mapping[str, object] = {
    "category": "suspicious_person",
    "family": "property",
    "threat_stage": "AG",
    "severity": "sedang",
    "site": "gudang-logistik",
    "site_type": "logistics_warehouse",
    "risk_class": "rawan",
    "unit": "polda-jatim/polres-tuban",
    "phase": "campaign",
    "logistics_stage": "ballots",
    "crowd_level": "kuning",
    "channel": "app",
    "hour": 23,
    "late_s": 0,
    "witnesses": 2,
    "backup": False,
    "vulnerabilities": ["cctv_blind"],
}
"""Every name that an expression may use, with an example. Text that is not known is empty; `hour`
is local, `witnesses` counts different people, `vulnerabilities` are the open kinds of the site."""

_NOTHING: Mapping[str, object] = {
    name: [] if isinstance(example, list) else type(example)()
    for name, example in VARIABLES.items()
}
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*(\w+)\s*,")
_FAULTS = (ValueError, TypeError, LookupError, RuntimeError, ArithmeticError)


class ExpressionError(ValueError):
    """An expression that says nothing; `str()` tells why, in one line."""


def check(expression: str) -> None:
    """Whether an expression can be a condition. Raises `ExpressionError`."""
    program = _compiled(expression)
    strange = set(program.variables()) - VARIABLES.keys() - set(_BOUND.findall(expression))
    if strange:
        known = ", ".join(VARIABLES)
        raise ExpressionError(f"there is no {', '.join(sorted(strange))}; the names are {known}")
    for example in (VARIABLES, _NOTHING):
        holds(expression, example)


def holds(expression: str, variables: Mapping[str, object]) -> bool:
    """Whether the condition is true of these variables. Raises `ExpressionError`."""
    try:
        answer = _compiled(expression).execute(dict(variables))
    except _FAULTS as error:
        raise ExpressionError(_one_line(error)) from error
    if not isinstance(answer, bool):
        raise ExpressionError(f"must be true or false, not {answer!r}")
    return answer


@lru_cache(maxsize=256)
def _compiled(expression: str) -> cel.Program:
    try:
        return cel.compile(expression)
    except _FAULTS as error:
        raise ExpressionError(_one_line(error)) from error


def _one_line(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else error.__class__.__name__
    return text.rpartition("ERROR: <input>:")[2]
