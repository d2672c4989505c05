"""A small plan for tests: as a file that a test may spoil, and as Structs."""

from datetime import date, time
from pathlib import Path

from shared.plan.errors import PlanError
from shared.plan.model import (
    Category,
    Channel,
    Contact,
    EscalationPolicy,
    Operation,
    Person,
    Phase,
    Plan,
    Post,
    Shift,
    Site,
    SiteType,
    Step,
    TriageRule,
    Unit,
    VisitRule,
)
from shared.plan.source import load

SMALL_YAML = """\
operation:
  id: contoh
  name: Operasi Contoh
  timezone: Asia/Jakarta
  unit: polres
units:
  - {path: polres, name: Polres}
  - {path: polres/polsek-a, name: Polsek A}
  - {path: polres/polsek-b, name: Polsek B}
phases:
  - {code: campaign, name: Kampanye, starts: 2024-01-01, ends: 2024-02-10}
  - {code: voting, name: Pemungutan suara, starts: 2024-02-14, ends: 2024-02-14}
site_types:
  - {id: office, label: Kantor, label_en: Office}
  - {id: polling_station, label: TPS, label_en: Polling place, min_radius_m: 60}
sites:
  - {id: kantor, name: Kantor, type: office, risk_class: rawan,
     unit: polres/polsek-a, lat: -6.9, lon: 112.05, radius_m: 75}
  - {id: tps-1, name: TPS 1, type: polling_station, risk_class: kurang_rawan,
     unit: polres/polsek-b, lat: -6.91, lon: 112.06, radius_m: 150}
people:
  - {id: p-1, name: Bagas Adiguna, rank: AKBP, unit: polres, role: commander}
  - {id: p-2, name: Laras Pangestu, rank: Bripka, unit: polres, role: officer}
posts:
  - id: kapolres
    kind: kapolres
    name: Kapolres
    unit: polres
    holder: p-1
    contacts: [{channel: log, address: kapolres}]
  - id: kapolsek-a
    kind: kapolsek
    name: Kapolsek A
    unit: polres/polsek-a
    contacts: [{channel: log, address: kapolsek-a}]
  - id: padal
    kind: padal
    name: Padal
    unit: polres
    contacts: [{channel: log, address: padal}]
shifts:
  - {id: r-21, crew: R-21, unit: polres, members: [p-2],
     starts: 07:00, ends: 19:00, sites: [kantor]}
visit_rules:
  - id: kantor-harian
    phases: [campaign]
    site_types: [office]
    at: [10:00, 21:00]
    grace_s: 900
  - id: tps-harian
    phases: [voting]
    site_types: [polling_station]
    at: [07:00, 13:00]
    grace_s: 900
    crew: R-21
categories:
  - {id: suspicious_person, label: Orang mencurigakan, label_en: Suspicious person,
     severity: sedang, stage: AG, group: G, family: property}
  - {id: officer_duress, label: Petugas darurat, label_en: Officer in danger,
     severity: kritis, stage: GN, group: G, family: officer}
  - {id: missed_checkin, label: Kontrol tidak terlaksana, label_en: Missed visit,
     severity: rendah, stage: PG, group: G, family: absence}
  - {id: no_report, label: Tanpa kabar, label_en: No report,
     severity: sedang, stage: PG, group: G, family: absence}
  - {id: other, label: Lain-lain, label_en: Other,
     severity: rendah, stage: PG, group: G, family: other}
policies:
  - id: biasa
    severities: [rendah, sedang]
    progress_s: 600
    repeat_s: 300
    steps:
      - {after_s: 0, posts: [padal, kapolsek]}
      - {after_s: 60, posts: [kapolres]}
  - id: cepat
    severities: [tinggi, kritis]
    progress_s: 120
    repeat_s: 30
    start_level: 2
    steps:
      - {after_s: 0, posts: [padal]}
      - {after_s: 10, posts: [kapolres]}
channels:
  - {id: log, kind: log}
triage_rules:
  - {id: malam, label: Malam hari, label_en: At night, when: "hour >= 22 || hour < 5", steps: 1}
"""


def spoiled(text: str, old: str, new: str) -> str:
    """The text with one fragment changed, which must be there once."""
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times"
    return text.replace(old, new)


def written(folder: Path, text: str = SMALL_YAML, **tables: str) -> Path:
    """A plan's file in a folder, beside tables by file name (`sites_csv` is `sites.csv`)."""
    for name, content in tables.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    path = folder / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(path: Path) -> Plan:
    """The plan of a file that must be right."""
    plan = load(path)
    assert isinstance(plan, Plan), "\n".join(map(str, plan))
    return plan


def errors_of(path: Path) -> list[PlanError]:
    """The errors of a file that must be wrong."""
    errors = load(path)
    assert isinstance(errors, list), "the plan was taken although it is wrong"
    return errors


def line_of(text: str, fragment: str) -> int:
    """The number of the first line that holds a fragment."""
    return text[: text.index(fragment)].count("\n") + 1


def small_plan(
    *,
    version: str = "v1",
    timezone: str = "Asia/Jakarta",
    sites: list[Site] | None = None,
    visit_rules: list[VisitRule] | None = None,
    shifts: list[Shift] | None = None,
    phases: list[Phase] | None = None,
) -> Plan:
    """A plan of Structs; what a test does not name is small and right."""
    return Plan(
        version=version,
        operation=Operation(id="contoh", name="Contoh", timezone=timezone, unit="polres"),
        units=[Unit(path="polres", name="Polres")],
        phases=phases
        or [Phase(code="campaign", name="K", starts=date(2000, 1, 1), ends=date(2050, 1, 1))],
        site_types=[SiteType(id="office", label="Kantor", label_en="Office")],
        sites=sites if sites is not None else [site("kantor")],
        people=[Person(id="p-1", name="Bagas", rank="Ipda", unit="polres", role="officer")],
        posts=[
            Post(
                id="padal",
                kind="padal",
                name="Padal",
                unit="polres",
                contacts=[Contact(channel="log", address="padal")],
            )
        ],
        shifts=shifts or [],
        visit_rules=visit_rules or [],
        categories=[
            Category(
                id="other",
                label="Lain",
                label_en="Other",
                severity="rendah",
                stage="PG",
                group="G",
                family="other",
            )
        ],
        policies=[
            EscalationPolicy(
                id="semua",
                severities=["rendah", "sedang", "tinggi", "kritis"],
                steps=[Step(after_s=0, posts=["padal"])],
                progress_s=60,
                repeat_s=60,
            )
        ],
        channels=[Channel(id="log", kind="log")],
        triage_rules=[
            TriageRule(id="malam", label="Malam", label_en="Night", when="hour >= 22", steps=1)
        ],
    )


def site(name: str, *, kind: str = "office", risk_class: str = "rawan") -> Site:
    """A site that differs from others by its id."""
    return Site(
        id=name,
        name=name.title(),
        type=kind,
        risk_class=risk_class,
        unit="polres",
        lat=-6.9,
        lon=112.0,
        radius_m=75,
    )


def rule(name: str, *at: str, crew: str | None = None) -> VisitRule:
    """A rule for all sites in all phases."""
    return VisitRule(id=name, at=[time.fromisoformat(text) for text in at], grace_s=60, crew=crew)
