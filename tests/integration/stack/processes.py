"""Looking at processes that are not ours."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether a process does anything; one that only waits to be reaped does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in {"Z", "X"}


def is_frozen(pid: int) -> bool:
    """Whether SIGSTOP has reached every thread: a busy one runs on for a moment."""
    states = [
        (thread / "stat").read_text().rpartition(")")[2].split()[0]
        for thread in Path(f"/proc/{pid}/task").iterdir()
    ]
    return set(states) == {"T"}


def with_argument(text: str) -> list[int]:
    """The running processes that have `text` somewhere in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if text in command and is_running(int(folder.name)):
            found.append(int(folder.name))
    return found
