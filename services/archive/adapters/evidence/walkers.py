"""Walks in processes of their own, one share of the record each.

`python -m services.archive.adapters.evidence.walkers` is one of them: its order comes in, and what
it finds goes out, as MessagePack behind four bytes of length, on the standard streams. (The order
names the database's password, which no command line may show.)
"""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import NoReturn

import msgspec
import psycopg
from msgspec import Struct

from services.archive.adapters.evidence.ledger import PostgresSnapshot, snapshot
from services.archive.domain.share import Share
from services.archive.handlers.verifying import Walkers, alone
from services.archive.handlers.walking import Part, Step, walk
from services.archive.ports import Snapshot, Unavailable
from shared.collecting import spare_the_collector

WORTH_A_PROCESS = 50_000
"""Records that take longer to walk than a process takes to start."""
SILENCE_S = 900.0
"""How long a walker may say nothing, which before its first row is as long as PostgreSQL looks."""
_END_S = 10.0
_SIZE = 4


class _Order(Struct, array_like=True):
    """What to walk: a share of what a snapshot of that name shows."""

    url: str
    snapshot: str
    share: Share


class _Read(Struct, array_like=True, tag=True):
    """So many more rows were read."""

    rows: int


class _Walked(Struct, array_like=True, tag=True):
    part: Part


class _Failed(Struct, array_like=True, tag=True):
    reason: str


_encode = msgspec.msgpack.Encoder().encode
_order = msgspec.msgpack.Decoder(_Order)
_answer = msgspec.msgpack.Decoder(_Read | _Walked | _Failed)


def walkers(url: str, processes: int, *, worth: int = WORTH_A_PROCESS) -> Walkers:
    """Up to so many processes, for an archive that is worth it.

    What walks raises `Unavailable` when the database is away or a process ends before its time.
    """

    async def together(shown: Snapshot, step: Step) -> Sequence[Part]:
        number = min(processes, await shown.size() // worth)
        if number < 2:
            return await alone(shown, step)
        name = await shown.name()
        orders = [_Order(url, name, Share(each, number)) for each in range(number)]
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(_part(order, step)) for order in orders]
        except* Unavailable as errors:
            raise Unavailable(str(errors.exceptions[0])) from errors
        return [task.result() for task in tasks]

    return together


async def _part(order: _Order, step: Step) -> Part:
    async with _process() as process:
        assert process.stdin is not None  # noqa: S101 # it is a pipe
        process.stdin.write(_framed(_encode(order)))
        while True:
            match await _heard(process):
                case _Read(rows):
                    step(rows)
                case _Walked(part):
                    return part
                case _Failed(reason):
                    raise Unavailable(reason)


async def _heard(process: Process) -> _Read | _Walked | _Failed:
    assert process.stdout is not None  # noqa: S101 # it is a pipe
    try:
        async with asyncio.timeout(SILENCE_S):
            size = int.from_bytes(await process.stdout.readexactly(_SIZE))
            answer: _Read | _Walked | _Failed = _answer.decode(
                await process.stdout.readexactly(size)
            )
    except (TimeoutError, asyncio.IncompleteReadError) as error:
        raise Unavailable("a process that checks a share of the record fell silent") from error
    return answer


@asynccontextmanager
async def _process() -> AsyncIterator[Process]:
    # Of a session of its own: the terminal's Ctrl-C is ours, and we end it.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__), stdin=PIPE, stdout=PIPE, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await asyncio.wait_for(process.wait(), _END_S)


async def _walk(order: _Order) -> None:
    """What a process does."""
    try:
        async with snapshot(
            order.url, application="ronda-archive-verify", name=order.snapshot
        ) as connection:
            part = await walk(PostgresSnapshot(connection, order.share), _tell_rows)
    except psycopg.Error as error:
        _tell(_Failed(f"the database does not answer: {error}"))
    else:
        _tell(_Walked(part))


def _tell_rows(rows: int) -> None:
    _tell(_Read(rows))


def _tell(answer: _Read | _Walked | _Failed) -> None:
    sys.stdout.buffer.write(_framed(_encode(answer)))
    sys.stdout.buffer.flush()


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(_SIZE) + message


def main() -> NoReturn:
    """Walks what the order on standard input says; ends at once when nobody listens any more."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    size = int.from_bytes(sys.stdin.buffer.read(_SIZE))
    order = _order.decode(sys.stdin.buffer.read(size))
    spare_the_collector()
    asyncio.run(_walk(order))
    sys.exit(0)


if __name__ == "__main__":
    main()
