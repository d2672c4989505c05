"""A mail server that keeps what it got: as much of SMTP as a sender needs."""

import asyncio
import email
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email.message import Message


@dataclass(slots=True)
class Mailbox:
    """`letters` in the order they came; while `refuses` it takes none."""

    port: int = 0
    refuses: bool = False
    letters: list[Message] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""

        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 mail.contoh.example")
        while line := (await reader.readline()).decode().strip().upper():
            if line.startswith("RCPT") and self.refuses:
                await say("550 nobody here")
            elif line == "DATA":
                await say("354 go on")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.letters.append(email.message_from_bytes(body))
                await say("250 taken")
            elif line == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")
        writer.close()


@asynccontextmanager
async def a_mailbox() -> AsyncIterator[Mailbox]:
    """A mailbox on a free port of the loopback."""
    mailbox = Mailbox()
    server = await asyncio.start_server(mailbox.serve, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mailbox
