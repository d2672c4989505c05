"""The codes that hang at the sites, as a PDF to print: two cards on a page of A4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import segno
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas

from shared.checkpoint_codes import make
from shared.plan.model import Plan, Site
from shared.signing import PrivateKey

_WIDTH, _HEIGHT = A4
_CARD = _HEIGHT / 2
_QR = 88 * mm
_QUIET = 4
"""Modules of white around a code; scanners need them."""
_LONGEST_NAME = 46


@dataclass(frozen=True, slots=True)
class Card:
    """A site with the text of its code; the times are local."""

    site: Site
    kind: str
    code: str
    issued_at: datetime
    expires_at: datetime | None


def cards(
    plan: Plan,
    sites: Sequence[Site],
    *,
    kid: str,
    key: PrivateKey,
    issued_at: datetime,
    expires_at: datetime | None,
) -> list[Card]:
    """A signed code for each site."""
    kinds = plan.site_type_by_id
    return [
        Card(
            site=site,
            kind=kinds[site.type].label if site.type in kinds else site.type,
            code=make(site.id, issued_at=issued_at, expires_at=expires_at, kid=kid, key=key),
            issued_at=issued_at,
            expires_at=expires_at,
        )
        for site in sites
    ]


def write_pdf(path: Path, operation: str, made: Sequence[Card]) -> None:
    """Writes the cards, two on a page."""
    canvas = Canvas(str(path), pagesize=A4, invariant=True)
    canvas.setTitle(f"Kode lokasi – {operation}")
    for number, card in enumerate(made):
        lower = number % 2 == 1
        if number and not lower:
            canvas.showPage()
        _draw(canvas, card, operation, bottom=0 if lower else _CARD)
    canvas.save()


def _draw(canvas: Canvas, card: Card, operation: str, *, bottom: float) -> None:
    middle = _WIDTH / 2
    canvas.setDash(3, 3)
    canvas.setLineWidth(0.4)
    canvas.line(0, _CARD, _WIDTH, _CARD)
    canvas.setDash()
    canvas.setFont("Helvetica-Bold", 20)
    canvas.drawCentredString(middle, bottom + 128 * mm, _short(card.site.name))
    canvas.setFont("Helvetica", 11)
    place = f"{card.kind} · {card.site.district}" if card.site.district else card.kind
    canvas.drawCentredString(middle, bottom + 121 * mm, place)
    _draw_code(canvas, card.code, middle - _QR / 2, bottom + 29 * mm)
    canvas.setFont("Helvetica-Bold", 12)
    canvas.drawCentredString(middle, bottom + 22 * mm, "Pindai dengan aplikasi Ronda saat check-in")
    canvas.setFont("Helvetica", 9)
    canvas.drawCentredString(middle, bottom + 15 * mm, f"{card.site.id} · {_dates(card)}")
    canvas.drawCentredString(middle, bottom + 10 * mm, operation)


def _draw_code(canvas: Canvas, text: str, left: float, bottom: float) -> None:
    """Squares drawn row by row, neighbours as one: without seams at any size."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False).matrix]
    module = _QR / (len(rows) + 2 * _QUIET)
    for down, row in enumerate(rows):
        y = bottom + _QR - (down + 1 + _QUIET) * module
        start = 0
        while start < len(row):
            end = start + 1
            while end < len(row) and row[end] == row[start]:
                end += 1
            if row[start]:
                x = left + (start + _QUIET) * module
                canvas.rect(x, y, (end - start) * module, module, stroke=0, fill=1)
            start = end


def _dates(card: Card) -> str:
    issued = f"dibuat {card.issued_at:%d-%m-%Y}"
    return (
        issued
        if card.expires_at is None
        else f"{issued}, berlaku s.d. {card.expires_at:%d-%m-%Y %H:%M}"
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
