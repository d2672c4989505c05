"""What a camera sees that looks at a QR code."""

import json
import subprocess

from tests.browser.conftest import ROOT

SIDE = 480
# The app's own library draws what its decoder must read.
DRAW = """
import encode from "qr";
process.stdout.write(JSON.stringify(encode(process.argv[1], "raw", { border: 4 })));
"""


def film(text: str) -> bytes:
    """Two frames of a QR code, as the fake camera takes them."""
    rows = json.loads(
        subprocess.run(
            ["node", "--input-type=module", "-e", DRAW, text],
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=30,
        ).stdout
    )
    scale = SIDE // len(rows)
    edge = (SIDE - scale * len(rows)) // 2
    blank = b"\xeb" * SIDE
    picture = [blank] * edge
    for row in rows:
        line = b"".join((b"\x10" if dark else b"\xeb") * scale for dark in row)
        picture += [(b"\xeb" * edge + line).ljust(SIDE, b"\xeb")] * scale
    picture += [blank] * (SIDE - len(picture))
    frame = b"FRAME\n" + b"".join(picture) + b"\x80" * (SIDE * SIDE // 2)
    return f"YUV4MPEG2 W{SIDE} H{SIDE} F5:1 Ip C420\n".encode() + frame * 2
