"""`python -m services.alerts`: runs the service until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys

import uvloop
from aiokafka.errors import KafkaError

from services.alerts.app import running
from services.alerts.settings import AlertsSettings
from shared.collecting import spare_the_collector
from shared.logging import configure, logger
from shared.settings import SettingsError

_log = logger(__name__)


async def _serve(settings: AlertsSettings) -> None:
    over = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    async with running(settings) as app:
        _log.info("listening", url=app.url)
        spare_the_collector()
        await over.wait()


def main() -> int:
    """Exit code 0 after a signal, 1 where Kafka is not there at the start, 2 where a setting is
    missing or wrong."""
    configure("alerts")
    try:
        uvloop.run(_serve(AlertsSettings.from_environment(os.environ)))
    except SettingsError as error:
        sys.stderr.write(f"alerts: {error}\n")
        return 2
    except (KafkaError, TimeoutError) as error:
        _log.error("Kafka cannot be read, so the plan is not known", error=repr(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
