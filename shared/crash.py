"""Places where a test makes a process die, as by `kill -9`, to see that nothing is lost or doubled.

`RONDA_CRASH_AT` names the one place; without it these calls do nothing.
"""

import os
import signal

_AT = os.environ.get("RONDA_CRASH_AT")


def crash_point(name: str) -> None:
    """Ends this process on the spot when `RONDA_CRASH_AT` names this place."""
    if _AT is not None and name == _AT:
        os.kill(os.getpid(), signal.SIGKILL)
