"""`deploy/setup` makes what the compose file needs, once, for its owner's eyes."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from services.archive.adapters.seal_keys import signer
from services.archive.domain.note import Checkpoint, key_of, note_of, verified
from shared.auth import Issuer, Unauthenticated, Verifier
from shared.clock import system_clock
from shared.settings import Environment
from tests.contract.deploy_compose import ROOT, compose


def run_setup(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a copy of the script in a folder of the test's own."""
    script = folder / "deploy" / "setup"
    script.parent.mkdir(exist_ok=True)
    shutil.copy(ROOT / "deploy" / "setup", script)
    return subprocess.run(
        ["sh", str(script), *arguments], capture_output=True, text=True, timeout=50, check=False
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the script has run."""
    folder = tmp_path_factory.mktemp("setup")
    done = run_setup(folder, "posko.example")
    assert done.returncode == 0, done.stderr
    return folder


def test_it_makes_exactly_the_secrets_that_the_compose_file_names(made: Path) -> None:
    named = {secret["file"] for secret in compose()["secrets"].values()}
    made_now = {f"./deploy/secrets/{file.name}" for file in (made / "deploy/secrets").iterdir()}
    assert made_now == named


def test_nobody_else_on_the_machine_sees_them(made: Path) -> None:
    assert stat.S_IMODE((made / "deploy" / "secrets").stat().st_mode) == 0o700
    assert "secrets/" in (ROOT / "deploy" / ".gitignore").read_text().splitlines()


def test_a_container_s_user_can_read_the_file_that_it_is_given(made: Path) -> None:
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (made / "deploy/secrets").iterdir()}
    assert modes == {0o644}


def test_both_issuers_sign_what_every_service_verifies(made: Path) -> None:
    secrets = made / "deploy" / "secrets"
    for issuer in ("checkin", "alerts"):
        token = Issuer(secrets / f"{issuer}-signing-key").token(
            actor="p-1", name="Nama", role="officer", unit="polda-x", now=system_clock()
        )
        assert Verifier(secrets / "auth-keys").verify(token, system_clock()).issuer == issuer
    assert '"d"' not in (secrets / "auth-keys").read_text()


def test_the_seal_key_signs_what_its_public_half_verifies(made: Path) -> None:
    key, sign = signer(made / "deploy" / "secrets" / "archive-seal-key", "ronda/x")
    checkpoint = Checkpoint("ronda/x", 3, bytes(32))
    assert verified(note_of(checkpoint, [(key, sign)]), key_of(str(key))) == checkpoint


@pytest.mark.parametrize(
    ("file", "role"),
    [
        ("owner", "ronda_owner"),
        ("alerts", "alerts"),
        ("keeper", "archive_keeper"),
        ("archive", "archive_writer"),
    ],
)
def test_each_role_has_a_long_password_of_its_own(made: Path, file: str, role: str) -> None:
    name = f"{made}/deploy/secrets/{file}-database-url"
    url = Environment({"RONDA_DATABASE_URL_FILE": name}).database_url()
    start, _, end = url.partition("@")
    assert start.startswith(f"postgresql://{role}:")
    assert end == "postgres:5432/ronda"
    assert len(start.rpartition(":")[2]) == 48
    others = [each.read_text() for each in Path(name).parent.iterdir() if each != Path(name)]
    assert not any(start.rpartition(":")[2] in other for other in others)


def test_it_writes_the_site_s_name_where_compose_finds_it(made: Path) -> None:
    assert (made / ".env").read_text() == "RONDA_SITE=posko.example\n"


def test_a_second_run_changes_nothing(made: Path) -> None:
    before = {file.name: file.read_bytes() for file in (made / "deploy/secrets").iterdir()}
    done = run_setup(made, "another.example")
    assert done.returncode == 0, done.stderr
    assert "made" not in done.stdout
    assert {file.name: file.read_bytes() for file in (made / "deploy/secrets").iterdir()} == before
    assert (made / ".env").read_text() == "RONDA_SITE=posko.example\n"


def _token(secrets: Path, issuer: str) -> str:
    return Issuer(secrets / f"{issuer}-signing-key").token(
        actor="p-1", name="Nama", role="officer", unit="polda-x", now=system_clock()
    )


@pytest.mark.parametrize("issuer", ["checkin", "alerts"])
def test_a_rotated_key_signs_and_what_the_old_one_signed_stays_good(
    tmp_path: Path, issuer: str
) -> None:
    assert run_setup(tmp_path).returncode == 0
    secrets = tmp_path / "deploy" / "secrets"
    verifier, before = Verifier(secrets / "auth-keys"), _token(secrets, issuer)
    inode = (secrets / "auth-keys").stat().st_ino
    done = run_setup(tmp_path, "--rotate", issuer)
    assert done.returncode == 0, done.stderr
    assert f"docker compose restart {issuer}" in done.stdout
    after = _token(secrets, issuer)
    for token in (before, after, _token(secrets, "checkin"), _token(secrets, "alerts")):
        assert verifier.verify(token, system_clock()).actor == "p-1"
    # A container that runs has the file itself, and not its name.
    assert (secrets / "auth-keys").stat().st_ino == inode
    assert '"d"' not in (secrets / "auth-keys").read_text()
    assert not [file for file in secrets.iterdir() if file.name.startswith(".")]


def test_a_replaced_key_takes_away_what_the_old_one_signed(tmp_path: Path) -> None:
    assert run_setup(tmp_path).returncode == 0
    secrets = tmp_path / "deploy" / "secrets"
    before, other = _token(secrets, "checkin"), _token(secrets, "alerts")
    assert run_setup(tmp_path, "--replace", "checkin").returncode == 0
    verifier = Verifier(secrets / "auth-keys")
    with pytest.raises(Unauthenticated, match="unknown key"):
        verifier.verify(before, system_clock())
    for token in (other, _token(secrets, "checkin")):
        assert verifier.verify(token, system_clock()).actor == "p-1"


@pytest.mark.parametrize("words", [["--rotate"], ["--rotate", "archive"], ["--replace", "x"]])
def test_keys_of_nobody_are_not_renewed(made: Path, words: list[str]) -> None:
    before = {file.name: file.read_bytes() for file in (made / "deploy/secrets").iterdir()}
    done = run_setup(made, *words)
    assert done.returncode == 1
    assert "there are checkin and alerts" in done.stderr
    assert {file.name: file.read_bytes() for file in (made / "deploy/secrets").iterdir()} == before


def test_before_setup_has_run_there_is_nothing_to_renew(tmp_path: Path) -> None:
    done = run_setup(tmp_path, "--rotate", "checkin")
    assert done.returncode == 1
    assert "run deploy/setup first" in done.stderr


def test_settings_that_are_there_already_are_kept(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("RONDA_TLS=ops@posko.example\n")
    assert run_setup(tmp_path).returncode == 0
    assert (tmp_path / ".env").read_text() == "RONDA_TLS=ops@posko.example\nRONDA_SITE=localhost\n"


@pytest.mark.parametrize("site", ["https://posko.example", "posko.example/board", "", "a b"])
def test_what_is_no_host_name_is_refused_before_anything_is_made(tmp_path: Path, site: str) -> None:
    done = run_setup(tmp_path, site)
    assert done.returncode == 1
    assert "is not a host name" in done.stderr
    assert not (tmp_path / "deploy" / "secrets").exists()
