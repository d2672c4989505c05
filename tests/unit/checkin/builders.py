"""What tests of the intake are made of: a plan, senders, events. All people are invented."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from services.checkin.domain.incoming import Incoming
from shared.auth import Principal
from shared.events.identity import new_id
from shared.plan.model import Category, Operation, Plan, Site, SiteType, Unit

NOW = datetime(2023, 11, 29, 14, 12, 30, tzinfo=UTC)
UNIT = "polda-jatim/polres-tuban"
SOKO = f"{UNIT}/polsek-soko"
WAREHOUSE: dict[str, Any] = {"lat": -6.9131, "lon": 112.0662}
NORTH_500_M: dict[str, Any] = {"lat": -6.9086, "lon": 112.0662}
INCIDENT = "ronda.incident.reported.v1"
CHECKED_IN = "ronda.visit.checked_in.v1"
POSITION = "ronda.position.recorded.v1"


def a_plan(version: str = "v1", *, sites: tuple[str, ...] = ("gudang-logistik",)) -> Plan:
    """A plan of warehouses that the police post of Soko answers for, all in one place."""
    return Plan(
        version=version,
        operation=Operation(id="contoh", name="Contoh", timezone="Asia/Jakarta", unit=UNIT),
        units=[Unit(path=UNIT, name="Polres Tuban"), Unit(path=SOKO, name="Polsek Soko")],
        phases=[],
        site_types=[SiteType(id="warehouse", label="Gudang", label_en="Warehouse")],
        sites=[
            Site(
                id=name,
                name=name,
                type="warehouse",
                risk_class="rawan",
                unit=SOKO,
                radius_m=100,
                **WAREHOUSE,
            )
            for name in sites
        ],
        people=[],
        posts=[],
        shifts=[],
        visit_rules=[],
        categories=[
            Category(
                id="suspicious_person",
                label="Orang mencurigakan",
                label_en="Suspicious person",
                severity="sedang",
                stage="AG",
                group="G",
                family="suspicious",
            )
        ],
        policies=[],
        channels=[],
    )


def a_sender(role: str = "officer", *, device: str | None = "d-0007") -> Principal:
    """Somebody of the whole district's unit."""
    return Principal(
        actor="p-1021",
        name="Sari Wulandari",
        role=role,
        unit=UNIT,
        issuer="checkin",
        expires_at=NOW + timedelta(minutes=15),
        device=device,
    )


def an_event(event_type: str = INCIDENT, **changes: Any) -> dict[str, Any]:
    """A suspicious report from the warehouse, as a phone sends it; None removes an attribute."""
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": new_id(NOW),
        "source": "ronda/app",
        "type": event_type,
        "subject": "gudang-logistik",
        "time": "2023-11-29T21:12:28.5+07:00",
        "device": "d-0007",
        "deviceseq": 42,
        "data": {"category": "suspicious_person", "position": {**WAREHOUSE, "accuracy_m": 12.0}},
    }
    return {name: value for name, value in (event | changes).items() if value is not None}


def incoming(event_type: str = INCIDENT, **changes: Any) -> Incoming:
    """The same, decoded."""
    return msgspec.json.decode(msgspec.json.encode(an_event(event_type, **changes)), type=Incoming)
