"""Which roles may use which route of alerts; a route without a row keeps the service from starting.

Guards and officers have their phone, which asks checkin.
"""

from shared.policy import OPERATIONS, PUBLIC, Policy

COMMANDING = ("operator", "supervisor", "commander")
VIEWING = (*COMMANDING, "auditor", "admin")

POLICY: Policy = {
    **OPERATIONS,
    "GET /": PUBLIC,
    "GET /board": PUBLIC,
    "GET /board/{path}": PUBLIC,
    "GET /v1/session/ways": PUBLIC,
    "GET /v1/session/sso": PUBLIC,
    "GET /v1/session/sso/callback": PUBLIC,
    "GET /v1/session": VIEWING,
    "POST /v1/session": PUBLIC,
    "DELETE /v1/session": PUBLIC,
    "GET /v1/alerts": VIEWING,
    "GET /v1/alerts/{alert_id}": VIEWING,
    "POST /v1/alerts/{alert_id}/{verb}": COMMANDING,
    "GET /v1/tasks": VIEWING,
    "GET /v1/tasks/{task_id}": VIEWING,
    "POST /v1/tasks/{task_id}/{verb}": COMMANDING,
    "GET /v1/performance": VIEWING,
    "GET /v1/journal": VIEWING,
    "POST /v1/journal": COMMANDING,
    "GET /v1/handover": VIEWING,
    "POST /v1/handover": COMMANDING,
    "POST /v1/handover/{handover_id}/accept": COMMANDING,
    "POST /v1/handover/{handover_id}/withdraw": COMMANDING,
    "POST /v1/reports": COMMANDING,
    "GET /v1/notifications": VIEWING,
    # A provider has no account: the route asks for its channel's secret.
    "POST /v1/receipts/{channel}": PUBLIC,
    "GET /v1/units": VIEWING,
    "POST /v1/units/{crew}/nudge": COMMANDING,
    "GET /v1/sites": VIEWING,
    "GET /v1/visits": VIEWING,
    "GET /v1/presence": VIEWING,
    "GET /v1/situation": VIEWING,
    "GET /v1/map/basemap.pmtiles": VIEWING,
    "HEAD /v1/map/basemap.pmtiles": VIEWING,
    "GET /v1/situation/choices": ("supervisor", "commander"),
    "POST /v1/situation": ("supervisor", "commander"),
    "GET /v1/readiness": VIEWING,
    "GET /v1/coverage": VIEWING,
    "GET /v1/alerts/{alert_id}/recommendations": VIEWING,
    "* /v1/stream": VIEWING,
}
