"""What each route of alerts is asked with: parameters, queries and bodies of a unit's objects."""

import itertools
from collections.abc import Callable
from typing import Any

from services.alerts.handlers import TASK_VERBS, VERBS
from tests.contract.alert_rows import NOW
from tests.integration.alerts.marked import SMS, Marked

PARAMETERS: dict[str, Callable[[Marked], str]] = {
    "alert_id": lambda of: of.alert.id,
    "task_id": lambda of: of.task.id,
    "handover_id": lambda of: of.handover.id,
    "site": lambda of: of.site,
    "crew": lambda of: f"R-{of.mark}",
    "channel": lambda of: SMS,
    "path": lambda of: "index.html",
}
VERBS_OF = {"/v1/alerts/{alert_id}/{verb}": VERBS, "/v1/tasks/{task_id}/{verb}": TASK_VERBS}
QUERIES: dict[str, Callable[[Marked], list[dict[str, str]]]] = {
    "GET /v1/alerts": lambda of: [{}, {"state": "all"}, {"limit": "1"}],
    "GET /v1/visits": lambda of: [{}, {"site": of.site}, {"district": of.mark}],
    "GET /v1/tasks": lambda of: [{}, {"state": "all"}, {"state": "all", "site": of.site}],
    "GET /v1/notifications": lambda of: [{}, {"state": "all"}, {"alert": of.alert.id}],
    "GET /v1/performance": lambda of: [{"window": each} for each in ("shift", "30d")],
    "GET /v1/presence": lambda of: [{}, {"site": of.site}, {"limit": "1"}],
    "GET /v1/readiness": lambda of: [{"hours": "48"}],
    "GET /v1/coverage": lambda of: [{}],
    "GET /v1/journal": lambda of: [{}, {"since": "2020-01-01T00:00:00Z"}],
}
_keys = map(str, itertools.count())


def a_command(of: Marked, other: Marked) -> dict[str, Any]:
    """Everything that any verb may want, and another alert beside."""
    return {
        "version": of.alert.version,
        "key": next(_keys),
        "crew": f"R-{of.mark}",
        "outcome": "handled_on_site",
        "note": "dicatat",
        "reason": "alasan yang cukup panjang",
        "other": other.alert.id,
        "parts": [other.alert.parts[0].event],
    }


BODIES: dict[str, Callable[[Marked, Marked], dict[str, Any]]] = {
    "POST /v1/alerts/{alert_id}/{verb}": a_command,
    "POST /v1/tasks/{task_id}/{verb}": lambda of, other: {
        "version": of.task.version,
        "key": next(_keys),
        "owner": f"post-{other.mark}",
        "reason": "alasan yang cukup panjang",
        "note": "dicatat",
    },
    "POST /v1/journal": lambda of, other: {"text": "x", "key": next(_keys), "site": of.site},
    "POST /v1/handover": lambda of, other: {"key": next(_keys)},
    "POST /v1/handover/{handover_id}/accept": lambda of, other: {
        "key": next(_keys),
        "read": [of.alert.id, other.alert.id],
    },
    "POST /v1/handover/{handover_id}/withdraw": lambda of, other: {"key": next(_keys)},
    "POST /v1/units/{crew}/nudge": lambda of, other: {"key": next(_keys)},
    "POST /v1/reports": lambda of, other: {
        "key": next(_keys),
        "category": "other",
        "caller": "x",
        "told_at": NOW.isoformat(),
        "site": of.site,
    },
    "POST /v1/situation": lambda of, other: {
        "key": next(_keys),
        "reason": "uji",
        "changes": [{"what": "site_class", "of": of.site, "value": "rawan"}],
    },
    "POST /v1/session": lambda of, other: {"login": f"u-{of.mark}", "password": of.mark},
    "DELETE /v1/session": lambda of, other: {},
    "POST /v1/receipts/{channel}": lambda of, other: {"ref": f"{of.mark}:1", "status": "failed"},
}
