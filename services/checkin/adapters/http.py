"""The service's HTTP face: the intake on its own path, everything else by Litestar."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Litestar

from services.checkin.adapters import trackers
from services.checkin.adapters.body import Receive, Scope, Send
from services.checkin.adapters.intake import PATH, IntakeApplication
from services.checkin.adapters.openapi import document_intake


def beside(
    intake: IntakeApplication, app: Litestar
) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """One ASGI application of both; the intake's operation joins the app's OpenAPI document."""
    document_intake(app)
    rest: Callable[[Any, Any, Any], Awaitable[None]] = app

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            await intake(scope, receive, send)
        elif scope["type"] == "http" and scope["path"] in trackers.PATHS:
            await rest(trackers.with_bearer(scope), receive, send)
        else:
            await rest(scope, receive, send)

    return application
