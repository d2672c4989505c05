"""The OpenAPI documents of the three services are what their code says now."""

import json
from typing import Any

import pytest

from ronda import openapi
from services.alerts.adapters.http import POLICY as ALERTS
from services.checkin.adapters.phone import POLICY as CHECKIN
from shared.policy import OPERATIONS

BESIDE = {
    # Pages, and the live stream, which is no request with an answer.
    *("GET /", "GET /app", "GET /app/{path}", "GET /board", "GET /board/{path}", "* /v1/stream"),
    # There only where an issuer is configured.
    *("GET /v1/session/sso", "GET /v1/session/sso/callback"),
}


@pytest.fixture(scope="module")
def documents() -> dict[str, bytes]:
    return {path.stem: content for path, content in openapi.documents().items()}


def routes_of(document: bytes) -> set[str]:
    paths: dict[str, Any] = json.loads(document)["paths"]
    return {f"{method.upper()} {path}" for path, item in paths.items() for method in item}


@pytest.mark.parametrize("service", ["checkin", "alerts", "archive"])
def test_what_is_committed_is_current(service: str, documents: dict[str, bytes]) -> None:
    committed = openapi.ROOT / openapi.FOLDER / f"{service}.json"
    assert committed.read_bytes() == documents[service], "run `python -m ronda.openapi`"


@pytest.mark.parametrize(("service", "policy"), [("checkin", CHECKIN), ("alerts", ALERTS)])
def test_every_route_that_somebody_may_use_is_in_the_document(
    service: str, policy: dict[str, Any], documents: dict[str, bytes]
) -> None:
    wanted = {route for route in policy if route not in OPERATIONS} - BESIDE
    assert wanted <= routes_of(documents[service])


def test_the_documents_are_the_same_each_time(documents: dict[str, bytes]) -> None:
    again = {path.stem: content for path, content in openapi.documents().items()}
    assert again == documents
