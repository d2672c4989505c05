"""HTTP answers as a load generator reads them: only how each one ends, and its status."""

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Answers:
    """Cuts a connection's bytes into answers; one is under way at a time."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> int | None:
        """The status of the answer that these bytes complete, if they do."""
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return None
        head = self._buffer[:end].lower()
        if len(self._buffer) < end + len(_HEAD_END) + _length(head):
            return None
        self._buffer = b""
        return int(head[9:12])


def _length(head: bytes) -> int:
    at = head.find(_LENGTH)
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
