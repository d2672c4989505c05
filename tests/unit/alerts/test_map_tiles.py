"""The deployment's base map: in pieces, whole, not at all, and never a wrong file."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar import Litestar
from litestar.testing import TestClient

from services.alerts.adapters.http.map_tiles import MAP_TILES, map_tiles_routes
from services.alerts.adapters.tiles_file import CHUNK_BYTES, TilesFile
from services.alerts.app import running
from services.alerts.settings import AlertsSettings
from shared.auth import generate_keys
from shared.http import problem_response
from shared.problem import ProblemError
from shared.settings import SettingsError
from tests.tiles import MVT, PNG, png, write_archive
from tests.unit.alerts.test_board_files import NEEDED


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """One grey tile, and more behind it than is sent at once."""
    path = write_archive(tmp_path / "tuban.pmtiles", png(90, 90, 90), PNG)
    path.write_bytes(path.read_bytes() + bytes(range(251)) * (2 * CHUNK_BYTES // 251))
    return path


def served(archive: Path | None) -> TestClient[Litestar]:
    """The route alone; who may use it is told by the policy."""
    return TestClient(
        Litestar(
            map_tiles_routes(TilesFile.checked(archive) if archive else None),
            exception_handlers={ProblemError: lambda _, error: problem_response(error)},
            openapi_config=None,
        )
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(start=st.integers(0, 600_000), length=st.integers(1, 600_000))
def test_a_piece_is_what_stands_there_in_the_file(archive: Path, start: int, length: int) -> None:
    content = archive.read_bytes()
    with served(archive) as client:
        answer = client.get(MAP_TILES, headers={"Range": f"bytes={start}-{start + length - 1}"})
    if start >= len(content):
        assert answer.status_code == 416
        assert answer.headers["content-range"] == f"bytes */{len(content)}"
        return
    piece = content[start : start + length]
    assert answer.status_code == 206
    assert answer.content == piece
    assert answer.headers["content-length"] == str(len(piece))
    last = start + len(piece) - 1
    assert answer.headers["content-range"] == f"bytes {start}-{last}/{len(content)}"
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("wanted", "first", "last"), [("bytes=-10", -10, None), ("bytes=100-", 100, None)]
)
def test_the_rest_and_the_end_can_be_asked_for(
    archive: Path, wanted: str, first: int, last: int | None
) -> None:
    with served(archive) as client:
        answer = client.get(MAP_TILES, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, archive.read_bytes()[first:last])


@pytest.mark.parametrize(
    "wanted",
    [None, "", "bytes=", "bytes=-", "bytes=9-3", "lines=0-1", "bytes=0-1,5-6", "bytes=a-b"],
)
def test_what_names_no_single_range_gets_the_whole_file(archive: Path, wanted: str | None) -> None:
    with served(archive) as client:
        answer = client.get(MAP_TILES, headers={"Range": wanted} if wanted is not None else {})
    assert (answer.status_code, answer.content) == (200, archive.read_bytes())
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["content-type"] == "application/vnd.pmtiles"
    assert answer.headers["cache-control"].startswith("private")


def test_a_range_beyond_the_end_is_told_how_long_the_file_is(archive: Path) -> None:
    size = archive.stat().st_size
    with served(archive) as client:
        for wanted in (f"bytes={size}-", "bytes=-0"):
            answer = client.get(MAP_TILES, headers={"Range": wanted})
            assert answer.status_code == 416
            assert answer.headers["content-range"] == f"bytes */{size}"
            assert answer.json()["status"] == 416


def test_head_says_the_same_without_the_content(archive: Path) -> None:
    with served(archive) as client:
        got = client.get(MAP_TILES)
        # Ranges are defined for GET alone.
        asked = client.head(MAP_TILES, headers={"Range": "bytes=0-9"})
    assert asked.status_code == 200
    assert asked.content == b""
    for name in ("content-length", "etag", "accept-ranges", "content-type"):
        assert asked.headers[name] == got.headers[name]


def test_another_edition_of_the_file_has_another_tag(archive: Path) -> None:
    with served(archive) as client:
        old = client.get(MAP_TILES).headers["etag"]
        same = client.get(MAP_TILES, headers={"If-None-Match": old})
        assert (same.status_code, same.content) == (304, b"")
        assert "content-length" not in same.headers
        piece = client.get(MAP_TILES, headers={"Range": "bytes=0-9", "If-Range": old})
        assert piece.status_code == 206
        stamp = archive.stat().st_mtime_ns + 1_000_000_000
        os.utime(archive, ns=(stamp, stamp))
        assert client.head(MAP_TILES).headers["etag"] != old
        assert client.get(MAP_TILES, headers={"If-None-Match": old}).status_code == 200
        whole = client.get(MAP_TILES, headers={"Range": "bytes=0-9", "If-Range": old})
        assert whole.status_code == 200


def test_a_file_that_is_replaced_meanwhile_is_not_mixed_with_the_old_one(archive: Path) -> None:
    tiles = TilesFile.checked(archive)
    edition = tiles.edition()
    write_archive(archive, png(1, 2, 3), PNG)
    with pytest.raises(OSError, match="replaced"):
        list(tiles.parts(edition, 0, 10))


def test_without_the_file_there_is_no_base_map(archive: Path) -> None:
    with served(archive) as client:
        archive.unlink()
        assert client.get(MAP_TILES).status_code == 404
    with served(None) as client:
        assert client.get(MAP_TILES).status_code == client.head(MAP_TILES).status_code == 404


def test_the_archive_is_named_by_a_setting() -> None:
    variables = NEEDED | {"RONDA_MAP_TILES_FILE": "tuban.pmtiles"}
    assert AlertsSettings.from_environment(variables).map_tiles == Path("tuban.pmtiles")
    assert AlertsSettings.from_environment(NEEDED).map_tiles is None


@pytest.mark.parametrize("kind", [MVT, PNG])
def test_vector_and_raster_tiles_are_taken(tmp_path: Path, kind: int) -> None:
    path = write_archive(tmp_path / "good.pmtiles", b"tile", kind)
    assert TilesFile.checked(path).edition().size == path.stat().st_size


def spoiled(content: bytes, at: int, value: int) -> bytes:
    """The same bytes with another one somewhere."""
    return content[:at] + bytes([value]) + content[at + 1 :]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda content: b"SQLite format 3\0" + content, "no PMTiles archive; `pmtiles convert`"),
        (lambda content: b"", "no PMTiles archive"),
        (lambda content: spoiled(content, 7, 2), "of version 3"),
        (lambda content: content[:100], "of version 3"),
        (lambda content: spoiled(content, 99, 0), "cannot draw"),
        (lambda content: spoiled(content, 97, 3), "make it with gzip"),
        (lambda content: spoiled(content, 98, 4), "make it with gzip"),
        (lambda content: content[:-1], "copy it anew"),
    ],
)
def test_a_wrong_file_is_told_at_the_start_with_what_to_mend(
    tmp_path: Path, spoil: Callable[[bytes], bytes], said: str
) -> None:
    path = write_archive(tmp_path / "wrong.pmtiles", png(0, 0, 0), PNG)
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(SettingsError, match=said) as told:
        TilesFile.checked(path)
    assert str(told.value).startswith(f"RONDA_MAP_TILES_FILE: {path}")


@pytest.mark.parametrize("name", ["gone.pmtiles", "."])
def test_a_file_that_cannot_be_read_is_told_at_the_start(tmp_path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match=r"RONDA_MAP_TILES_FILE: .* cannot be read"):
        TilesFile.checked(tmp_path / name)


async def test_the_service_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    named = {
        "RONDA_AUTH_KEYS_FILE": str(generate_keys(tmp_path)["keys"]),
        "RONDA_MAP_TILES_FILE": str(tmp_path / "gone.pmtiles"),
    }
    with pytest.raises(SettingsError, match=r"gone\.pmtiles cannot be read"):
        async with running(AlertsSettings.from_environment(NEEDED | named)):
            pytest.fail("it started")
