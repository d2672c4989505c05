"""A page in words: a line for a phone, a letter for a mailbox."""

from services.alerts.domain.paging import Page
from shared.plan.model import Plan

LONGEST_LINE = 300
SEVERITY = {"rendah": "RENDAH", "sedang": "SEDANG", "tinggi": "TINGGI", "kritis": "KRITIS"}


def line(page: Page, plan: Plan | None) -> str:
    """What fits into a short message. It names nobody: it crosses other people's networks."""
    alert = page.alert
    place = alert.site_name or alert.unit.rpartition("/")[2]
    text = (
        f"RONDA {SEVERITY[alert.severity]} #{alert.number}: {subject_of(page, plan)}, {place}, "
        f"{_clock(page, plan)}. Tingkat {page.level}. Buka papan, ambil."
    )
    return text if len(text) <= LONGEST_LINE else f"{text[: LONGEST_LINE - 1]}…"


def subject_of(page: Page, plan: Plan | None) -> str:
    """What the alert is about, in the plan's words."""
    category = plan.category_by_id.get(page.alert.category) if plan else None
    return category.label if category else page.alert.category


def letter(page: Page, plan: Plan | None) -> tuple[str, str]:
    """Subject and body of a letter."""
    alert = page.alert
    subject = " ".join(
        f"[Ronda] {SEVERITY[alert.severity]} #{alert.number} {subject_of(page, plan)} "
        f"{alert.site_name or ''}".split()
    )
    lines = [
        line(page, plan),
        "",
        f"Untuk: {page.recipient}",
        page.why,
        f"Satuan: {alert.unit}",
        *(f"- {reason.id}" for reason in alert.reasons),
        "",
        f"{page.ref}",
    ]
    return subject[:200], "\n".join(lines) + "\n"


def _clock(page: Page, plan: Plan | None) -> str:
    at = page.alert.reported_at
    return f"{at.astimezone(plan.timezone):%H:%M}" if plan else f"{at:%H:%M} UTC"
