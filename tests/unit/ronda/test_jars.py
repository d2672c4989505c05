"""No jar runs whose hash is not the one that was locked."""

import hashlib
from pathlib import Path

import pytest
from requests import ConnectionError as NoConnection

from ronda.stack.errors import StackError
from ronda.stack.jars.fetch import Download, fetch
from ronda.stack.jars.lock import Jar, load, missing, parse, path_of, render

CONTENT = b"the broker"
JAR = Jar("org.example", "broker", "1.0", hashlib.sha256(CONTENT).hexdigest())


def sending(content: bytes, repository: Path) -> Download:
    """Maven, as far as we use it: a file that is there already is taken as it is."""

    def download(jar: Jar) -> Path:
        path = path_of(jar, repository)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return path

    return download


def test_a_missing_jar_is_fetched(tmp_path: Path) -> None:
    fetch((JAR,), tmp_path, download=sending(CONTENT, tmp_path))
    assert missing((JAR,), tmp_path) == []
    assert path_of(JAR, tmp_path).read_bytes() == CONTENT


def test_a_download_that_was_cut_short_is_fetched_again(tmp_path: Path) -> None:
    path = path_of(JAR, tmp_path)
    path.parent.mkdir(parents=True)
    path.write_bytes(CONTENT[:3])
    assert missing((JAR,), tmp_path) == [JAR]
    fetch((JAR,), tmp_path, download=sending(CONTENT, tmp_path))
    assert missing((JAR,), tmp_path) == []


def test_another_file_than_the_locked_one_is_refused_and_removed(tmp_path: Path) -> None:
    with pytest.raises(StackError, match=r"org.example:broker:1.0 is not the file .* locked"):
        fetch((JAR,), tmp_path, download=sending(b"something else", tmp_path))
    assert missing((JAR,), tmp_path) == [JAR]
    assert not path_of(JAR, tmp_path).exists()


def test_without_maven_the_error_names_the_way_round(tmp_path: Path) -> None:
    def unreachable(jar: Jar) -> Path:
        raise NoConnection(f"no route for {jar}")

    with pytest.raises(StackError, match="set RONDA_KAFKA_BOOTSTRAP_SERVERS"):
        fetch((JAR,), tmp_path, download=unreachable)


def test_a_jar_that_is_there_is_not_asked_for(tmp_path: Path) -> None:
    fetch((JAR,), tmp_path, download=sending(CONTENT, tmp_path))

    def never(jar: Jar) -> Path:
        raise AssertionError(f"{jar} was downloaded again")

    fetch((JAR,), tmp_path, download=never)


def test_what_is_rendered_is_read_back() -> None:
    assert parse(render((JAR,))) == (JAR,)


@pytest.mark.parametrize(
    "line", ["org.example:broker:1.0", f"broker {JAR.sha256}", f"{JAR} {JAR.sha256[:-1]}"]
)
def test_a_line_that_locks_nothing_is_named_by_its_number(line: str) -> None:
    with pytest.raises(StackError, match="line 2"):
        parse(f"{JAR} {JAR.sha256}\n{line}\n")


def test_an_empty_lock_is_an_error() -> None:
    with pytest.raises(StackError, match="no jar"):
        parse("# nothing\n")


def test_the_committed_lock_holds_the_broker_first_and_names_no_host() -> None:
    jars = load()
    assert str(jars[0]) == "org.apache.kafka:kafka_2.13:4.4.0"
    assert len({str(jar) for jar in jars}) == len(jars) > 40
    assert "/" not in render(jars).partition("\n")[2]
