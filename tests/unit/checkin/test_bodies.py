"""Bodies on their way: each sender's own trouble, and nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import httpx
import pytest

from services.checkin.adapters import gate
from services.checkin.adapters.body import MAX_BODY_BYTES, BodyReader, Message
from services.checkin.adapters.gate import BODIES_AT_ONCE
from shared.auth import Issuer, generate_keys
from shared.problem import ProblemError
from tests.unit.checkin.builders import NOW, UNIT
from tests.unit.checkin.service import Asgi, Service
from tests.waiting import eventually

PHOTO = b"\xff\xd8\xff\xe0"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(generate_keys(tmp_path))


def client_of(app: Asgi, token: str) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://test", headers=headers
    )


def token_of(service: Service, device: str | None) -> str:
    return Issuer(service.keys["checkin"]).token(
        actor="p-1022", name="Budi", role="officer", unit=UNIT, now=NOW, device=device
    )


class Stalled:
    """Requests whose bodies are announced, begun, and never end."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._tasks: list[asyncio.Task[httpx.Response]] = []
        self.begun = 0

    async def begin(self, path: str, count: int, announced: int = MAX_BODY_BYTES) -> None:
        """Returns once all of them are being read."""
        target = self.begun + count
        for _ in range(count):
            request = self._client.post(
                path, content=self._body(), headers={"Content-Length": str(announced)}
            )
            self._tasks.append(asyncio.create_task(request))
        await eventually(lambda: self.begun == target)

    async def _body(self) -> AsyncIterator[bytes]:
        self.begun += 1
        yield b"["
        await asyncio.Event().wait()

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def stalled(app: Asgi, token: str) -> AsyncIterator[Stalled]:
    async with client_of(app, token) as client:
        requests = Stalled(client)
        try:
            yield requests
        finally:
            await requests.end()


async def test_a_phone_has_a_few_bodies_on_the_way_and_others_have_theirs(
    service: Service,
) -> None:
    app = service.app()
    mine, other = service.token(), token_of(service, "d-other")
    async with stalled(app, mine) as requests, client_of(app, mine) as client:
        await requests.begin("/v1/events", BODIES_AT_ONCE)
        refused = await client.post("/v1/events", json=[])
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        photo = await client.put(f"/v1/media/{sha256(PHOTO).hexdigest()}", content=PHOTO)
        assert photo.status_code == 429
        headers = {"Authorization": f"Bearer {other}"}
        assert (await client.post("/v1/events", json=[], headers=headers)).status_code == 202
        await requests.end()
        assert (await client.post("/v1/events", json=[])).status_code == 202


async def test_bodies_that_are_only_announced_take_nobodys_room(service: Service) -> None:
    app = service.app()
    async with stalled(app, token_of(service, None)) as requests:
        await requests.begin("/v1/events", 200)
        async with client_of(app, service.token()) as client:
            assert (await client.post("/v1/events", json=[])).status_code == 202


async def test_a_phones_second_photo_waits_for_its_first_and_not_another_phones(
    service: Service,
) -> None:
    kafka = service.publisher.hold()
    app = service.app()

    def put(client: httpx.AsyncClient, photo: bytes) -> asyncio.Task[httpx.Response]:
        request = client.put(
            f"/v1/media/{sha256(photo).hexdigest()}",
            content=photo,
            headers={"Content-Type": "image/jpeg"},
        )
        return asyncio.create_task(request)

    other = token_of(service, "d-other")
    async with client_of(app, service.token()) as mine, client_of(app, other) as theirs:
        first = put(mine, PHOTO)
        await eventually(lambda: service.publisher.calls == 1)
        second = await put(mine, PHOTO + b"2")
        assert (second.status_code, second.headers["retry-after"]) == (503, "2")
        another = put(theirs, PHOTO + b"3")
        await eventually(lambda: service.publisher.calls == 2)
        kafka.set()
        assert [(await task).status_code for task in (first, another)] == [201, 201]
        assert (await put(mine, PHOTO + b"2")).status_code == 201


async def test_an_address_has_so_many_strangers_bodies_on_the_way(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "STRANGERS_BODIES_AT_ONCE", 3)
    app, request = service.app(), service.phone.token_request(NOW)
    async with stalled(app, "none") as requests, client_of(app, "none") as stranger:
        await requests.begin("/v1/enrolments", 3, announced=100)
        refused = await stranger.post("/v1/tokens", json=request)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        elsewhere = httpx.ASGITransport(app, client=("198.51.100.7", 1))
        async with httpx.AsyncClient(transport=elsewhere, base_url="http://test") as other:
            assert (await other.post("/v1/tokens", json=request)).status_code == 200
        await requests.end()
        assert (await stranger.post("/v1/tokens", json=request)).status_code == 200


@pytest.mark.parametrize("path", ["/v1/tokens", "/v1/enrolments"])
async def test_who_knocks_and_says_nothing_is_not_waited_for(service: Service, path: str) -> None:
    service.bodies = BodyReader(timeout_s=0.01)

    async def stalls() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with client_of(service.app(), "none") as stranger:
        assert (await stranger.post(path, content=stalls())).status_code == 408


async def test_each_of_many_slow_senders_is_told_so_and_one_who_hurries_is_not() -> None:
    bodies = BodyReader(timeout_s=0.05)
    slow = [asyncio.create_task(bodies.read({}, never)) for _ in range(3)]
    await asyncio.sleep(0)
    assert await bodies.read({}, at_once) == b"{}"
    ends = await asyncio.gather(*slow, return_exceptions=True)
    assert [end.problem.status for end in ends if isinstance(end, ProblemError)] == [408] * 3
    # Nobody reads any more: the next one has its own time again.
    with pytest.raises(ProblemError, match="did not arrive"):
        await bodies.read({}, never)


async def test_who_is_cancelled_by_somebody_else_is_not_called_slow() -> None:
    reading = asyncio.create_task(BodyReader().read({}, never))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def at_once() -> Message:
    return {"type": "http.request", "body": b"{}", "more_body": False}
