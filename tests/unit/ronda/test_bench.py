"""The arithmetic of the benchmarks, what they send, and how they show what they found."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from typer.testing import CliRunner

from ronda.bench import chart, traffic
from ronda.bench.answers import Answers
from ronda.bench.figures import BenchError, Figure, Pair, Sample, Timing, percentile
from ronda.bench.growth import Log
from ronda.bench.load import Order, requests
from ronda.bench.machine import Machine, model_name
from ronda.bench.plan import bench_plan
from ronda.bench.processes import Stat, family, parse_rss_mb, parse_stat
from ronda.bench.report import Run, to_json, to_markdown
from ronda.bench.run import steps
from ronda.cli import application
from shared.events.registry import check_data, decode_envelope
from shared.plan.geometry import distance_m

NOW = datetime(2026, 11, 23, 21, 0, tzinfo=UTC)


def _sample(
    rate: float, *, p50_ms: float | None = None, database_us: float | None = None
) -> Sample:
    return Sample(
        events=1000,
        rate=rate,
        cpu_us=50.0,
        rss_mb=60.0,
        p50_ms=p50_ms,
        p99_ms=None if p50_ms is None else p50_ms * 4,
        database_us=database_us,
    )


def _rates(*pairs: tuple[float, float], goal: float = 0.5) -> Figure:
    return Figure(
        name="ingest",
        title="Ingest <one> & all",
        measure="rate",
        goal=goal,
        pairs=[Pair(ours=_sample(ours), floor=_sample(floor)) for ours, floor in pairs],
    )


def _latencies(*pairs: tuple[float, float]) -> Figure:
    return Figure(
        name="report",
        title="Report to webhook",
        measure="p50_ms",
        goal=3.0,
        pairs=[
            Pair(ours=_sample(10, p50_ms=ours), floor=_sample(10, p50_ms=floor))
            for ours, floor in pairs
        ],
    )


def _run(*figures: Figure) -> Run:
    machine = Machine(
        cores=2,
        processor="Example 9000",
        memory_gib=24.0,
        system="Linux 6.18",
        load=0.4,
        versions={"Python": "3.11.7", "Kafka": "4.4.0"},
    )
    return Run(command="ronda bench all", at=NOW, machine=machine, figures=list(figures))


def test_the_ratio_is_the_median_of_the_pairs_and_not_the_ratio_of_the_medians() -> None:
    figure = _rates((10, 20), (30, 30), (80, 100))
    assert figure.ratios == [0.5, 1.0, 0.8]
    assert figure.ratio == 0.8
    assert figure.middle("ours").rate / figure.middle("floor").rate == 1.0


def test_a_rate_reaches_its_goal_from_above_and_a_latency_from_below() -> None:
    assert _rates((50, 100)).is_reached
    assert not _rates((49, 100)).is_reached
    assert _latencies((15, 5)).is_reached
    assert not _latencies((16, 5)).is_reached


def test_a_side_without_what_is_compared_is_an_error_and_no_infinite_ratio() -> None:
    with pytest.raises(BenchError, match="rate"):
        _ = _rates((10, 0)).ratios
    unmeasured = Pair(ours=_sample(10), floor=_sample(10))
    with pytest.raises(BenchError, match="p50_ms"):
        _ = msgspec.structs.replace(_latencies(), pairs=[unmeasured]).ratios


def test_what_no_side_measured_stays_unknown_in_the_median() -> None:
    middle = _rates((1, 2), (3, 4)).middle("ours")
    assert middle.p50_ms is None
    assert middle.database_us is None
    assert _latencies((1, 2), (3, 4)).middle("floor").p50_ms == 3


def test_percentiles_are_values_that_occurred() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert percentile(values, 0.5) == 3.0
    assert percentile(values, 0.99) == 5.0
    assert percentile([7.0], 0.5) == 7.0
    with pytest.raises(BenchError, match="nothing was measured"):
        percentile([], 0.5)


def test_cpu_time_is_read_behind_a_program_name_with_spaces_and_parentheses() -> None:
    rest = "S 41 7 7 0 -1 4194560 9 8 7 6 150 50 20 5 20 0 1 0 99"
    assert parse_stat(f"42 (postgres: (a) b) {rest}\n") == Stat(pid=42, parent=41, ticks=225)


def test_a_family_is_a_process_and_all_below_it() -> None:
    stats = [Stat(3, 2, 1), Stat(2, 1, 1), Stat(1, 0, 1), Stat(9, 1, 1), Stat(4, 3, 1)]
    assert {stat.pid for stat in family(stats, 2)} == {2, 3, 4}
    assert family(stats, 77) == []


def test_memory_is_megabytes_and_nothing_for_a_process_that_has_ended() -> None:
    assert parse_rss_mb("Name:\tx\nVmRSS:\t   61440 kB\n") == 60.0
    assert parse_rss_mb("Name:\tx\nState:\tZ (zombie)\n") == 0.0


def test_an_answer_ends_with_its_body_however_the_bytes_are_cut() -> None:
    answer = b"HTTP/1.1 202 Accepted\r\nContent-Type: a\r\nContent-Length: 5\r\n\r\nhello"
    for cut in range(1, len(answer)):
        answers = Answers()
        assert answers.feed(answer[:cut]) is None
        assert answers.feed(answer[cut:]) == 202


def test_an_answer_without_a_body_is_complete_and_the_next_one_starts_anew() -> None:
    answers = Answers()
    assert answers.feed(b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\r\n") == 503
    assert answers.feed(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n") == 202


def test_an_order_of_a_number_of_events_sends_each_once() -> None:
    order = Order(port=1, kind="visit", batch=True, connections=1, seconds=1, events=1_100)
    bodies = [request.partition(b"\r\n\r\n")[2] for request in requests(order, "t")]
    ids = [msgspec.json.decode(line)["id"] for body in bodies for line in body.split(b"\n")]
    assert [body.count(b"\n") + 1 for body in bodies] == [500, 500, 100]
    assert len(set(ids)) == 1_100


def test_a_request_tells_its_length_and_what_is_sent_is_valid() -> None:
    event = traffic.report(3, NOW, "site-3")
    head, _, body = traffic.single("secret", event).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Authorization: Bearer secret" in head
    for made in (event, traffic.position(3, NOW), traffic.visit(3, NOW)):
        check_data(made["type"], msgspec.Raw(msgspec.json.encode(made["data"])))


def test_the_sites_of_the_plan_lie_too_far_apart_for_two_reports_to_be_one_happening() -> None:
    plan = bench_plan(sites=300, webhook="http://127.0.0.1:9/page")
    first = plan.sites[0]
    nearest = min(distance_m(first, other) for other in plan.sites[1:])
    assert nearest > 1_000
    assert len({site.id for site in plan.sites}) == 300


def test_every_severity_has_a_chain_of_one_page_to_the_webhook() -> None:
    plan = bench_plan(sites=1, webhook="http://127.0.0.1:9/page")
    assert set(plan.policy_by_severity) == {"rendah", "sedang", "tinggi", "kritis"}
    assert [len(policy.steps) for policy in plan.policies] == [1]
    post = plan.post("posko", plan.sites[0].unit)
    assert post is not None
    assert [plan.channel_by_id[contact.channel].kind for contact in post.contacts] == ["webhook"]


def test_the_table_has_ratios_goals_the_machine_and_the_command() -> None:
    table = to_markdown(_run(_rates((50, 100), (60, 100)), _latencies((20, 5))))
    assert "**0.55** (0.50, 0.60) | ≥ 0.5, reached" in table
    assert "**4.00** (4.00) | ≤ 3, not reached" in table
    assert "55 events/s" in table
    assert "p50 20.0 ms, p99 80.0 ms" in table
    assert "`ronda bench all`, 2026-11-23 21:00 UTC, 2 cores of Example 9000" in table


def test_the_cpu_of_the_database_is_told_where_there_is_one() -> None:
    pair = Pair(ours=_sample(1, database_us=12.5), floor=_sample(2, database_us=9.0))
    table = to_markdown(_run(msgspec.structs.replace(_rates(), pairs=[pair])))
    assert "50.0 + 12.5 PostgreSQL µs / 50.0 + 9.0 PostgreSQL µs" in table


def test_the_json_holds_the_pairs_and_what_was_computed_of_them() -> None:
    figure = msgspec.json.decode(to_json(_run(_rates((50, 100), (70, 100)))))["figures"][0]
    assert figure["ratio"] == 0.6
    assert figure["ratios"] == [0.5, 0.7]
    assert figure["is_reached"] is True
    assert figure["ours"]["rate"] == 60
    assert len(figure["pairs"]) == 2


def test_the_chart_is_well_formed_and_its_bars_are_in_proportion() -> None:
    text = chart.draw([_rates((50, 100)), _latencies((20, 5))])
    drawn = ET.fromstring(text)  # noqa: S314 - we wrote it
    bars = [
        (bar.get("class"), int(bar.get("width", "0"))) for bar in drawn.iter() if "rect" in bar.tag
    ]
    longest = chart.bar_width(1, 1)
    assert bars == [
        ("ours", round(longest / 2)),
        ("floor", longest),
        ("ours", longest),
        ("floor", round(longest / 4)),
    ]


def test_the_chart_tells_values_units_ratios_and_runs_nothing() -> None:
    text = chart.draw([_rates((50, 100)), _latencies((20, 5))])
    for words in ("50 events/s", "p50 20.0 ms", "ratio 4.00 (goal ≤ 3, not reached; shorter is"):
        assert words in text
    assert "Ingest &lt;one&gt; &amp; all" in text
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text


def test_the_processor_is_named_where_the_system_names_it() -> None:
    assert model_name("processor\t: 0\nmodel name\t: Example 9000\n") == "Example 9000"
    assert model_name("processor\t: 0\n") == "unknown"


def test_the_bar_ends_where_the_work_does() -> None:
    assert steps(["ingest"], 3) == 1 + 1 + 2 * (1 + 3)
    assert steps(["ingest", "archive", "alert"], 1) == 1 + 5 + 2 + 1
    assert steps(["growth"], 4) == 1 + 2 + 4
    assert steps(["read", "verify"], 2) == 1 + (1 + 7 * 2) + (1 + 2)


def test_an_archive_grows_by_a_log_without_holes_whose_events_are_all_different() -> None:
    log = Log(datetime(2026, 11, 23, tzinfo=UTC))
    records = [*log.records(1_200), *log.records(600)]
    places = {(record.partition, record.offset) for record in records}
    assert places == {(partition, offset) for partition in range(6) for offset in range(300)}
    events = [decode_envelope(record.value) for record in records]
    assert len({event.id for event in events}) == log.made == len(events)
    late = [event for event in events if event.receivedtime and event.id < events[0].id]
    assert 0 < len(late) < len(events) // 4


def test_a_bench_without_bounds_is_refused() -> None:
    for arguments in (["--pairs", "0"], ["--seconds", "3600"], ["--events", "10"], ["nothing"]):
        assert CliRunner().invoke(application(), ["bench", *arguments]).exit_code == 2


def test_a_time_is_held_to_its_goal_by_the_median_of_its_rounds() -> None:
    day = Timing(name="read", title="A day", unit="ms", goal=50, rounds=[20, 90, 40])
    rate = Timing(name="verify", title="All", unit="records/s", goal=50_000, rounds=[60_000, 9])
    assert (day.middle, day.is_reached, rate.is_reached) == (40, True, False)
    run = msgspec.structs.replace(_run(), timings=[day, rate])
    assert "| A day | **40 ms** | 20 to 90, 3 rounds | ≤ 50, reached |" in to_markdown(run)
    assert "ratio" not in to_markdown(run)
    assert [each["is_reached"] for each in msgspec.json.decode(to_json(run))["timings"]] == [
        True,
        False,
    ]


def test_a_log_for_reading_gives_each_site_its_day_and_restricts_some() -> None:
    log = Log(NOW, every=timedelta(minutes=1), restricted=3)
    events = [decode_envelope(record.value) for record in log.records(6)]
    assert sum(event.restrictedto == "commander" for event in events) == 2
