"""The app's sources: no text is missing in a language, no colour outside the tokens."""

import re
from collections import Counter
from typing import get_args

import pytest

from services.checkin.domain.authenticity import Doubt
from services.checkin.domain.incoming import RejectionCode
from tests.browser.conftest import ROOT
from tests.browser.test_words_and_colours import ENTRY, contrast

WEB = ROOT / "services" / "checkin" / "web"
SOURCES = sorted((WEB / "src").rglob("*.ts*"))
STYLES = sorted((WEB / "src").rglob("*.css"))
LOOKED_UP = re.compile(r"(?:t|indonesian)\(`(\w+)\.\$\{|tIfKnown\(\"(\w+)\"")
LIGHT = ':root[data-theme="light"]'


def strings() -> dict[str, tuple[str, str]]:
    """Key → (Indonesian, English)."""
    text = (WEB / "src" / "strings.ts").read_text(encoding="utf-8")
    keys = re.findall(r'^ {2}"([\w.]+)":', text, re.MULTILINE)
    found = {key: (indonesian, english) for key, indonesian, english in ENTRY.findall(text)}
    assert list(found) == keys, "an entry is doubled, or is not a pair"
    return found


def test_every_reason_of_the_server_to_reject_something_has_words() -> None:
    codes = {*get_args(RejectionCode), *get_args(Doubt)}
    assert {f"rej.{code}" for code in codes} <= set(strings())


def test_every_text_has_both_languages_with_the_same_gaps() -> None:
    for key, (indonesian, english) in strings().items():
        assert indonesian.strip(), key
        assert english.strip(), key
        gaps = [Counter(re.findall(r"\{\w+\}", text)) for text in (indonesian, english)]
        assert gaps[0] == gaps[1], key


def test_no_text_shouts_frightens_or_uses_the_name_of_a_force_status() -> None:
    for key, texts in strings().items():
        for text in texts:
            for word in ("!", "siaga", "gagal", "anda yakin"):
                assert word not in text.lower(), key


def test_every_text_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.stem != "strings")
    prefixes = {name for pair in LOOKED_UP.findall(code) for name in pair if name}
    unused = [
        key for key in strings() if f'"{key}"' not in code and key.partition(".")[0] not in prefixes
    ]
    assert unused == []


def test_no_field_asks_for_votes_parties_or_candidates() -> None:
    words = re.compile(r"\b(suara sah|perolehan|partai|paslon|caleg|kandidat|vote|party|candidate)")
    for key, texts in strings().items():
        assert not any(words.search(text.lower()) for text in texts), key


def test_colours_stand_in_the_tokens_alone() -> None:
    hexes = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
    for path in [*SOURCES, *STYLES, WEB / "index.html", WEB / "public" / "icon.svg"]:
        if path.name != "tokens.css":
            assert not hexes.search(path.read_text(encoding="utf-8")), path.name


def test_nothing_is_styled_or_scripted_inline() -> None:
    for path in [*SOURCES, WEB / "index.html"]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\bstyle=|dangerouslySetInnerHTML|<style", text), path.name
        assert "<script>" not in text


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_and_signs_stand_out_from_what_is_behind_them(theme: str) -> None:
    colour = tokens()[theme]
    readable = [
        (text, ground) for text in ("text", "text2", "text3") for ground in ("bg", "card", "raise")
    ]
    readable += [("accent-text", "accent"), ("tonal-text", "tonal"), ("dq", "bg"), ("dq", "card")]
    readable += [("dq-banner-text", "dq-banner"), ("kritis-word", "bg"), ("dim-text", "dim")]
    seen = [("edge", "bg"), ("edge", "card"), ("focus", "bg"), ("accent", "bg"), ("accent", "card")]
    poor = {
        f"{front} on {ground}": round(contrast(colour[front], colour[ground]), 2)
        for pairs, least in ((readable, 4.5), (seen, 3.0))
        for front, ground in pairs
        if contrast(colour[front], colour[ground]) < least
    }
    assert poor == {}


def test_no_token_is_left_over() -> None:
    styles = "".join(path.read_text(encoding="utf-8") for path in STYLES)
    named = set(re.findall(r"^  --([\w-]+):", styles, re.MULTILINE))
    used = set(re.findall(r"var\(--([\w-]+)\)", styles))
    assert named == used


def tokens() -> dict[str, dict[str, str]]:
    """The colours of each theme; the light one takes over what it does not name."""
    text = (WEB / "src" / "tokens.css").read_text(encoding="utf-8")
    dark, light = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in text.split(LIGHT)
    )
    return {"dark": dark, "light": dark | light}
