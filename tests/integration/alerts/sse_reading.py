"""Reading server-sent events as a browser does."""

import asyncio
from dataclasses import dataclass

import httpx

LIMIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    event: str
    id: str
    data: str


class Messages:
    """The messages of an open answer, one after the other."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()

    async def next(self) -> Message:
        """The next message; raises `EOFError` at the end and TimeoutError when there is none."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(LIMIT_S):
            async for line in self._lines:
                if not line:
                    return Message(fields["event"], fields["id"], fields["data"])
                name, _, value = line.partition(": ")
                fields[name] = value
        raise EOFError

    async def more(self) -> bool:
        """Whether there was another message; False at the end."""
        try:
            await self.next()
        except EOFError:
            return False
        return True
