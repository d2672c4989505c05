"""`python -m tests.browser.speed [seconds]`: how quick the board is with a whole district on it.

2,000 sites and 300 open alerts; then five events a second. Prints figures; asserts nothing, because
what they mean depends on the machine. Aims: first list 1.5 s, event to row 2 s, key to
paint 100 ms, no task above 200 ms.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from playwright.async_api import Page, async_playwright

from ronda import browser as chromium
from ronda import pages
from tests.browser import samples, samples_large
from tests.browser.conftest import ARGUMENTS, KIOSK, ROOT
from tests.browser.fake_alerts import FakeAlerts, running
from tests.browser.sight import row

SECONDS = 60
# Chromium goes on with itself for a while after its start: that is not the board's time.
SETTLED_MS = 3_000
EVENTS_PER_S = 5
SEEN = 50
# Long tasks are what an operator feels; the browser counts them itself.
LONG_TASKS = """
window.longest = 0;
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) window.longest = Math.max(window.longest, entry.duration);
}).observe({type: "longtask", buffered: true});
"""
# The next frame after the one in which the key was handled is the first that shows it.
KEY_TO_PAINT = """key => new Promise(resolve => {
  const before = performance.now();
  document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - before), 0));
})"""


async def _measured(executable: Path, seconds: int) -> dict[str, Any]:
    fake = FakeAlerts()
    now = fake.now()
    fake.sites = samples_large.many_sites(now)
    for alert in samples_large.many_alerts(now):
        fake.alerts[alert.id] = alert
    async with running(fake) as url, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(executable), args=list(ARGUMENTS)
        )
        page = await browser.new_page(viewport=KIOSK)
        await page.wait_for_timeout(SETTLED_MS)
        await page.add_init_script(LONG_TASKS)
        started = time.perf_counter()
        await page.goto(f"{url}/board/#token=sari")
        await page.get_by_test_id("alert-row").first.wait_for()
        figures: dict[str, Any] = {"first_list_s": round(time.perf_counter() - started, 2)}
        await page.wait_for_timeout(SETTLED_MS)
        figures["longest_task_while_loading_ms"] = round(await page.evaluate("longest"))
        figures["event_to_row_ms"] = _spread([await _shown(page, fake, n) for n in range(SEEN)])
        await page.get_by_test_id("alert-row").first.click()
        keys = [await page.evaluate(KEY_TO_PAINT, "j") for _ in range(SEEN)]
        figures["key_to_paint_ms"] = _spread(keys)
        await page.evaluate("longest = 0")
        await _busy(fake, seconds)
        figures["longest_task_in_load_ms"] = round(await page.evaluate("longest"))
        await browser.close()
    return figures


async def _shown(page: Page, fake: FakeAlerts, index: int) -> float:
    number = 20_000 + index
    alert = samples.an_alert(
        fake.now(), number, severity="kritis", next_due_at=fake.now() - samples.seconds(index)
    )
    started = time.perf_counter()
    fake.put(alert, "raised")
    await row(page, fake, number).wait_for()
    return (time.perf_counter() - started) * 1000


async def _busy(fake: FakeAlerts, seconds: int) -> None:
    alerts = list(fake.alerts.values())
    for beat in range(seconds * EVENTS_PER_S):
        alert = fake.alerts[alerts[beat % len(alerts)].id]
        fake.change(alert, level=alert.level + 1)
        if beat % (5 * EVENTS_PER_S) == 0:
            fake.tick()
        await asyncio.sleep(1 / EVENTS_PER_S)


def _spread(values: list[float]) -> dict[str, int]:
    ordered = sorted(values)
    return {
        "median": round(ordered[len(ordered) // 2]),
        "p95": round(ordered[int(len(ordered) * 0.95)]),
        "max": round(ordered[-1]),
    }


def main() -> None:
    """Builds the pages where needed, then measures."""
    pages.build(ROOT)
    executable = chromium.find()
    if executable is None:
        raise SystemExit("no Chromium; `python -m ronda.browser` installs one")
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    sys.stdout.write(json.dumps(asyncio.run(_measured(executable, seconds)), indent=2) + "\n")


if __name__ == "__main__":
    main()
