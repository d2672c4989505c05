"""`python -m tests.migrate URL` makes all tables in a database."""

import asyncio
import sys

from services.alerts.migrations import upgrade as upgrade_alerts
from services.archive.migrations import upgrade as upgrade_archive


async def _migrate(url: str) -> None:
    await upgrade_alerts(url)
    await upgrade_archive(url)


if __name__ == "__main__":
    asyncio.run(_migrate(sys.argv[1]))
