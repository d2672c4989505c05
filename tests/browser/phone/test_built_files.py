"""What was built: small enough for a slow network, and all of it kept for the time without one."""

import gzip
import json
import re

import pytest

from tests.browser.conftest import ROOT

pytestmark = pytest.mark.browser

WEB = ROOT / "services" / "checkin" / "web"
DIST = WEB / "dist"
MOST_FIRST_LOAD = 80 * 1024


def test_the_first_load_is_small(built_pages: None) -> None:
    page = (DIST / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r'src="/app/([^"]+\.js)"', page)
    assert len(scripts) == 1
    assert sum(len(gzip.compress((DIST / name).read_bytes())) for name in scripts) < MOST_FIRST_LOAD


def test_the_licence_of_everything_that_is_bundled_comes_along(built_pages: None) -> None:
    text = (DIST / "licenses.txt").read_text(encoding="utf-8")
    texts = text.split("\n----\n")
    parts = [part.split()[0] for part in texts]
    wanted = json.loads((WEB / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert wanted.keys() <= set(parts)
    assert all("copyright" in part.lower() for part in texts)


def test_the_worker_keeps_every_file_that_was_built(built_pages: None) -> None:
    worker = (DIST / "worker.js").read_text(encoding="utf-8")
    files = {path.relative_to(DIST).as_posix() for path in DIST.rglob("*") if path.is_file()}
    for name in files - {"worker.js", "index.html"}:
        assert f'"{name}"' in worker
