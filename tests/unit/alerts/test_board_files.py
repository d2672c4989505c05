"""The board's own files, and the lines that a deployment brings for its map."""

from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from services.alerts.adapters.http.pages import MAP_LINES, page_routes
from services.alerts.settings import AlertsSettings
from shared.http import problem_response
from shared.problem import ProblemError
from shared.settings import SettingsError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built board: one page."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("<html>", encoding="utf-8")
    return tmp_path / "dist"


def served(folder: Path, lines: Path | None) -> Litestar:
    """The page's routes alone."""
    return Litestar(
        page_routes(folder, lines),
        exception_handlers={ProblemError: lambda _, error: problem_response(error)},
        openapi_config=None,
    )


def test_the_lines_of_the_deployment_come_from_its_own_file(folder: Path, tmp_path: Path) -> None:
    lines = tmp_path / "tuban.geojson"
    lines.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    with TestClient(served(folder, lines)) as client:
        answer = client.get(MAP_LINES)
        assert answer.headers["content-type"] == "application/geo+json"
        assert answer.json()["type"] == "FeatureCollection"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize("named", [True, False])
def test_without_the_file_there_are_no_lines(folder: Path, tmp_path: Path, named: bool) -> None:
    with TestClient(served(folder, tmp_path / "gone.geojson" if named else None)) as client:
        assert client.get(MAP_LINES).status_code == 404
        assert client.get("/board/").text == "<html>"


NEEDED = {
    "RONDA_KAFKA_BOOTSTRAP_SERVERS": "localhost:9092",
    "RONDA_DATABASE_URL": "postgresql://localhost/ronda",
    "RONDA_AUTH_KEYS_FILE": "keys.json",
}


def test_the_file_is_named_by_a_setting() -> None:
    variables = NEEDED | {"RONDA_MAP_LINES_FILE": "tuban.geojson"}
    assert AlertsSettings.from_environment(variables).map_lines == Path("tuban.geojson")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("https://arsip.example/", "https://arsip.example"),
        ("http://arsip.lan:8003", "http://arsip.lan:8003"),
        (":8003", ":8003"),
        ("/", ""),
    ],
)
def test_the_archive_is_elsewhere_beside_the_board_or_at_its_address(said: str, meant: str) -> None:
    variables = NEEDED | {"RONDA_RECORDS_URL": said}
    assert AlertsSettings.from_environment(variables).records_url == meant


@pytest.mark.parametrize(
    "said", ["javascript:alert(1)", "arsip", ":x", "//arsip.example", "https://"]
)
def test_where_no_archive_can_be_is_said_at_the_start(said: str) -> None:
    with pytest.raises(SettingsError, match="RONDA_RECORDS_URL"):
        AlertsSettings.from_environment(NEEDED | {"RONDA_RECORDS_URL": said})


def test_nobody_need_say_where_the_archive_is() -> None:
    settings = AlertsSettings.from_environment(NEEDED)
    assert settings.records_url is None
    assert settings.checkpoint_file is None
