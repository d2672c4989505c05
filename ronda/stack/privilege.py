"""PostgreSQL refuses to run as root: for root, its programs run as `nobody`.

Where that user could not reach a folder (a home that is closed to others, say) the program keeps
the one capability that opens it, rather than the folders being opened to everybody.
"""

import os
import pwd
import shutil
import signal
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ronda.stack.errors import StackError

_UNPRIVILEGED = "nobody"


@dataclass(frozen=True, slots=True)
class User:
    """A system user by its numbers."""

    uid: int
    gid: int


def user_for_postgres() -> User | None:
    """None when we are not root, and PostgreSQL simply runs as we do."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_UNPRIVILEGED)
    except KeyError as error:
        raise StackError(
            f"PostgreSQL does not run as root and there is no user {_UNPRIVILEGED} to become: "
            "start as another user, or set RONDA_DATABASE_URL to a database that you have"
        ) from error
    return User(entry.pw_uid, entry.pw_gid)


def as_user(
    user: User | None,
    command: Iterable[str | Path],
    *,
    reaching: Iterable[Path],
    death_signal: signal.Signals = signal.SIGKILL,
) -> list[str]:
    """`command`, to be run as `user`, who must be able to reach these paths.

    `death_signal` is tied again here: the system unties a lifeline when the user changes.
    """
    words = [str(word) for word in command]
    if user is None:
        return words
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            "PostgreSQL does not run as root and `setpriv` (util-linux) is not there to step down: "
            "start as another user, or set RONDA_DATABASE_URL to a database that you have"
        )
    kept = () if all(is_open(path) for path in reaching) else _capability("dac_override")
    step_down = (f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups")
    return [setpriv, *step_down, *kept, f"--pdeathsig={death_signal.name[3:]}", *words]


def is_open(path: Path) -> bool:
    """Whether every folder above the path lets any user pass."""
    return all(parent.stat().st_mode & stat.S_IXOTH for parent in path.resolve().parents)


def _capability(name: str) -> tuple[str, ...]:
    return (f"--inh-caps=-all,+{name}", f"--ambient-caps=-all,+{name}")
