"""`python -m services.alerts`: runs the service until SIGTERM or SIGINT."""

import asyncio
import os
import signal
import sys

import uvloop

from services.alerts.app import running
from services.alerts.settings import AlertsSettings
from shared.logging import configure, logger
from shared.settings import SettingsError

_log = logger(__name__)


async def serve(settings: AlertsSettings) -> None:
    """Runs until a signal asks to stop."""
    stop = asyncio.Event()
    for which in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(which, stop.set)
    async with running(settings) as app:
        _log.info("serving", url=app.url)
        await stop.wait()


def main() -> int:
    """0 after a signal; 2 with one sentence when a setting is wrong."""
    configure("alerts")
    try:
        settings = AlertsSettings.from_environment(os.environ)
        uvloop.run(serve(settings))
    except SettingsError as error:
        print(f"alerts: {error}", file=sys.stderr)  # noqa: T201 - for whoever starts it by hand
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
