"""Pages are built again when their sources changed, and only then."""

import json
import os
from pathlib import Path

import pytest

from ronda import pages

WORKSPACE = "services/alerts/web"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A checkout with one page, built from its present sources."""
    (tmp_path / "package.json").write_text(json.dumps({"workspaces": [WORKSPACE]}))
    (tmp_path / "package-lock.json").write_text("{}")
    folder = tmp_path / WORKSPACE
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.tsx").write_text("render()")
    (folder / "dist").mkdir()
    (folder / "dist" / "index.html").write_text("<html>")
    stamp = tmp_path / ".cache" / "pages" / "services-alerts-web.stamp"
    stamp.parent.mkdir(parents=True)
    stamp.write_text(pages.fingerprint(tmp_path, folder))
    return tmp_path


def test_pages_built_from_the_present_sources_are_left_alone(project: Path) -> None:
    assert pages.stale(project) == []
    assert pages.build(project) == []


def test_a_newer_file_time_alone_is_no_change(project: Path) -> None:
    os.utime(project / WORKSPACE / "src" / "main.tsx")
    assert pages.stale(project) == []


@pytest.mark.parametrize(
    "changed", [f"{WORKSPACE}/src/main.tsx", f"{WORKSPACE}/src/new.ts", "package-lock.json"]
)
def test_a_changed_source_or_lock_makes_the_page_stale(project: Path, changed: str) -> None:
    (project / changed).write_text("changed")
    assert pages.stale(project) == [project / WORKSPACE]


def test_a_renamed_source_makes_the_page_stale(project: Path) -> None:
    source = project / WORKSPACE / "src" / "main.tsx"
    source.rename(source.with_name("other.tsx"))
    assert pages.stale(project) == [project / WORKSPACE]


def test_a_page_without_its_build_is_stale(project: Path) -> None:
    (project / WORKSPACE / "dist" / "index.html").unlink()
    assert pages.stale(project) == [project / WORKSPACE]


def test_what_was_installed_or_built_is_no_source(project: Path) -> None:
    for folder in ("node_modules", "dist"):
        (project / WORKSPACE / folder).mkdir(exist_ok=True)
        (project / WORKSPACE / folder / "some.js").write_text("x")
    assert pages.stale(project) == []


def test_a_checkout_without_package_json_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(pages.PagesError, match=r"package\.json"):
        pages.stale(tmp_path)


@pytest.mark.parametrize(
    ("version", "enough"),
    [("v20.19.0", True), ("v24.1.0", True), ("v20.18.3", False), ("v18.20.4", False), ("", False)],
)
def test_node_must_be_one_that_vite_runs_on(version: str, enough: bool) -> None:
    assert pages.is_new_enough(version) is enough
