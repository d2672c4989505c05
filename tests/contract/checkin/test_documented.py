"""What people read about phones is what the code does."""

import re
from pathlib import Path

from services.checkin.domain.authenticity import DOUBTS
from services.checkin.domain.flags import FLAGS

DOCUMENT = (Path(__file__).parents[3] / "docs" / "phones.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, str]:
    """The first two columns of the table behind a heading."""
    section = DOCUMENT.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.MULTILINE))


def test_every_flag_is_documented_in_its_own_words() -> None:
    assert table("Flags") == FLAGS


def test_every_reason_for_quarantine_is_documented_in_its_own_words() -> None:
    assert table("Signing") == DOUBTS
