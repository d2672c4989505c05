"""A whole district: two thousand sites, and as many open alerts as a bad night may bring."""

from datetime import datetime
from typing import Any

from shared.events.alert import Alert, Severity
from tests.browser import samples

DISTRICTS = [
    "Kenduruan",
    "Bangilan",
    "Jatirogo",
    "Bancar",
    "Tambakboyo",
    "Senori",
    "Singgahan",
    "Montong",
    "Kerek",
    "Jenu",
    "Parengan",
    "Soko",
    "Grabagan",
    "Merakurak",
    "Tuban",
    "Rengel",
    "Plumpang",
    "Semanding",
    "Palang",
    "Widang",
]
SEVERITIES: tuple[Severity, ...] = ("rendah", "sedang", "rendah", "sedang", "rendah", "tinggi")
KRITIS_EVERY = 60


def many_sites(now: datetime, count: int = 2_000) -> list[dict[str, Any]]:
    """Polling stations on a grid over twenty districts; one in fifty is silent."""
    sites = []
    for number in range(count):
        row, column = divmod(number, 50)
        district = DISTRICTS[(row // 10) * 5 + column // 10]
        sites.append(
            {
                "id": f"tps-{number:04d}",
                "name": f"TPS {number:04d}",
                "type": "polling_station",
                "district": district,
                "lat": -6.80 - row * 0.009,
                "lon": 111.80 + column * 0.009,
                "status": "unknown" if number % 50 == 7 else "aman",
                "risk_class": "rawan",
                "unit": f"{samples.UNIT}/polsek-{district.lower()}",
                "since": (now - samples.seconds(3600)).isoformat(),
            }
        )
    return sites


def many_alerts(now: datetime, count: int = 300, first: int = 5_000) -> list[Alert]:
    """Open alerts over all districts and the last day: mostly low, a twentieth critical."""
    return [_one(now, first + index, index) for index in range(count)]


def _one(now: datetime, number: int, index: int) -> Alert:
    severity: Severity = SEVERITIES[index % len(SEVERITIES)]
    if index % KRITIS_EVERY == 0:
        severity = "kritis"
    place = (index * 37) % 2_000
    row, column = divmod(place, 50)
    raised = now - samples.seconds(60 + 280 * index)
    return samples.an_alert(
        now,
        number,
        severity=severity,
        category=("suspicious_person", "intrusion", "campaign_material_damage")[index % 3],
        site=f"tps-{place:04d}",
        site_name=f"TPS {place:04d}",
        lat=-6.80 - row * 0.009,
        lon=111.80 + column * 0.009,
        reported_at=raised,
        raised_at=raised,
        next_due_at=now + samples.seconds(300 + index),
    )
