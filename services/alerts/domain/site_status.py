"""How a site stands, from its open alerts and its last sign of life."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from shared.events.alert import Alert

Status = Literal["aman", "waspada", "gangguan", "pemulihan", "unknown"]

_SAID: dict[str, Status] = {"aman": "aman", "waspada": "waspada", "gangguan": "gangguan"}
_GRAVE = frozenset({"tinggi", "kritis"})
_HAPPENINGS = frozenset({"incident", "duress"})


@dataclass(frozen=True, slots=True)
class Sign:
    """When a site was last heard of, and what was last said of it, which may be older."""

    seen_at: datetime
    situation: str | None
    situation_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A site's status and since when; `since` is None where the site was never heard of."""

    status: Status
    since: datetime | None


def standing(
    sign: Sign | None, open_alerts: Sequence[Alert], unknown_for: timedelta, now: datetime
) -> Standing:
    """What is worst counts: a happening that goes on, then silence, then one that is being mended,
    then what the last patrol said. A silent site is never *aman*."""
    happenings = [each for each in open_alerts if each.kind in _HAPPENINGS]
    going_on = [each for each in happenings if each.state != "resolved"]
    if going_on:
        status: Status = "gangguan" if _is_grave(going_on) else "waspada"
        return Standing(status, min(each.raised_at for each in going_on))
    if sign is None:
        return Standing("unknown", None)
    silent_from = sign.seen_at + unknown_for
    if silent_from <= now:
        return Standing("unknown", silent_from)
    if happenings:
        resolved_at = max(each.resolved_at or each.updated_at for each in happenings)
        return Standing("pemulihan", resolved_at)
    # Somebody was there and has said nothing yet: alive, but not known to be safe.
    said = _SAID.get(sign.situation or "", "unknown")
    return Standing(said, sign.situation_at or sign.seen_at)


def _is_grave(alerts: Sequence[Alert]) -> bool:
    return any(each.severity in _GRAVE or each.kind == "duress" for each in alerts)
