"""Which folder a demo may have: one that is empty, or that an earlier demo left."""

from pathlib import Path

from ronda.stack.errors import StackError

MARK = ".ronda-demo"


def claimed(folder: Path) -> None:
    """Makes the folder the demo's own.

    Raises `StackError` where others have put something: the demo's shortened plan, published into
    the data of an operation, would be its plan in force.
    """
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise StackError(
            f"{folder} holds something that is not of a demo; name an empty folder with --data"
        )
    folder.mkdir(parents=True, exist_ok=True)
    mark.touch()
