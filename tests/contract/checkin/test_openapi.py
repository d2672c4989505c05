"""Fuzzing from the service's own OpenAPI document: whatever comes is never our fault.

The default is a short run; `RONDA_FUZZ_EXAMPLES=2000` makes it a long one.
"""

import os
from collections import Counter
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from services.checkin.handlers import enrolling, phone
from shared.auth import generate_keys
from tests.unit.checkin.service import Service

EXAMPLES = int(os.environ.get("RONDA_FUZZ_EXAMPLES", "60"))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Service:
    return Service(generate_keys(tmp_path_factory.mktemp("keys")))


@pytest.fixture(scope="module")
def operations(service: Service) -> dict[str, Any]:
    schema = schemathesis.openapi.from_asgi("/schema/openapi.json", service.app())
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def test_the_document_has_every_route_that_phones_use(operations: dict[str, Any]) -> None:
    assert set(operations) == {
        "POST /v1/events",
        "POST /v1/enrolments",
        "POST /v1/tokens",
        "GET /v1/assignment",
        "GET /v1/inbox",
        "PUT /v1/media/{sha256}",
        "GET /osmand",
        "POST /osmand",
        "POST /owntracks",
    }


@pytest.mark.parametrize(
    "name",
    ["POST /v1/events", "POST /v1/enrolments", "POST /v1/tokens", "GET /v1/assignment",
     "GET /v1/inbox", "PUT /v1/media/{sha256}", "GET /osmand", "POST /osmand", "POST /owntracks"],
)  # fmt: skip
@pytest.mark.timeout(600)
def test_no_request_that_the_document_allows_or_forbids_is_our_fault(
    name: str, operations: dict[str, Any], service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing will come that is waited for.
    monkeypatch.setattr(enrolling, "NEWS_S", 0)
    monkeypatch.setattr(phone, "MAX_WAITING", 0)
    operation = operations[name]
    token = {"Authorization": f"Bearer {service.token()}"}
    modes = st.sampled_from([*schemathesis.GenerationMode])
    seen: Counter[int] = Counter()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(data=st.data())
    def sends(data: st.DataObject) -> None:
        mode = data.draw(modes)
        case = data.draw(operation.as_strategy(generation_mode=mode))
        answer = case.call(headers=token)
        assert answer.status_code < HTTPStatus.INTERNAL_SERVER_ERROR, (case, answer.text)
        seen[answer.status_code] += 1

    sends()
    # Were they all refused at the door, they would have shown nothing.
    if name == "POST /v1/events":
        assert seen[HTTPStatus.ACCEPTED] > 0, seen
    assert set(seen) != {HTTPStatus.UNAUTHORIZED}
