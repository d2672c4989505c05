"""The service's HTTP face: who may ask what, and the board."""

from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router
from litestar.types import ControllerRouterHandler

from services.alerts.adapters.http.alerts import alert_routes
from services.alerts.adapters.http.live import stream_route
from services.alerts.adapters.http.pages import page_routes
from services.alerts.adapters.http.session import session_routes
from services.alerts.adapters.http.views import view_routes
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.stream import Stream
from services.alerts.handlers import Commands
from services.alerts.ports import PlanBook, TryAgain
from shared.auth import Verifier
from shared.clock import Clock
from shared.http import problem_response
from shared.problem import ProblemError

__all__ = ["routes"]


def routes(
    *,
    readings: Readings,
    commands: Commands,
    stream: Stream,
    plans: PlanBook,
    verifier: Verifier,
    clock: Clock,
    pages: Path,
) -> Sequence[ControllerRouterHandler]:
    """All routes; `pages` is the folder of the built board."""
    return [
        Router(
            "/",
            route_handlers=[
                *session_routes(verifier, clock),
                *alert_routes(readings, commands),
                *view_routes(readings, plans, clock),
            ],
            response_headers={"Cache-Control": "no-store"},
            exception_handlers={TryAgain: _away},
        ),
        stream_route(stream, clock),
        *page_routes(pages),
    ]


def _away(_: Request[Any, Any, Any], error: TryAgain) -> Response[bytes]:
    """The same request, with the same idempotency key, may simply be sent again."""
    return problem_response(
        ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, f"{error}; try again", headers={"Retry-After": "1"}
        )
    )
