"""Writes `dashboards/ronda.json`: `python deploy/grafana/make.py`.

Each row is a question that the person on watch has, and each panel one answer to it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "dashboards" / "ronda.json"
COLUMNS = 24
HEIGHT = 7


@dataclass(frozen=True, slots=True)
class Panel:
    """A title, its queries by legend, their unit; a value is bad from `bad_from` on, or below
    `bad_to`."""

    title: str
    queries: dict[str, str]
    unit: str = "short"
    bad_from: float | None = None
    kind: str = "timeseries"
    bad_to: float | None = None


def quantile(of: float, histogram: str) -> str:
    """A quantile of one of our histograms, over all replicas."""
    return f"histogram_quantile({of}, sum by (le) (rate({histogram}_bucket[5m])))"


ROWS: dict[str, list[Panel]] = {
    "Is everything there?": [
        Panel("Services", {"{{job}}": "min by (job) (up)"}, kind="stat", bad_to=1),
        Panel(
            "Kafka takes what comes in",
            {"checkin": "min(ronda_ingest_kafka_up)"},
            kind="stat",
            bad_to=1,
        ),
        Panel(
            "Checks that fail",
            {"{{job}}: {{check}}": "min by (job, check) (ronda_check_ok) == 0"},
            kind="stat",
            bad_to=1,
        ),
        Panel(
            "Disk that is free",
            {"of this machine": "min(ronda_disk_free_bytes / ronda_disk_size_bytes)"},
            "percentunit",
            kind="stat",
            bad_to=0.1,
        ),
        Panel(
            "Rules that fire",
            {"{{alertname}}": 'ALERTS{alertstate="firing", alertname!="Watchdog"}'},
            kind="stat",
            bad_from=1,
        ),
    ],
    "Do reports come in?": [
        Panel(
            "Events per second",
            {"{{result}}": "sum by (result) (rate(ronda_ingest_events_total[1m]))"},
            "ops",
        ),
        Panel(
            "Answers per second",
            {"{{status}}": "sum by (status) (rate(ronda_ingest_answers_total[1m]))"},
            "reqps",
        ),
        Panel(
            "Time to an answer",
            {
                "half": quantile(0.5, "ronda_ingest_seconds"),
                "99 of 100": quantile(0.99, "ronda_ingest_seconds"),
                "99 of 100, Kafka's part": quantile(0.99, "ronda_ingest_flush_seconds"),
            },
            "s",
            bad_from=0.25,
        ),
        Panel(
            "Flags and rejections per second",
            {
                "{{flag}}": "sum by (flag) (rate(ronda_ingest_flagged_events_total[5m]))",
                "rejected: {{reason}}": (
                    "sum by (reason) (rate(ronda_ingest_rejected_events_total[5m]))"
                ),
            },
            "ops",
        ),
    ],
    "Is somebody told, and does somebody take it?": [
        Panel(
            "Oldest alert that nobody has taken",
            {"age": "max(ronda_unacknowledged_age_seconds)"},
            "s",
            bad_from=900,
        ),
        Panel(
            "From report to alert and to page, 99 of 100",
            {
                "alert": quantile(0.99, "ronda_report_to_alert_seconds"),
                "page": quantile(0.99, "ronda_report_to_page_seconds"),
            },
            "s",
            bad_from=5,
        ),
        Panel(
            "Pages per minute",
            {
                "{{channel}} {{result}}": (
                    "60 * sum by (channel, result) (rate(ronda_pages_total[5m]))"
                )
            },
        ),
        Panel(
            "Decisions per minute",
            {"{{type}}": "60 * sum by (type) (rate(ronda_alert_events_total[5m]))"},
        ),
        Panel(
            "Lateness of timers, 99 of 100",
            {"late": quantile(0.99, "ronda_timer_lateness_seconds")},
            "s",
            bad_from=5,
        ),
        Panel(
            "What the auditor finds",
            {
                "alerts that nobody was told of": "max(ronda_unpaged_alerts)",
                "{{check}}": "max by (check) (ronda_auditor_violations) > 0",
            },
            bad_from=1,
        ),
        Panel(
            "Outbox and barrier",
            {
                "oldest decision not published": "max(ronda_outbox_age_seconds)",
                "oldest visit not decided": "max(ronda_barrier_age_seconds)",
            },
            "s",
            bad_from=10,
        ),
    ],
    "Is everything kept?": [
        Panel(
            "Records behind",
            {"{{job}} {{topic}}": "sum by (job, topic) (ronda_consumer_lag_records) > 0"},
        ),
        Panel(
            "Age at commit, 99 of 100",
            {
                "since Kafka": quantile(0.99, "ronda_archive_freshness_seconds"),
                "since the report": quantile(0.99, "ronda_archive_end_to_end_seconds"),
            },
            "s",
            bad_from=60,
        ),
        Panel(
            "Archived per second",
            {"{{status}}": "sum by (status) (rate(ronda_archive_records_total[1m]))"},
            "ops",
        ),
        Panel(
            "What should be zero",
            {
                "partitions held": "sum(ronda_archive_foreign_partitions)",
                "records missing": "sum(ronda_archive_missing_total)",
                "rows refused": "sum(ronda_archive_unstorable_total)",
                "conflicts": 'sum(ronda_archive_records_total{status="conflict"})',
                "decisions parked": "max(ronda_outbox_parked)",
                "dead letters": 'sum(ronda_records_total{result="dead_letter"})',
            },
            bad_from=1,
        ),
    ],
}


def dashboard() -> dict[str, Any]:
    """The whole dashboard in Grafana's JSON."""
    panels: list[dict[str, Any]] = []
    top = 0
    for question, row in ROWS.items():
        panels.append(
            {
                "id": len(panels) + 1,
                "type": "row",
                "title": question,
                "collapsed": False,
                "gridPos": {"x": 0, "y": top, "w": COLUMNS, "h": 1},
                "panels": [],
            }
        )
        top += 1
        across = 4 if len(row) == 4 else 3
        width = COLUMNS // across
        for number, panel in enumerate(row):
            place = {
                "x": number % across * width,
                "y": top + number // across * HEIGHT,
                "w": width,
                "h": HEIGHT,
            }
            panels.append(_panel(len(panels) + 1, panel, place))
        top += -(-len(row) // across) * HEIGHT
    return {
        "uid": "ronda",
        "title": "Ronda",
        "tags": ["ronda"],
        "timezone": "browser",
        "refresh": "10s",
        "time": {"from": "now-3h", "to": "now"},
        "schemaVersion": 39,
        "editable": False,
        "panels": panels,
    }


def _panel(number: int, panel: Panel, place: dict[str, int]) -> dict[str, Any]:
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "gridPos": place,
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "fieldConfig": {
            "defaults": {
                "unit": panel.unit,
                "min": 0,
                "noValue": "none",
                "thresholds": {"mode": "absolute", "steps": _steps(panel)},
                "custom": {"thresholdsStyle": {"mode": "line" if panel.bad_from else "off"}},
            },
            "overrides": [],
        },
        "options": (
            {"textMode": "value_and_name", "reduceOptions": {"calcs": ["lastNotNull"]}}
            if panel.kind == "stat"
            else {"tooltip": {"mode": "multi"}, "legend": {"displayMode": "list"}}
        ),
        "targets": [
            {"refId": chr(ord("A") + index), "expr": expression, "legendFormat": legend}
            for index, (legend, expression) in enumerate(panel.queries.items())
        ],
    }


def _steps(panel: Panel) -> list[dict[str, Any]]:
    if panel.bad_to is not None:
        return [{"color": "red", "value": None}, {"color": "green", "value": panel.bad_to}]
    if panel.bad_from is not None:
        return [{"color": "green", "value": None}, {"color": "red", "value": panel.bad_from}]
    return [{"color": "green", "value": None}]


def rendered() -> str:
    """The file's content."""
    return json.dumps(dashboard(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), encoding="utf-8")
