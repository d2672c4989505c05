"""`python -m services.checkin`: the intake, until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys

import uvloop
from aiokafka.errors import KafkaError

from services.checkin.app import running
from services.checkin.settings import CheckinSettings
from shared.collecting import spare_the_collector
from shared.logging import configure, logger
from shared.settings import SettingsError


async def _serve(settings: CheckinSettings) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with running(settings) as app:
        logger(__name__).info("listening", url=app.url)
        spare_the_collector()
        await over.wait()


def main() -> int:
    """Exit code 0 after a signal, 1 where Kafka is not there at the start, 2 where a setting is
    missing or wrong."""
    configure("checkin")
    try:
        uvloop.run(_serve(CheckinSettings.from_environment(os.environ)))
    except SettingsError as error:
        sys.stderr.write(f"checkin: {error}\n")
        return 2
    except (KafkaError, TimeoutError) as error:
        logger(__name__).error("Kafka cannot be read, so the plan is not known", error=repr(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
