"""`ronda user`, and the account that a new stack begins with."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from ronda.accounts import FIRST_LOGIN, administration, first_account
from tests.builders import POLRES

PASSWORD = "jaga malam di gudang"


class Ronda:
    """Runs the command as a person would, with nothing typed."""

    def __init__(self, database_url: str) -> None:
        self._environment = os.environ | {"RONDA_DATABASE_URL": database_url}

    async def user(self, *arguments: str, typed: str = "") -> tuple[int, str]:
        """The exit code, and everything that was said."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ronda", "user", *arguments),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate(typed.encode())
        return process.returncode or 0, said.decode()


@pytest.fixture
def ronda(database_url: str) -> Ronda:
    return Ronda(database_url)


ADD = ("add", "s.contoh", "--role", "operator", "--name", "Ipda Siti", "--unit", POLRES)


async def test_an_account_is_made_changed_disabled_and_shown(ronda: Ronda, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text(f"{PASSWORD}\nanother line\n")
    code, said = await ronda.user(*ADD, "--password-file", str(secret))
    assert code == 0, said
    code, said = await ronda.user(*ADD, "--sso")
    assert (code, "already" in said) == (1, True)
    code, said = await ronda.user("password", "s.contoh", "--password-file", "-", typed="short\n")
    assert (code, "at least 12" in said) == (1, True)
    assert (await ronda.user("disable", "s.contoh"))[0] == 0
    code, said = await ronda.user("list", "--json")
    [row] = json.loads(said)
    assert (row["login"], row["role"], row["unit"]) == ("s.contoh", "operator", POLRES)
    assert row["signs_in_by"] == "disabled"
    assert "argon2" not in said


async def test_a_password_is_never_an_argument(ronda: Ronda) -> None:
    code, said = await ronda.user(*ADD, "--password", PASSWORD)
    assert (code, "No such option" in said) == (2, True)


async def test_a_new_stack_begins_with_one_account_and_makes_no_second(database_url: str) -> None:
    made = await first_account(database_url, POLRES)
    assert made is not None
    assert await first_account(database_url, POLRES) is None
    async with administration(database_url) as admin:
        [operator] = await admin.all()
    assert (operator.login, operator.role, operator.unit) == (FIRST_LOGIN, "commander", POLRES)
    assert made.password not in str(operator)
