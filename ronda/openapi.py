"""The services' OpenAPI documents, as each serves its own at `/schema`, but for made-up examples.

`python -m ronda.openapi` writes `docs/openapi/`; a test fails while it is not current.
"""

import sys
from collections.abc import Callable
from importlib import metadata
from inspect import signature
from pathlib import Path
from typing import Any, cast

import msgspec
from litestar import Litestar
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from services.alerts.adapters import http as alerts
from services.archive.adapters.evidence.http_exports import export_routes
from services.archive.adapters.evidence.http_proofs import proof_routes
from services.archive.adapters.http import routes as archive_routes
from services.archive.adapters.http_checkpoints import checkpoint_routes
from services.archive.adapters.http_media import media_routes
from services.checkin.adapters.openapi import document_intake
from services.checkin.adapters.phone import phone_routes
from services.checkin.adapters.trackers import tracker_routes
from shared.auth import Verifier
from shared.clock import system_clock
from shared.health import Health
from shared.http import application

ROOT = Path(__file__).parents[1]
FOLDER = Path("docs/openapi")


def documents() -> dict[Path, bytes]:
    """What each file should hold, by its path from the top of the project."""
    apps = {"checkin": _checkin(), "alerts": _alerts(), "archive": _archive()}
    return {
        FOLDER / f"{name}.json": msgspec.json.format(
            msgspec.json.encode(_settled(app.openapi_schema.to_schema())), indent=2
        )
        + b"\n"
        for name, app in apps.items()
    }


def write(root: Path = ROOT) -> list[Path]:
    """Writes what is not current; returns what changed."""
    changed = []
    for path, content in documents().items():
        target = root / path
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed.append(path)
    return changed


def _checkin() -> Litestar:
    app = _app("checkin", _unasked(phone_routes), _unasked(tracker_routes))
    document_intake(app)
    return app


def _alerts() -> Litestar:
    built = {"secrets": {}, "sign_in": alerts.SignInParts(), "pages": Path("nowhere")}
    return _app("alerts", *_unasked(alerts.routes, **built))


def _archive() -> Litestar:
    builders = (archive_routes, checkpoint_routes, proof_routes, export_routes, media_routes)
    return _app("archive", *(route for build in builders for route in _unasked(build)))


def _settled(document: Any) -> Any:
    """The document without the examples that Litestar draws anew each time."""
    if isinstance(document, dict):
        return {
            name: _settled(value)
            for name, value in document.items()
            if not (name == "examples" and isinstance(value, list | dict))
        }
    return [_settled(each) for each in document] if isinstance(document, list) else document


def _unasked(build: Callable[..., Any], **given: object) -> Any:
    """Routes without what they work with once they are asked: nobody asks here."""
    parameters = signature(build).parameters.values()
    needed = dict.fromkeys(each.name for each in parameters if each.default is each.empty)
    return build(**{**needed, **given})


def _app(name: str, *routes: ControllerRouterHandler) -> Litestar:
    return application(
        routes,
        title=f"Ronda {name}",
        version=metadata.version("ronda"),
        verifier=cast("Verifier", None),
        clock=system_clock,
        health=Health(),
        registry=CollectorRegistry(),
    )


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in write())
