"""`python -m services.archive`: runs until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys

import uvloop

from services.archive.app import running
from services.archive.settings import ArchiveSettings
from shared.collecting import spare_the_collector
from shared.logging import configure, logger
from shared.settings import SettingsError

_log = logger(__name__)


async def run(settings: ArchiveSettings) -> None:
    """Runs the service until it is told to stop."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, over.set)
    async with running(settings) as app:
        _log.info("ready to be asked", url=app.url)
        await over.wait()


def main() -> int:
    """Returns 2, with one sentence on stderr, when a setting is wrong."""
    try:
        settings = ArchiveSettings.from_environment(os.environ)
        configure("archive")
        spare_the_collector()
        uvloop.run(run(settings))
    except SettingsError as error:
        sys.stderr.write(f"archive: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
