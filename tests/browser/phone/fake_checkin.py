"""Plays the checkin service towards the phone: the same paths and shapes, and faults at will.

`python -m tests.browser.phone.fake_checkin` serves an invented night to look at.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import re
import sys
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from litestar import Litestar, Request, Response, get, post, put
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.static_files import create_static_files_router

from shared.events.envelope import SIGNED_FIELDS
from shared.events.registry import Undecodable, check_data
from shared.http import serving
from shared.problem import MEDIA_TYPE
from shared.settings import HttpSettings
from tests.browser.phone import samples

APP = Path(__file__).parents[3] / "services" / "checkin" / "web" / "dist"
POLICY = (
    "default-src 'self'; connect-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self'; script-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"
)
Fault = Literal["500", "503", "lost", "half"]
_POLL_S = 25
_LARGEST_PHOTO = 716_800


class FakeCheckin:
    """The service's state, what was asked of it, and switches for what may go wrong."""

    def __init__(self) -> None:
        self.assignment = samples.assignment(self.now())
        self.keys: dict[str, ec.EllipticCurvePublicKey] = {}
        self.owners: dict[str, dict[str, str]] = {}
        self.received: list[dict[str, Any]] = []
        """Events in the order in which they were first accepted."""
        self.accepted: Counter[str] = Counter()
        self.batches: list[list[str]] = []
        """The ids of each request to `/v1/events`, in the order of arrival."""
        self.sent_at: list[str] = []
        self.signatures: dict[str, set[str]] = {}
        """All signatures that came for an id: a resend must be the same bytes."""
        self.media: dict[str, bytes] = {}
        self.inbox: list[dict[str, Any]] = []
        self.credited: dict[str, str] = {}
        """Who each event was sent by: the person of the token."""
        self.faults: deque[Fault] = deque()
        """What becomes of the next requests to `/v1/events`; `lost` and `half` are carried out."""
        self.most = 500
        """More events than this in one request are answered 413."""
        self.rejected: dict[str, str] = {}
        """Reason by type of event."""
        self.release: str | None = None
        """The version that the app's worker names in place of the built one."""
        self.revoked = False
        self.answering = asyncio.Event()
        """While cleared, requests to `/v1/events` are carried out and their answers wait."""
        self.answering.set()
        self._told = asyncio.Event()

    @staticmethod
    def now() -> datetime:
        """The server's time."""
        return datetime.now(UTC)

    def tell(self, *items: dict[str, Any]) -> None:
        """Puts items into the inbox and wakes who waits for it."""
        self.inbox += items
        told, self._told = self._told, asyncio.Event()
        told.set()

    def of_type(self, short: str) -> list[dict[str, Any]]:
        """The accepted events of `ronda.<short>.v1`."""
        return [event for event in self.received if event["type"] == f"ronda.{short}.v1"]

    def enrol(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """201 for the first key that comes with the code, 409 for another one."""
        if asked["code"] != samples.CODE:
            return _refusal(404, "unknown_code")
        owner = self.owners.setdefault(asked["code"], asked["key"])
        if owner != asked["key"]:
            return _refusal(409, "used_code")
        self.keys[samples.ENROLLED["device"]] = _public_key(asked["key"])
        self.revoked = False
        return 201, {**samples.ENROLLED, "now": self.now()}

    def token(self, asked: dict[str, Any]) -> tuple[int, Any]:
        """A token, where the device's signature and its clock are right."""
        if self.revoked:
            return _refusal(401, "revoked")
        key = self.keys.get(asked["device"])
        if key is None:
            return _refusal(401, "unknown_device")
        named = {name: value for name, value in asked.items() if name != "signature"}
        claim = {**named, "purpose": "ronda.token"}
        if not _is_signed(key, claim, asked["signature"]):
            return _refusal(401, "bad_signature")
        if abs(datetime.fromisoformat(asked["at"]) - self.now()) > timedelta(seconds=120):
            return _refusal(401, "clock", now=self.now())
        person = asked["shift"]["person"] if "shift" in asked else samples.ENROLLED["actor"]
        if person not in samples.NAMES:
            return _refusal(403, "unknown_person")
        until = self.now() + timedelta(minutes=15)
        who = {**samples.ENROLLED, "actor": person, "name": samples.NAMES[person]}
        return 200, {"token": person, "expires_at": until, "now": self.now(), **who}

    def take(self, events: list[dict[str, Any]], actor: str) -> tuple[int, Any]:
        """The answer to a batch that somebody sent."""
        self.credited |= {event["id"]: actor for event in events}
        self.batches.append([event["id"] for event in events])
        if len(events) > self.most:
            return _refusal(413, "too_large")
        results = [{"id": event["id"], **self._taken(event)} for event in events]
        return 202, {"results": results}

    def _taken(self, event: dict[str, Any]) -> dict[str, Any]:
        if event["type"] in self.rejected:
            reason = self.rejected[event["type"]]
            return {"status": "rejected", "reason": reason, "code": "data"}
        signed = {name: event[name] for name in SIGNED_FIELDS if name in event}
        if not _is_signed(self.keys[event["device"]], signed, event["signature"]):
            return {"status": "rejected", "reason": "bad signature", "code": "bad_signature"}
        try:
            check_data(event["type"], msgspec.json.encode(event["data"]))
        except Undecodable as error:
            return {"status": "rejected", "reason": str(error), "code": "data"}
        self.accepted[event["id"]] += 1
        self.signatures.setdefault(event["id"], set()).add(event["signature"])
        if self.accepted[event["id"]] == 1:
            self.received.append(event)
        return {"status": "accepted"}

    async def keep_photo(self, sha256: str, content: bytes) -> tuple[int, Any]:
        """The answer to a picture that is whole."""
        self.media[sha256] = content
        return 201, {"sha256": sha256, "size": len(content)}

    async def newer(self, after: int, wait_s: float) -> list[dict[str, Any]]:
        """The items behind a cursor, as soon as there are any."""
        if len(self.inbox) <= after and wait_s > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), min(wait_s, _POLL_S))
        return self.inbox[after:]


