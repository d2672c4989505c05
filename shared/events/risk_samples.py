"""An invented site that came into the highest band."""

from datetime import UTC, datetime, timedelta

from shared.events.risk import RiskReason, SiteRisk

_NIGHT = datetime(2023, 11, 29, 14, 12, tzinfo=UTC)

RISK = SiteRisk(
    version=2,
    site="gudang-logistik",
    site_name="Gudang Logistik KPU",
    unit="polda-jatim/polres-tuban",
    band="tinggi",
    previous="sedang",
    score=63,
    reasons=[
        RiskReason(code="class", id="Kelas khusus", en="Class: special", weight=20),
        RiskReason(code="phase", id="Tahapan Masa tenang", en="Phase Masa tenang", weight=15),
        RiskReason(
            code="logistics_stage",
            id="Menyimpan logistik: ballots",
            en="Keeps ballots: ballots",
            weight=10,
        ),
        RiskReason(code="visit_missed", id="Kontrol terlewat", en="A visit was missed", weight=10),
        RiskReason(
            code="vulnerability",
            id="Kerawanan: CCTV tembok belakang mati",
            en="Vulnerability: CCTV tembok belakang mati",
            weight=8,
        ),
    ],
    changed_at=_NIGHT + timedelta(seconds=9),
)
