"""The rules say what they promise, each leads to an entry of the runbook, and no name is stale."""

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from services.alerts.metrics import Metrics as AlertsMetrics
from services.archive.domain.search import Status as RecordStatus
from services.archive.metrics import Metrics as ArchiveMetrics
from services.checkin.metrics import Metrics as CheckinMetrics
from shared.health import Health
from shared.metrics import ConsumerLag, DiskSpace, HealthChecks
from tests.contract.deploy_compose import ROOT
from tests.contract.deploy_tools import program

PROMETHEUS = ROOT / "deploy" / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RULE_TESTS = sorted((PROMETHEUS / "tests").glob("*.yml"))
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboards" / "ronda.json"
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
SUFFIXES = {
    "counter": ("_total", "_created"),
    "gauge": ("",),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "info": ("_info",),
}

FREE_LABELS = {
    *("job", "instance"),
    *("topic", "partition", "check", "channel", "version", "operation", "to"),
}
"""Said by the scrape, or by what a deployment has."""


def _rules() -> list[dict[str, Any]]:
    return [
        rule
        for file in RULES
        for group in yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    ]


def _families() -> Iterator[Metric]:
    for made in (CheckinMetrics, AlertsMetrics, ArchiveMetrics):
        registry = CollectorRegistry()
        instruments = made(registry)
        if isinstance(instruments, AlertsMetrics):
            instruments.begin_channels(["posko"])
        yield from registry.collect()
    registry = CollectorRegistry()
    yield from ConsumerLag({}, registry).collect()
    yield from HealthChecks(Health(), registry).collect()
    yield from DiskSpace(registry).collect()


def _known() -> set[str]:
    """Every name that a scrape of the three services may show."""
    return {family.name + suffix for family in _families() for suffix in SUFFIXES[str(family.type)]}


