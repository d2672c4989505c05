"""A run as an SVG of horizontal bars: ours in one accent, the floor in grey.

No script and no font of its own; where it is looked at decides whether it is light or dark.
"""

from collections.abc import Sequence
from html import escape

from ronda.bench.figures import Figure, value
from ronda.bench.report import goal, headline

_WIDTH = 760
_MARGIN = 16
_BAR = 20
_GAP = 4
_TITLE = 26
_ROW = _TITLE + 2 * (_BAR + _GAP) + 22
_LABEL = 60
_WORDS = 150
_LONGEST = _WIDTH - 2 * _MARGIN - _LABEL - _WORDS
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}.title{font-weight:600}"
    ".quiet{fill:#59636e}.ours{fill:#0a7ea4}.floor{fill:#9aa4ae}"
    "@media(prefers-color-scheme:dark){text{fill:#f0f3f6}.quiet{fill:#a9b4be}"
    ".ours{fill:#3fb6de}.floor{fill:#6e7781}}"
)


def draw(figures: Sequence[Figure]) -> str:
    """The chart; each pair of bars has a scale of its own, because their units differ."""
    height = 2 * _MARGIN + len(figures) * _ROW
    rows = "".join(_row(figure, top=_MARGIN + index * _ROW) for index, figure in enumerate(figures))
    words = escape("; ".join(f"{each.title}: ratio {each.ratio:.2f}" for each in figures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        f' width="{_WIDTH}" height="{height}" role="img" aria-label="{words}">'
        f"<style>{_STYLE}</style>{rows}</svg>\n"
    )


def _row(figure: Figure, *, top: int) -> str:
    sides = {"ours": figure.middle("ours"), "floor": figure.middle("floor")}
    longest = max(value(sample, figure.measure) for sample in sides.values())
    better = "longer" if figure.measure == "rate" else "shorter"
    note = f"ratio {figure.ratio:.2f} (goal {goal(figure)}; {better} is better)"
    parts = [
        _text(_MARGIN, top + 14, figure.title, "title"),
        _text(_WIDTH - _MARGIN, top + 14, note, "quiet", anchor="end"),
    ]
    for index, (side, sample) in enumerate(sides.items()):
        y = top + _TITLE + index * (_BAR + _GAP)
        width = bar_width(value(sample, figure.measure), longest)
        left = _MARGIN + _LABEL
        parts += [
            _text(_MARGIN, y + 15, side, ""),
            f'<rect class="{side}" x="{left}" y="{y}" width="{width}" height="{_BAR}" rx="2"/>',
            _text(left + width + 8, y + 15, headline(sample, figure), ""),
        ]
    return "".join(parts)


def bar_width(part: float, longest: float) -> int:
    """Pixels; what is not nothing stays visible."""
    return max(1, round(_LONGEST * part / longest))


def _text(x: int, y: int, words: str, style: str, *, anchor: str = "start") -> str:
    return f'<text class="{style}" x="{x}" y="{y}" text-anchor="{anchor}">{escape(words)}</text>'