def _refusal(status: int, code: str, **more: Any) -> tuple[int, Any]:
    return status, {
        "status": status,
        "title": "No",
        "detail": code,
        "extra": {"code": code, **more},
    }


def _public_key(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(_bytes(jwk[name])) for name in ("x", "y"))
    return ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _is_signed(key: ec.EllipticCurvePublicKey, value: Any, signature: str) -> bool:
    raw = _bytes(signature)
    pair = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    # Of what the app sends, this is the canonical form: no exponents, no names beyond ASCII.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        key.verify(pair, text.encode(), ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def application(fake: FakeCheckin) -> Litestar:
    """The HTTP face of the fake, with the app under `/app/`."""

    @post("/v1/enrolments")
    async def enrolments(request: Request[Any, Any, Any]) -> Response[Any]:
        return _answer(*fake.enrol(await request.json()))

    @post("/v1/tokens")
    async def tokens(request: Request[Any, Any, Any]) -> Response[Any]:
        return _answer(*fake.token(await request.json()))

    @post("/v1/events")
    async def events(request: Request[Any, Any, Any]) -> Response[Any] | Stream:
        fault = fake.faults.popleft() if fake.faults else None
        sent = await request.json()
        if fault in ("500", "503"):
            fake.batches.append([event["id"] for event in sent])
            return _answer(*_refusal(int(fault), "later"))
        fake.sent_at.append(request.headers["ronda-sent-at"])
        actor = request.headers["authorization"].removeprefix("Bearer ")
        status, answer = fake.take(sent, actor)
        await fake.answering.wait()
        if fault is not None:
            return Stream(_broken(fault), media_type="application/json")
        return _answer(status, answer)

    @put("/v1/media/{sha256:str}", status_code=201)
    async def media(request: Request[Any, Any, Any], sha256: FromPath[str]) -> Response[Any]:
        content = await request.body()
        if hashlib.sha256(content).hexdigest() != sha256:
            return _answer(*_refusal(400, "hash"))
        if len(content) > _LARGEST_PHOTO:
            return _answer(*_refusal(413, "too_large"))
        return _answer(*await fake.keep_photo(sha256, content))

    @get("/v1/assignment")
    async def assignment() -> dict[str, Any]:
        return fake.assignment

    @get("/v1/inbox")
    async def inbox(after: FromQuery[int] = 0, wait: FromQuery[float] = 25) -> dict[str, Any]:
        items = await fake.newer(after, wait)
        return {"items": items, "cursor": str(after + len(items)), "now": fake.now()}

    def strict(answer: Response[Any]) -> Response[Any]:
        answer.headers["Content-Security-Policy"] = POLICY
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    @get("/app/worker.js", media_type="text/javascript", after_request=strict)
    async def worker() -> str:
        code = (APP / "worker.js").read_text(encoding="utf-8")
        return re.sub(r"[0-9a-f]{16}", fake.release, code, count=1) if fake.release else code

    app = create_static_files_router(
        path="/app", directories=[APP], html_mode=True, after_request=strict
    )
    routes: list[Any] = [enrolments, tokens, events, media, assignment, inbox, worker, app]
    return Litestar(routes, openapi_config=None, request_max_body_size=2_000_000)


async def _broken(fault: Fault) -> AsyncIterator[str]:
    yield '{"results"' if fault == "half" else " "
    raise ConnectionError("the answer is lost on its way, as a test wishes")


def _answer(status: int, body: Any) -> Response[Any]:
    kind = MEDIA_TYPE if status >= 400 else "application/json"
    headers = {"Retry-After": "1"} if status == 503 else {}
    return Response(body, status_code=status, media_type=kind, headers=headers)


@asynccontextmanager
async def running(fake: FakeCheckin, port: int = 0) -> AsyncIterator[str]:
    """Serves the fake; yields the service's URL."""
    settings = HttpSettings(host="127.0.0.1", port=port)
    async with serving(application(fake), settings) as url:
        try:
            yield url
        finally:
            fake.answering.set()
            fake.tell()


async def _show() -> None:
    async with running(FakeCheckin(), port=8001) as url:
        sys.stdout.write(f"{url}/app/#enrol={samples.CODE}\n")
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_show())
