"""What every service's HTTP face has: problems, health, metrics, who is asking, and a server."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import uvicorn
from litestar import Litestar, MediaType, Request, Response, get
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.middleware import (
    AbstractAuthenticationMiddleware,
    AuthenticationResult,
    DefineMiddleware,
)
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import ASGIApp, ControllerRouterHandler
from prometheus_client import CollectorRegistry

from shared import metrics
from shared.auth import Principal, Unauthenticated, Verifier, bearer
from shared.clock import Clock
from shared.health import Health, verdict
from shared.logging import logger
from shared.policy import Policy, authorise, governed, without_policy
from shared.problem import MEDIA_TYPE, Problem, ProblemError, encode
from shared.settings import HttpSettings, SettingsError
from shared.tasks import ended

SESSION_COOKIE = "ronda_session"
GRACE_S = 5

_log = logger(__name__)


def application(
    routes: Sequence[ControllerRouterHandler],
    *,
    title: str,
    version: str,
    verifier: Verifier,
    clock: Clock,
    health: Health,
    registry: CollectorRegistry,
    policy: Policy | None = None,
    body_limit: int = 1_048_576,
) -> Litestar:
    """A Litestar app with the operations' routes, RFC 9457 errors and OpenAPI at `/schema`.

    With a `policy` every route is governed by it; raises LookupError for one that it does not name.
    """
    metrics.HealthChecks(health, registry)
    metrics.DiskSpace(registry)
    app = Litestar(
        [*routes, *_operations(health, registry)],
        guards=[governed(policy)] if policy is not None else [],
        middleware=[DefineMiddleware(_Authentication, verifier=verifier, clock=clock)],
        exception_handlers={
            ProblemError: _on_problem,
            HTTPException: _on_http,
            PermissionError: _on_permission,
            RecursionError: _on_depth,
            Exception: _on_anything,
        },
        openapi_config=OpenAPIConfig(
            title=title,
            version=version,
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
            use_handler_docstrings=True,
        ),
        request_max_body_size=body_limit,
        # Litestar's own would replace the handlers that `shared.logging` has set.
        logging_config=None,
        debug=False,
    )
    if policy is not None and (bare := without_policy(app, policy)):
        raise LookupError(f"no policy says who may use {', '.join(bare)}")
    return app


def allow(*roles: str) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], None]:
    """A guard: only principals with one of these roles, and a CSRF header where a cookie writes."""

    def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        authorise(connection, roles)

    return guard


class _Authentication(AbstractAuthenticationMiddleware):
    """Finds the principal of a bearer token or a session cookie; guards decide what it may do."""

    def __init__(self, app: ASGIApp, verifier: Verifier, clock: Clock) -> None:
        super().__init__(app)
        self._verifier = verifier
        self._clock = clock

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        try:
            return AuthenticationResult(user=self._principal(connection), auth=None)
        except Unauthenticated as error:
            return AuthenticationResult(user=None, auth=str(error))

    def _principal(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Principal:
        authorization = connection.headers.get("authorization")
        cookie = connection.cookies.get(SESSION_COOKIE)
        token = cookie if authorization is None and cookie else bearer(authorization)
        return self._verifier.verify(token, self._clock())


def _operations(health: Health, registry: CollectorRegistry) -> list[ControllerRouterHandler]:
    @get("/health/live", include_in_schema=False)
    async def live() -> Response[dict[str, Any]]:
        return _health_answer(*verdict(health.liveness))

    @get("/health/ready", include_in_schema=False)
    async def ready() -> Response[dict[str, Any]]:
        return _health_answer(*verdict(health.readiness))

    @get("/metrics", include_in_schema=False, media_type=MediaType.TEXT)
    async def exposition() -> Response[bytes]:
        return Response(metrics.render(registry), media_type=metrics.CONTENT_TYPE)

    return [live, ready, exposition]


def _health_answer(ok: bool, checks: dict[str, str]) -> Response[dict[str, Any]]:
    status = HTTPStatus.OK if ok else HTTPStatus.SERVICE_UNAVAILABLE
    return Response({"ok": ok, "checks": checks}, status_code=status)


def problem_response(error: ProblemError) -> Response[bytes]:
    """A problem as a Litestar response."""
    return Response(
        encode(error.problem),
        status_code=error.problem.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


def _on_problem(_: Request[Any, Any, Any], error: ProblemError) -> Response[bytes]:
    return problem_response(error)


def _on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    detail = error.detail
    if isinstance(error, ValidationException) and error.extra:
        detail = f"{detail} {error.extra}"
    problem = ProblemError(error.status_code, detail, headers=dict(error.headers or {}))
    return problem_response(problem)


def _on_permission(_: Request[Any, Any, Any], error: PermissionError) -> Response[bytes]:
    return problem_response(ProblemError(HTTPStatus.FORBIDDEN, str(error)))


def _on_depth(_: Request[Any, Any, Any], error: RecursionError) -> Response[bytes]:
    """Only what a client sent is nested that deep."""
    return problem_response(ProblemError(HTTPStatus.BAD_REQUEST, "the body is nested too deeply"))


def _on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    _log.error("request failed", path=request.scope["path"], exc_info=error)
    return Response(
        encode(
            Problem(
                status=500,
                title="Internal Server Error",
                detail="this is our fault; the log has the cause. Trying again is safe",
            )
        ),
        status_code=500,
        media_type=MEDIA_TYPE,
    )


class _Server(uvicorn.Server):
    """uvicorn inside a process that has signal handlers of its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(app: Any, settings: HttpSettings) -> AsyncIterator[str]:
    """Serves an ASGI app until the block ends; yields its URL.

    Raises `SettingsError` naming the port when it is taken.
    """
    listener = _bound(settings)
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            lifespan="off",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            timeout_keep_alive=30,
            limit_concurrency=10_000,
            # uvicorn's own default trusts whoever is on this machine.
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=list(settings.trusted_proxies),
            ssl_certfile=settings.tls_cert_file,
            ssl_keyfile=settings.tls_key_file,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http server")
    try:
        while not server.started:
            if task.done():
                await task
                raise RuntimeError("the HTTP server stopped while it was starting")
            await asyncio.sleep(0.01)
        host, port = listener.getsockname()[:2]
        yield f"{'https' if settings.tls_cert_file else 'http'}://{host}:{port}"
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        await ended(server.server_state.tasks, within_s=GRACE_S)
        listener.close()


def _bound(settings: HttpSettings) -> socket.socket:
    # asyncio switches Nagle's delay (40 ms for an answer in two pieces) off only where the protocol
    # is said.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"port {settings.port} of {settings.host} cannot be had ({error.strerror}); "
            "RONDA_HTTP_PORT names another"
        ) from error
    return listener
