"""Docker's health check of a service: `probe.py PORT PID`.

Exit code 0 when the service is ready, 1 when it is not. Docker marks what is unhealthy and leaves
it running, so a service that says of itself that it is not alive any more is asked to stop here;
its restart policy then makes it anew.
"""

import os
import signal
import sys
from http.client import HTTPConnection, HTTPException

TIMEOUT_S = 3


def status(port: int, path: str) -> int | None:
    """The HTTP status of a path, None where nobody answers in time."""
    connection = HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return None
    finally:
        connection.close()


def main(port: int, process: int) -> int:
    """The exit code."""
    if status(port, "/health/live") == 503:
        os.kill(process, signal.SIGTERM)
        return 1
    return 0 if status(port, "/health/ready") == 200 else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
