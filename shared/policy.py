"""Who may use which route: one table per service, and the guard that reads it.

A route without a row in its service's table keeps the service from starting. The table says which
roles; what of the data they see is the handler's matter, by `Principal.covers`.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Guard

from shared.auth import Principal
from shared.problem import ProblemError

PUBLIC: Literal["public"] = "public"
Rule: TypeAlias = tuple[str, ...] | Literal["public"]
Policy: TypeAlias = Mapping[str, Rule]
"""Roles by `METHOD /path/{name}` as the route is declared, without the names' types; `*` for the
method of a bare ASGI route. `PUBLIC` asks nobody who they are."""

CSRF_HEADER = "Ronda-Csrf"
OPERATIONS: Policy = {
    "GET /health/live": PUBLIC,
    "GET /health/ready": PUBLIC,
    "GET /metrics": PUBLIC,
    "GET /schema": PUBLIC,
    "GET /schema/openapi.json": PUBLIC,
    "GET /schema/{path}": PUBLIC,
}
"""What every service has; the proxy in front lets none of it out."""

Connection: TypeAlias = ASGIConnection[Any, Any, Any, Any]


def governed(policy: Policy) -> Guard:
    """The guard of a whole application."""

    def guard(connection: Connection, _: BaseRouteHandler) -> None:
        scope = connection.scope
        path = scope["path_template"]
        rule = policy.get(f"{scope.get('method')} {path}", policy.get(f"* {path}"))
        if rule is None:
            raise ProblemError(HTTPStatus.FORBIDDEN, "no policy lets anybody do this")
        if rule != PUBLIC:
            authorise(connection, rule)

    return guard


def authorise(connection: Connection, roles: tuple[str, ...]) -> None:
    """Raises a problem 401 or 403 unless the asker has one of the roles, and means to write."""
    principal: Principal | None = connection.user
    if principal is None:
        raise ProblemError(
            HTTPStatus.UNAUTHORIZED,
            str(connection.auth or "sign in, or send a bearer token"),
            headers={"WWW-Authenticate": "Bearer"},
        )
    if principal.role not in roles:
        raise ProblemError(
            HTTPStatus.FORBIDDEN,
            f"role {principal.role!r} may not do this; it takes one of: {', '.join(roles)}",
        )
    writes = connection.scope.get("method") not in {"GET", "HEAD", "OPTIONS"}
    if writes and "authorization" not in connection.headers:
        require_own_page(connection)
        if CSRF_HEADER.lower() not in connection.headers:
            raise ProblemError(
                HTTPStatus.FORBIDDEN, f"a write with a session cookie needs header {CSRF_HEADER}: 1"
            )


def require_own_page(connection: Connection) -> None:
    """Raises a problem 403 where a browser says that another site's page sent the request."""
    headers = connection.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    foreign = site not in {None, "same-origin", "none"}
    if origin is not None and not foreign:
        # Only host and port: behind a proxy the scheme that we see may be another one.
        foreign = urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign:
        raise ProblemError(HTTPStatus.FORBIDDEN, "a page of another site may not do this")


def without_policy(app: Litestar, policy: Policy) -> list[str]:
    """Routes that no row of the table names, as the rows name them."""
    return sorted(set(routes_of(app)) - set(policy))


def routes_of(app: Litestar) -> Iterator[str]:
    """Every route, as a policy names it; the answers to OPTIONS say nothing and are left out."""
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from (f"{method} {route.path_format}" for method in route.methods - {"OPTIONS"})
        else:
            yield f"* {route.path_format}"
