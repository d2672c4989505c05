"""One POST to a receiver: bounded in time and size, no redirect, only where we may."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from services.alerts.adapters.notifiers.reach import PinnedTransport, Reach
from services.alerts.ports import Receipt
from shared.crash import crash_point

TIMEOUT_S = 5.0
CONNECTIONS = 64
LONGEST_ANSWER = 64 * 1024


@asynccontextmanager
async def client(reach: Reach, ca_file: Path | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """The HTTP client of all notifiers: follows no redirect, uses no proxy by accident. `ca_file`
    holds an authority that is trusted beside the public ones."""
    transport = PinnedTransport(reach, connections=CONNECTIONS, ca_file=ca_file)
    async with httpx.AsyncClient(
        transport=transport,
        timeout=TIMEOUT_S,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "ronda-alerts"},
    ) as http:
        yield http


async def post(
    http: httpx.AsyncClient, url: str, content: bytes, headers: Mapping[str, str]
) -> tuple[Receipt, bytes]:
    """What the receiver said: accepted is an answer 2xx within five seconds. The bytes are the
    beginning of its answer."""
    try:
        # httpx bounds each phase; this bounds them together.
        async with asyncio.timeout(TIMEOUT_S):
            async with http.stream("POST", url, content=content, headers=dict(headers)) as answer:
                said = await _beginning(answer)
    except TimeoutError:
        return Receipt(error=f"no answer within {TIMEOUT_S:g} s"), b""
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
        return Receipt(error=f"{error.__class__.__name__}: {error}"[:200]), b""
    crash_point("page.sent")
    if not answer.is_success:
        return Receipt(error=f"the receiver answered {answer.status_code}"), said
    return Receipt(), said


async def _beginning(answer: httpx.Response) -> bytes:
    said = b""
    async for chunk in answer.aiter_raw():
        said += chunk
        if len(said) >= LONGEST_ANSWER:
            break
    return said
