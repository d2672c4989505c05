"""A program that stands for a service: answers `/health/ready`, and dies when it is told to.

`python -m tests.integration.stack.fake_service` reads RONDA_HTTP_PORT; `DIES_AT_START` makes it
end at once, and while the file `DEAD_WHILE` is there it says that it is dead.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_DEAD = Path(os.environ["DEAD_WHILE"]) if "DEAD_WHILE" in os.environ else None


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        is_dead = self.path == "/health/live" and _DEAD is not None and _DEAD.exists()
        self.send_response(503 if is_dead else 200)
        self.end_headers()
        self.wfile.write(b"ready")

    def log_message(self, format: str, *args: object) -> None:
        """Silent: the tests look at the log."""


if __name__ == "__main__":
    sys.stdout.write("here I am\n")
    if "DIES_AT_START" in os.environ:
        sys.exit("I cannot start")
    HTTPServer(("127.0.0.1", int(os.environ["RONDA_HTTP_PORT"])), _Handler).serve_forever()
