"""The board's sources: no text is missing in a language, no colour outside the tokens."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from services.alerts.adapters.delivery_reading import Standing
from services.alerts.domain.command import OUTCOMES
from services.alerts.domain.performance import performance
from services.alerts.domain.site_status import Status
from services.alerts.handlers.watch import VoiceReport
from shared.auth import ROLES
from shared.events.alert import AlertKind, AlertState, LinkKind, Severity, ThreatStage, Visit
from shared.events.incident import CrowdLevel
from shared.events.task import TaskKind, TaskState
from shared.plan.model import RiskClass
from tests.browser import codes

WEB = Path(__file__).parents[2] / "services" / "alerts" / "web"
SOURCES = sorted(path for path in (WEB / "src").rglob("*.ts*"))
STYLES = sorted((WEB / "src").rglob("*.css"))
STRING = r'"((?:[^"\\]|\\.)*)"'
ENTRY = re.compile(rf'^ {{2}}"([\w.]+)": \[\s*{STRING},\s*{STRING},?\s*\],$', re.MULTILINE)


def strings() -> dict[str, tuple[str, str]]:
    """Key → (Indonesian, English)."""
    files = [path for path in SOURCES if path.stem == "strings"]
    text = "".join(path.read_text(encoding="utf-8") for path in files)
    keys = re.findall(r'^ {2}"([\w.]+)":', text, re.MULTILINE)
    found = {key: (indonesian, english) for key, indonesian, english in ENTRY.findall(text)}
    assert list(found) == keys, "an entry is doubled, or is not a pair"
    return found


def test_every_text_has_both_languages_with_the_same_gaps() -> None:
    for key, (indonesian, english) in strings().items():
        assert indonesian.strip(), key
        assert english.strip(), key
        gaps = [Counter(re.findall(r"\{\w+\}", text)) for text in (indonesian, english)]
        assert gaps[0] == gaps[1], key


def test_the_story_of_an_alert_has_words_for_all_that_can_happen_and_for_nothing_else() -> None:
    words = {key.removeprefix("e.") for key in strings() if key.startswith("e.")}
    assert words == codes.told_in_stories()


@pytest.mark.parametrize(
    ("prefix", "contract"),
    [
        ("state.", AlertState),
        ("sev.", Severity),
        ("stage.", ThreatStage),
        ("crowd.", CrowdLevel),
        ("link.", LinkKind),
        ("st.", Status),
        ("risk.", RiskClass),
        ("call.", Standing),
        ("task.", TaskKind),
        ("task.state_", TaskState),
        ("t.", get_type_hints(Visit)["state"]),
        ("via.", get_type_hints(VoiceReport)["via"]),
    ],
)
def test_every_code_of_a_contract_has_words(prefix: str, contract: Any) -> None:
    assert {f"{prefix}{code}" for code in get_args(contract)} <= set(strings())


def test_every_outcome_role_figure_and_kind_of_alert_without_a_category_has_words() -> None:
    now = datetime(2026, 11, 23, tzinfo=UTC)
    figures = performance([], now, now + timedelta(hours=8)).figures
    wanted = {f"o.{outcome}" for outcome in OUTCOMES} | {f"role.{role}" for role in ROLES}
    wanted |= {f"fig.{figure.id}" for figure in figures}
    wanted |= {f"kind.{kind}" for kind in get_args(AlertKind) if kind not in {"incident", "duress"}}
    assert wanted <= set(strings())


def test_no_text_shouts_or_uses_the_name_of_a_force_status() -> None:
    for key, texts in strings().items():
        for text in texts:
            assert "!" not in text, key
            assert "siaga" not in text.lower(), key


def test_every_text_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in SOURCES if path.stem != "strings")
    prefixes = re.findall(r"[`\"](\w+)\.\$\{", code) + re.findall(r't(?:IfKnown|Or)\("(\w+)"', code)
    unused = [
        key for key in strings() if f'"{key}"' not in code and key.partition(".")[0] not in prefixes
    ]
    assert unused == []


def test_colours_stand_in_the_tokens_alone() -> None:
    hexes = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
    for path in [*SOURCES, *STYLES, WEB / "index.html", WEB / "src" / "icon.svg"]:
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
    grounds = ("bg", "card", "raise")
    readable = [(text, ground) for text in ("text", "text2", "text3") for ground in grounds]
    readable += [(f"{name}-word", ground) for name in SEVERITIES for ground in ("bg", "card")]
    readable += [(f"{name}-text", name) for name in SEVERITIES]
    readable += [("dq", "bg"), ("dq", "card"), ("link", "card"), ("link", "bg")]
    readable += [("dq-banner-text", "dq-banner"), ("kritis-word", "kritis-tint")]
    readable += [("accent-text", "accent"), ("tonal-text", "tonal"), ("text2", "kritis-tint")]
    readable += [("bg", "text")]
    seen = [(f"{name}-line", ground) for name in SEVERITIES for ground in ("bg", "card")]
    seen += [("rendah-line", "card"), ("recover", "bg"), ("edge", "bg"), ("edge", "card")]
    seen += [("focus", "bg"), ("focus", "card"), ("accent", "bg"), ("accent", "card")]
    # The areas of a base map. Its roads and borders touch no sign: signs, like words, have a halo
    # in the colour of the ground.
    below = ("map", "ground-water", "ground-green", "ground-built")
    signs = (*(f"{name}-line" for name in SEVERITIES), "rendah-line", "edge", "recover", "dq")
    seen += [(sign, ground) for sign in signs for ground in below]
    readable += [("ground-word", "map"), ("text2", "map")]
    poor = {
        f"{front} on {ground}": round(contrast(colour[front], colour[ground]), 2)
        for pairs, least in ((readable, 4.5), (seen, 3.0))
        for front, ground in pairs
        if contrast(colour[front], colour[ground]) < least
    }
    assert poor == {}


SEVERITIES = ("kritis", "tinggi", "sedang")


def tokens() -> dict[str, dict[str, str]]:
    """The colours of each theme; the light one takes over what it does not name."""
    text = (WEB / "src" / "tokens.css").read_text(encoding="utf-8")
    dark, light = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))
        for block in re.findall(r"\{([^}]*color-scheme[^}]*)\}", text)
    )
    return {"dark": dark, "light": dark | light}


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    """The relative luminance of `#rrggbb`."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
