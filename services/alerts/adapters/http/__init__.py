"""The service's HTTP face: who may ask what, and the board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from litestar import Request, Response, Router
from litestar.types import ControllerRouterHandler

from services.alerts.adapters.checkpoint_file import CheckpointFile
from services.alerts.adapters.coverage_reading import CoverageReadings
from services.alerts.adapters.delivery_reading import DeliveryReadings
from services.alerts.adapters.http.alerts import alert_routes
from services.alerts.adapters.http.engine import engine_routes
from services.alerts.adapters.http.live import stream_route
from services.alerts.adapters.http.map_tiles import MAP_TILES, map_tiles_routes
from services.alerts.adapters.http.notifications import notification_routes
from services.alerts.adapters.http.pages import MAP_LINES, page_routes
from services.alerts.adapters.http.performance import performance_routes
from services.alerts.adapters.http.policy import POLICY
from services.alerts.adapters.http.presence import presence_routes
from services.alerts.adapters.http.session import Sso, session_routes
from services.alerts.adapters.http.situation import situation_routes
from services.alerts.adapters.http.sso import START, sso_routes
from services.alerts.adapters.http.tasks import task_routes
from services.alerts.adapters.http.views import view_routes
from services.alerts.adapters.http.visits import visit_routes
from services.alerts.adapters.http.watch import watch_routes
from services.alerts.adapters.oidc import Oidc
from services.alerts.adapters.performance_reading import PerformanceReadings
from services.alerts.adapters.presence_reading import PresenceReadings
from services.alerts.adapters.reading import Readings
from services.alerts.adapters.stream import Stream
from services.alerts.adapters.task_reading import TaskReadings
from services.alerts.adapters.tiles_file import TilesFile
from services.alerts.adapters.visit_reading import VisitReadings
from services.alerts.adapters.watch_reading import WatchReadings
from services.alerts.handlers import Commands, Tasks, Watch
from services.alerts.handlers.accounts import Accounts
from services.alerts.handlers.receipts import Receipts
from services.alerts.handlers.situations import Situations
from services.alerts.ports import PlanBook, TryAgain, Unstorable
from shared.auth import Issuer, Verifier
from shared.clock import Clock
from shared.http import problem_response
from shared.problem import ProblemError

__all__ = ["POLICY", "SignInParts", "routes"]


@dataclass(frozen=True, slots=True)
class SignInParts:
    """What signing in by password and by an issuer takes, as far as it is configured."""

    issuer: Issuer | None = None
    accounts: Accounts | None = None
    oidc: Oidc | None = None

    @property
    def sso(self) -> Sso | None:
        """What the login form offers beside a password."""
        return Sso(label=self.oidc.provider.label, url=START) if self.oidc is not None else None

    def routes(self, verifier: Verifier, clock: Clock) -> Sequence[ControllerRouterHandler]:
        """The issuer's routes, where one is configured."""
        if self.issuer is None or self.accounts is None or self.oidc is None:
            return []
        return sso_routes(self.oidc, self.accounts, self.issuer, verifier, clock)


def routes(
    *,
    readings: Readings,
    visit_readings: VisitReadings,
    coverages: CoverageReadings,
    situations: Situations,
    commands: Commands,
    task_readings: TaskReadings,
    tasks: Tasks,
    watch_readings: WatchReadings,
    watch: Watch,
    performance_readings: PerformanceReadings,
    presence_readings: PresenceReadings,
    deliveries: DeliveryReadings,
    receipts: Receipts,
    secrets: Mapping[str, str],
    stream: Stream,
    plans: PlanBook,
    verifier: Verifier,
    sign_in: SignInParts,
    clock: Clock,
    pages: Path,
    checkpoints: CheckpointFile,
    map_lines: Path | None = None,
    map_tiles: TilesFile | None = None,
    records_url: str | None = None,
) -> Sequence[ControllerRouterHandler]:
    """All routes; `pages` is the folder of the built board, `secrets` are the channels'."""
    return [
        Router(
            "/",
            route_handlers=[
                *session_routes(verifier, sign_in.accounts, sign_in.sso, clock),
                *sign_in.routes(verifier, clock),
                *alert_routes(readings, commands),
                *task_routes(task_readings, tasks),
                *watch_routes(readings, watch_readings, watch, checkpoints, clock),
                *performance_routes(performance_readings, watch_readings, clock),
                *presence_routes(presence_readings),
                *view_routes(readings, task_readings, visit_readings, plans, clock),
                *visit_routes(visit_readings, coverages, plans, clock),
                *situation_routes(
                    plans,
                    clock,
                    map_url=MAP_LINES if map_lines else None,
                    map_tiles_url=MAP_TILES if map_tiles else None,
                    records_url=records_url,
                ),
                *engine_routes(readings, situations, plans, clock),
                *notification_routes(deliveries, receipts, plans, secrets, clock),
            ],
            response_headers={"Cache-Control": "no-store"},
            exception_handlers={TryAgain: _away, Unstorable: _unstorable},
        ),
        stream_route(stream, clock),
        *map_tiles_routes(map_tiles),
        *page_routes(pages, map_lines),
    ]


def _unstorable(_: Request[Any, Any, Any], __: Unstorable) -> Response[bytes]:
    return problem_response(
        ProblemError(
            HTTPStatus.BAD_REQUEST,
            "a text holds a character that cannot be kept, such as U+0000; leave it out",
        )
    )


def _away(_: Request[Any, Any, Any], error: TryAgain) -> Response[bytes]:
    """The same request, with the same idempotency key, may simply be sent again."""
    return problem_response(
        ProblemError(
            HTTPStatus.SERVICE_UNAVAILABLE, f"{error}; try again", headers={"Retry-After": "1"}
        )
    )
