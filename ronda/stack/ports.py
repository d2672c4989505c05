"""TCP ports on the loopback interface."""

import random
import socket

from ronda.stack.errors import StackError

LOOPBACK = "127.0.0.1"
# Below the range that the system hands to outgoing connections, which could take a port between
# our look and the child's bind.
_CHOICES = range(20_000, 26_000)
# A child binds its port seconds after we chose it. Until this process ends nobody else of us may
# choose it: who chooses a port holds its twin, this far above.
_TWIN = 6_000
_ATTEMPTS = 200


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a listener could bind the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port that only lingers in TIME_WAIT after a stop is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listens on, and that no other process of ours gets from here."""
    for _ in range(_ATTEMPTS):
        port = random.choice(_CHOICES)  # noqa: S311 - not a secret
        if is_free(port) and _reserve(port):
            return port
    raise StackError(f"no free TCP port was found from {_CHOICES.start} to {_CHOICES.stop}")


def _reserve(port: int) -> bool:
    twin = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        twin.bind((LOOPBACK, port + _TWIN))
    except OSError:
        twin.close()
        return False
    twin.detach()  # held until the process ends, and children do not inherit it
    return True


def require_free(port: int, *, user: str, setting: str, host: str = LOOPBACK) -> None:
    """Raises `StackError` that names the port, who wants it and the setting that changes it."""
    if not is_free(port, host):
        raise StackError(
            f"port {port} is taken, and {user} needs it: stop what listens there, "
            f"or choose another with {setting}"
        )
