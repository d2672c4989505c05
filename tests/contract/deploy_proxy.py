"""Caddy with the deployment's Caddyfile, and services behind it that say who they are."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ronda.stack.child import Child
from ronda.stack.ports import LOOPBACK, free_port
from shared.http import serving
from shared.settings import HttpSettings
from tests.contract.deploy_compose import OURS, ROOT
from tests.contract.deploy_tools import program
from tests.waiting import eventually

CADDYFILE = ROOT / "deploy" / "caddy" / "Caddyfile"
PAGE_POLICY = "default-src 'self'"

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Upstream:
    """A service that says who it is and what it was asked; its stream ends when `over` is set."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.over = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Send) -> None:
        if scope["path"] == "/v1/stream":
            await self._stream(send)
            return
        answer = {"by": self.name, "path": scope["path"], "scheme": scope["scheme"]}
        answer["client"] = scope["client"][0]
        headers = [(b"content-type", b"application/json"), (b"by", self.name.encode())]
        headers.append((b"server", b"what it is"))
        if scope["path"].startswith("/board"):
            headers.append((b"content-security-policy", PAGE_POLICY.encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(answer).encode()})

    async def _stream(self, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream"), (b"by", self.name.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        first = {"type": "http.response.body", "body": b"event: clock\n\n", "more_body": True}
        await send(first)
        await self.over.wait()
        await send({"type": "http.response.body", "body": b""})


@dataclass(frozen=True, slots=True)
class Site:
    """The running proxy: a client that trusts it, what is behind it, its other ports."""

    client: httpx.AsyncClient
    upstreams: dict[str, Upstream]
    http_port: int
    inside: str


@asynccontextmanager
async def proxied(folder: Path) -> AsyncIterator[Site]:
    """Caddy before three services; nobody answers where Grafana should be."""
    upstreams = {name: Upstream(name) for name in OURS}
    ports = {name: free_port() for name in ("GRAFANA", "HTTP_PORT", "HTTPS_PORT", "INSIDE_PORT")}
    async with AsyncExitStack() as running:
        settings = HttpSettings(trusted_proxies=(LOOPBACK,))
        urls = {
            name: await running.enter_async_context(serving(upstream, settings))
            for name, upstream in upstreams.items()
        }
        environment = {
            **{name: str(port) for name, port in ports.items()},
            **{name.upper(): url.removeprefix("http://") for name, url in urls.items()},
            "GRAFANA": f"{LOOPBACK}:{ports['GRAFANA']}",
            "RONDA_SITE": "localhost",
            "BIND": LOOPBACK,
            "HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        command: list[str | Path] = [
            program("caddy"),
            "run",
            "--adapter",
            "caddyfile",
            "--config",
            CADDYFILE,
        ]
        caddy = await Child.start("caddy", command, log=folder / "log", env=environment)
        running.push_async_callback(caddy.stop, within=10)
        root = folder / "caddy" / "pki" / "authorities" / "local" / "root.crt"
        try:
            await eventually(root.exists, within=30)
            client = httpx.AsyncClient(
                base_url=f"https://localhost:{ports['HTTPS_PORT']}",
                verify=ssl.create_default_context(cafile=str(root)),
            )
            await running.enter_async_context(client)
            await eventually(lambda: client.get("/board/"), within=30)
        except AssertionError as error:
            raise AssertionError(caddy.tail(50)) from error
        inside = f"http://{LOOPBACK}:{ports['INSIDE_PORT']}"
        yield Site(client, upstreams, ports["HTTP_PORT"], inside)
        for upstream in upstreams.values():
            upstream.over.set()