def _labels() -> dict[str, dict[str, set[str]]]:
    """By series' name, the values that a label can have by the code; empty where a plan, a topic
    or the scrape says them."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in _families():
        values: dict[str, set[str]] = {}
        for sample in family.samples:
            for label, value in sample.labels.items():
                values.setdefault(label, set()).add(value)
        for suffix in SUFFIXES[str(family.type)]:
            found[family.name + suffix] = values
    found["ronda_archive_records_total"] = {"status": set(get_args(RecordStatus))}
    return found


def _misfits(text: str) -> list[str]:
    """Selectors whose label no such series has, or has never with that value."""
    known, wrong = _labels(), []
    for name, selectors in re.findall(r"\b(ronda_[a-z0-9_]+)\{([^}]*)\}", text):
        for label, sign, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', selectors):
            if label in FREE_LABELS:
                continue
            values = known[name].get(label, set())
            exact = sign in {"=", "!="}
            if not any(value == one if exact else re.fullmatch(value, one) for one in values):
                wrong.append(f"{name}{{{label}{sign}{value!r}}}")
    return wrong


def _ours(text: str) -> set[str]:
    return set(re.findall(r"\bronda_[a-z0-9_]+", text)) - {"ronda_owner"}


def _entries() -> dict[str, str]:
    """The runbook's entries by title."""
    parts = re.split(r"^## (\w+)$", RUNBOOK, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def _run(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [str(program(name)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


@pytest.mark.timeout(300)
def test_prometheus_takes_its_settings_and_its_rules() -> None:
    checked = _run("promtool", "check", "config", PROMETHEUS / "prometheus.yml")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("rules found") == len(RULES)


@pytest.mark.timeout(300)
def test_each_rule_fires_when_it_should_and_not_before() -> None:
    tested = _run("promtool", "test", "rules", *RULE_TESTS)
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.timeout(300)
def test_the_rules_tests_find_a_threshold_that_was_moved(tmp_path: Path) -> None:
    text = (PROMETHEUS / "rules" / "alerts.yml").read_text(encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "rules" / "alerts.yml").write_text(
        text.replace("max(ronda_barrier_age_seconds) > 60", "max(ronda_barrier_age_seconds) > 600")
    )
    moved = tmp_path / "tests" / "alerts.yml"
    moved.write_text((PROMETHEUS / "tests" / "alerts.yml").read_text(encoding="utf-8"))
    tested = _run("promtool", "test", "rules", moved)
    assert tested.returncode == 1
    assert "BarrierStuck" in tested.stdout + tested.stderr


@pytest.mark.parametrize("rule", _rules(), ids=lambda rule: str(rule["alert"]))
def test_each_rule_is_tested_has_an_entry_and_says_when_to_wake_somebody(
    rule: dict[str, Any],
) -> None:
    name = rule["alert"]
    assert rule["labels"]["urgency"] in {"now", "morning", "heartbeat"}
    assert rule["annotations"]["summary"]
    assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{name.lower()}"
    entry = _entries()[name]
    for part in ("**For the night**", "**First look**", "**Do**", "**Wake**"):
        assert part in entry or name == "Watchdog", part
    urgent = rule["labels"]["urgency"] == "now"
    wake = entry.rpartition("**Wake**: ")[2]
    assert wake.startswith("now" if urgent else "morning") or name == "Watchdog"
    fires = [
        case
        for file in RULE_TESTS
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]
        for case in test["alert_rule_test"]
        if case["alertname"] == name
    ]
    assert any(case["exp_alerts"] for case in fires), "no test sees it fire"
    assert any(not case["exp_alerts"] for case in fires) or name in {"Watchdog"}, "nor be silent"


def test_the_runbook_has_no_entry_for_a_rule_that_is_gone() -> None:
    assert _entries().keys() == {rule["alert"] for rule in _rules()}


@pytest.mark.parametrize("file", [*RULES, *RULE_TESTS, DASHBOARD], ids=lambda file: str(file.name))
def test_rules_and_dashboard_name_only_metrics_that_there_are(file: Path) -> None:
    names = _ours(file.read_text(encoding="utf-8"))
    assert names, "it looks at nothing of ours"
    assert names <= _known()


@pytest.mark.parametrize("file", [*RULES, *RULE_TESTS], ids=lambda file: str(file.name))
def test_rules_ask_for_label_values_that_the_code_gives(file: Path) -> None:
    assert _misfits(file.read_text(encoding="utf-8")) == []


def test_the_dashboard_asks_for_label_values_that_the_code_gives() -> None:
    assert _misfits("\n".join(_queries())) == []


@pytest.mark.parametrize(
    "stale",
    [
        'ronda_pages_total{result="failure"}',
        'ronda_ingest_answers_total{status=~"6.."}',
        'ronda_ingest_quarantined_events_total{doubt="revoked"}',
        'ronda_timer_lateness_seconds_bucket{le="4.0"}',
        'ronda_archive_records_total{topic="x", status="contradiction"}',
    ],
)
def test_a_stale_label_value_would_be_found(stale: str) -> None:
    assert len(_misfits(f"rate({stale}[5m])")) == 1


def test_the_runbook_names_only_metrics_that_there_are() -> None:
    # People say the name of a histogram, not of one of its series.
    histograms = {family.name for family in _families() if family.type == "histogram"}
    assert _ours(RUNBOOK) <= _known() | histograms


def test_a_stale_name_would_be_found() -> None:
    assert not _ours('rate(ronda_ingest_answer_total{status="202"}[1m])') <= _known()


def test_the_dashboard_is_what_its_script_writes() -> None:
    script = runpy.run_path(str(ROOT / "deploy" / "grafana" / "make.py"))
    assert DASHBOARD.read_text(encoding="utf-8") == script["rendered"]()


def _queries() -> list[str]:
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    return [target["expr"] for panel in panels for target in panel.get("targets", [])]


def test_the_dashboard_asks_prometheus_what_it_understands(tmp_path: Path) -> None:
    queries = _queries()
    assert len(queries) > 20
    rules = [{"record": f"panel:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = _run("promtool", "check", "rules", "--lint=none", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_heartbeat_is_heard_at_every_tick() -> None:
    settings = yaml.safe_load((ROOT / "deploy/alertmanager/alertmanager.yml").read_text("utf-8"))
    (route,) = [each for each in settings["route"]["routes"] if each["receiver"] == "heartbeat"]
    assert route["group_interval"] == "1m"
    assert int(route["repeat_interval"].removesuffix("s")) < 60


@pytest.mark.timeout(300)
def test_the_heartbeat_goes_its_own_way_and_everything_else_to_ops(tmp_path: Path) -> None:
    settings = ROOT / "deploy" / "alertmanager" / "alertmanager.yml"
    # Debian 12's amtool is older than `url_file`; the rest of the file is checked as it is.
    text = re.sub(r"url_file: \S+", "url: http://127.0.0.1:9/", settings.read_text("utf-8"))
    file = tmp_path / "alertmanager.yml"
    file.write_text(text)
    checked = _run("amtool", "check-config", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    for urgency, receiver in {"heartbeat": "heartbeat", "now": "ops", "morning": "ops"}.items():
        routed = _run(
            "amtool", "config", "routes", "test", f"--config.file={file}", f"urgency={urgency}"
        )
        assert routed.stdout.strip() == receiver
