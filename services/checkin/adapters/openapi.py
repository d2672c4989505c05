"""The intake's operation in the OpenAPI document, from the Structs that the intake itself uses.

Litestar documents the routes that it serves; this one it does not serve.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi.spec import (
    Components,
    OpenAPIHeader,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Schema,
    SecurityScheme,
)

from services.checkin.adapters.body import MAX_BODY_BYTES
from services.checkin.adapters.intake import JSON_TYPES, LINES_TYPE, PATH
from services.checkin.domain.incoming import MAX_EVENTS, Incoming
from services.checkin.handlers.intake import SENDERS, Results
from shared.problem import MEDIA_TYPE, Problem

_PROBLEMS = {
    400: "The body is not JSON or NDJSON, or it is one event that was rejected",
    401: "The bearer token is missing, wrong or expired",
    403: (
        f"The token's role may not send events ({', '.join(SENDERS)} may), or it is one event that "
        "was kept as evidence only"
    ),
    405: "Only POST",
    408: "The body did not arrive in time",
    413: f"More than {MAX_EVENTS} events or {MAX_BODY_BYTES} bytes",
    415: "A content type that is not read here, or a Content-Encoding",
    429: "This phone sends more than its share; nothing counts as taken, send again",
    500: "Our fault; sending again is safe",
    503: "Kafka is away or too much waits for it; nothing counts as taken, send again",
}


@dataclass
class _Generated(Schema):
    """A schema that msgspec has made."""

    document: dict[str, Any] = field(default_factory=dict)

    def to_schema(self) -> dict[str, Any]:
        return self.document


def document_intake(app: Litestar) -> None:
    """Adds `POST /v1/events` to the document that the app serves."""
    (event, results, problem), components = msgspec.json.schema_components(
        (Incoming, Results, Problem), ref_template="#/components/schemas/{name}"
    )
    openapi = app.openapi_schema
    openapi.paths = {
        **(openapi.paths or {}),
        PATH: PathItem(post=_operation(event, results, problem)),
    }
    known = openapi.components or Components()
    known.schemas = {
        **(known.schemas or {}),
        **{name: _Generated(document=document) for name, document in components.items()},
    }
    known.security_schemes = {
        **(known.security_schemes or {}),
        "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
    }
    openapi.components = known


def _operation(
    event: dict[str, Any], results: dict[str, Any], problem: dict[str, Any]
) -> Operation:
    return Operation(
        operation_id="sendEvents",
        summary="Send one event or a batch",
        description=(
            "Answered only when all replicas of Kafka have the accepted events. Sending an event "
            "again is harmless and accepted again: its id is its identity. A batch is answered "
            "event by event, in order. Attributes that are not listed are ignored."
        ),
        security=[{"bearer": []}],
        parameters=[
            Parameter(
                name="Ronda-Sent-At",
                param_in="header",
                required=False,
                description="The sender's clock when it sent; `skew` is computed from it",
                schema=_Generated(document={"type": "string", "format": "date-time"}),
            )
        ],
        request_body=RequestBody(required=True, content=_bodies(event)),
        responses={
            "202": OpenAPIResponse(
                description="One result per event, in the order in which they were sent",
                content=_content(JSON_TYPES[0], results),
            ),
            **{str(status): _problem(status, problem) for status in _PROBLEMS},
        },
    )


def _bodies(event: dict[str, Any]) -> dict[str, OpenAPIMediaType]:
    batch = {"type": "array", "items": event, "maxItems": MAX_EVENTS}
    plain, one, many = JSON_TYPES
    return {
        **_content(plain, {"oneOf": [event, batch]}),
        **_content(one, event),
        **_content(many, batch),
        **_content(LINES_TYPE, {"type": "string", "description": "one event object per line"}),
    }


def _problem(status: int, schema: dict[str, Any]) -> OpenAPIResponse:
    retry = OpenAPIHeader(
        description="Seconds after which to send again",
        schema=_Generated(document={"type": "integer"}),
    )
    return OpenAPIResponse(
        description=_PROBLEMS[status],
        content=_content(MEDIA_TYPE, schema),
        headers={"Retry-After": retry} if status in {429, 503} else None,
    )


def _content(media_type: str, schema: dict[str, Any]) -> dict[str, OpenAPIMediaType]:
    return {media_type: OpenAPIMediaType(schema=_Generated(document=schema))}
