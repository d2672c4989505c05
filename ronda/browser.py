"""The Chromium that the browser tests drive: found, or installed once.

`python -m ronda.browser` makes sure that there is one and prints where it is.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

VARIABLE = "RONDA_CHROMIUM"
# The same engine without a window of its own comes first: tests take three fifths of the time.
_SHELL = "chromium-headless-shell"
_WHOLE = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PROBE_SECONDS = 30
_WAY_ROUND = (
    "install Chromium or Google Chrome yourself, or name one in RONDA_CHROMIUM, "
    "and run the tests again"
)


class BrowserError(Exception):
    """There is no browser and none can be had; `str()` says what to do."""


def find(*, whole: bool = False) -> Path | None:
    """RONDA_CHROMIUM, else a Chromium on PATH, else Playwright's own; None where there is none. A
    `whole` one has tabs that lie behind each other.

    Raises `BrowserError` when RONDA_CHROMIUM names something that does not run.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if not _runs(named):
            raise BrowserError(f"RONDA_CHROMIUM is {named}, which does not run as a Chromium")
        return Path(named)
    for name in _WHOLE if whole else (_SHELL, *_WHOLE):
        found = shutil.which(name)
        if found and _runs(found):
            return Path(found)
    own = _playwrights()
    return own if own is not None and _runs(str(own)) else None


def ensure() -> Path:
    """`find`, after installing one where there is none. Raises `BrowserError`."""
    return find() or _from_debian() or _from_playwright() or _give_up()


def _from_debian() -> Path | None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return None
    _say("No Chromium on PATH: installing Debian's package ...")
    _apt_get("update", "-q")
    for package in (_SHELL, "chromium"):  # an older Debian has the second one alone
        if _apt_get("install", "-q", "-y", "--no-install-recommends", package):
            break
    return find()


def _apt_get(*arguments: str) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # Not `check=True`: where this fails Playwright's is tried.
    done = subprocess.run(["apt-get", *arguments], env=environment, stdout=sys.stderr, check=False)
    return done.returncode == 0


def _from_playwright() -> Path | None:
    _say("No Chromium on PATH: installing Playwright's ...")
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "chromium"], stdout=sys.stderr, check=False
    )
    return find()


def _give_up() -> Path:
    raise BrowserError(
        f"the browser tests need a Chromium, and none could be installed: {_WAY_ROUND}"
    )


def _playwrights() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _runs(executable: str) -> bool:
    """Also tells a package that is only a signpost, and a browser whose libraries are missing."""
    try:
        answer = subprocess.run(
            [executable, "--version"], capture_output=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0 and b"Chrom" in answer.stdout


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def main() -> int:
    """Prints the browser's path; exit code 1 after a sentence where none can be had."""
    try:
        print(ensure())
    except BrowserError as error:
        _say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
