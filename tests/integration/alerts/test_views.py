"""What the board shows around the alerts, and the board itself."""

from datetime import UTC, datetime, timedelta

import httpx
import msgspec
from msgspec.structs import replace

from services.alerts.ports import Duty
from shared.events.alert import Dispatch
from shared.events.patrol import Fix
from shared.events.task_samples import VULNERABILITY
from shared.plan.model import Operation
from tests.builders import KPU, POLRES, POLSEK, WAREHOUSE, a_plan, a_site
from tests.contract.alert_rows import NOW, a_visit, an_alert, id_of
from tests.integration.alerts.board import Board, is_problem, keep

NEIGHBOUR = "polda-jatim/polres-lamongan"


# What is around


async def test_sites_that_did_not_change_are_not_sent_again(
    board: Board, siti: httpx.AsyncClient
) -> None:
    first = await siti.get("/v1/sites")
    known = {"If-None-Match": first.headers["etag"]}
    again = await siti.get("/v1/sites", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    compressed = {"If-None-Match": f"W/{first.headers['etag']}"}
    assert (await siti.get("/v1/sites", headers=compressed)).status_code == 304
    await keep(board, an_alert(unit=POLRES))
    changed = await siti.get("/v1/sites", headers=known)
    assert changed.status_code == 200
    assert changed.json() != first.json()
    assert changed.headers["etag"] != first.headers["etag"]
    # What a session saw stays on no disk.
    assert changed.headers["cache-control"] == again.headers["cache-control"] == "no-store"


async def test_one_viewers_tag_is_not_anothers(board: Board, siti: httpx.AsyncClient) -> None:
    board.plans.plan = a_plan(sites=[a_site(), a_site(KPU, unit=POLSEK)])
    first = await siti.get("/v1/sites")
    below = {"Authorization": f"Bearer {board.token('operator', POLSEK)}"}
    other = await siti.get("/v1/sites", headers=below | {"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert [each["id"] for each in other.json()["items"]] == [KPU]


async def test_open_alerts_are_listed_without_the_closed_ones(
    board: Board, siti: httpx.AsyncClient
) -> None:
    closed = an_alert("closed", unit=POLRES, state="closed", closed_at=NOW)
    await keep(board, an_alert("open", unit=POLRES), closed)
    answer = await siti.get("/v1/alerts")
    assert [item["id"] for item in answer.json()["items"]] == [id_of("open")]
    assert answer.headers["cache-control"] == "no-store"
    everything = await siti.get("/v1/alerts", params={"state": "all"})
    assert {item["id"] for item in everything.json()["items"]} == {id_of("open"), id_of("closed")}


async def test_a_crew_that_helps_a_neighbour_is_busy_elsewhere(
    board: Board, siti: httpx.AsyncClient
) -> None:
    sent = Dispatch(crew="R-21", at=NOW, by="Ipda Tetangga")
    await keep(board, an_alert(unit=NEIGHBOUR, dispatches=[sent]))
    async with board.store.transaction() as transaction:
        await transaction.save_duty(Duty(crew="R-21", unit=POLRES, since=NOW, members=("p-1",)))
    board.plans.plan = a_plan(
        operation=Operation(
            id="uji", name="Uji", timezone="Asia/Jakarta", unit=POLRES.rpartition("/")[0]
        )
    )
    [crew] = (await siti.get("/v1/units")).json()["items"]
    assert crew["busy_with"] == "elsewhere"


async def test_units_show_where_crews_are_and_what_keeps_them_busy(
    board: Board, siti: httpx.AsyncClient
) -> None:
    at = NOW + timedelta(minutes=3)
    sent = Dispatch(crew="R-21", at=NOW, by="Ipda Siti")
    refused = Dispatch(crew="R-07", at=NOW, by="Ipda Siti", declined_at=at)
    await keep(board, an_alert(unit=POLRES, dispatches=[sent, refused]))
    async with board.store.transaction() as transaction:
        for crew, unit in (("R-21", POLRES), ("R-07", POLSEK), ("L-01", NEIGHBOUR)):
            await transaction.save_duty(Duty(crew=crew, unit=unit, since=NOW, members=("p-1",)))
        await transaction.move("R-21", Fix(lat=-6.9, lon=112.1), at)
    items = (await siti.get("/v1/units")).json()["items"]
    assert items == [
        {
            "crew": "R-07",
            "unit": POLSEK,
            "on_duty_since": "2024-02-12T20:00:00Z",
            "members": ["p-1"],
            "position": None,
            "busy_with": None,
            "nudge": None,
        },
        {
            "crew": "R-21",
            "unit": POLRES,
            "on_duty_since": "2024-02-12T20:00:00Z",
            "members": ["p-1"],
            "position": {"lat": -6.9, "lon": 112.1, "at": "2024-02-12T20:03:00Z"},
            "busy_with": an_alert().id,
            "nudge": None,
        },
    ]


async def test_a_crew_is_asked_over_http_and_shown_with_what_it_was_asked(
    board: Board, siti: httpx.AsyncClient
) -> None:
    async with board.store.transaction() as transaction:
        for crew, unit in (("R 21", POLRES), ("L-01", NEIGHBOUR)):
            await transaction.save_duty(Duty(crew=crew, unit=unit, since=NOW, members=("p-1",)))
    asked = await siti.post("/v1/units/R%2021/nudge", json={"key": "k", "text": "Aman?"})
    assert asked.status_code == 201, asked.text
    [crew] = (await siti.get("/v1/units")).json()["items"]
    assert crew["nudge"] == asked.json()
    assert is_problem(await siti.post("/v1/units/R%2021/nudge", json={"key": "l"}), 409)
    assert is_problem(await siti.post("/v1/units/L-01/nudge", json={"key": "k"}), 404)
    assert is_problem(await siti.post("/v1/units/L-01/nudge", json={"key": ""}), 400)
    # A question of an earlier duty is over with it.
    later = Duty(crew="R 21", unit=POLRES, since=datetime.now(UTC), members=("p-1",))
    async with board.store.transaction() as transaction:
        await transaction.save_duty(later)
    [crew] = (await siti.get("/v1/units")).json()["items"]
    assert crew["nudge"] is None


async def test_sites_stand_as_their_alerts_and_their_last_sign_say(
    board: Board, siti: httpx.AsyncClient
) -> None:
    now = datetime.now(UTC)
    await keep(board, an_alert(site=WAREHOUSE, unit=POLRES, raised_at=now))
    async with board.store.transaction() as transaction:
        await transaction.seen(KPU, now, "aman")
    answer = await siti.get("/v1/sites")
    stands = {item["id"]: item["status"] for item in answer.json()["items"]}
    assert stands == {WAREHOUSE: "gangguan", KPU: "aman"}
    [site] = [item for item in answer.json()["items"] if item["id"] == KPU]
    assert set(site) == {
        *("id", "name", "type", "risk_class", "unit", "lat", "lon", "district", "status", "since"),
        *("risk", "flags", "visits"),
    }


async def test_a_site_says_what_speaks_against_it_and_how_much(
    board: Board, siti: httpx.AsyncClient
) -> None:
    now = datetime.now(UTC)
    missed = an_alert("missed", kind="visit_missed", site=WAREHOUSE, unit=POLRES, raised_at=now)
    weak = replace(VULNERABILITY, unit=POLRES, site=WAREHOUSE, text="CCTV buta", state="overdue")
    await keep(board, missed)
    async with board.store.transaction() as transaction:
        await transaction.save_task(weak)
    sites = {item["id"]: item for item in (await siti.get("/v1/sites")).json()["items"]}
    assert sites[WAREHOUSE]["flags"] == ["visit_missed", "vulnerability", "task_overdue"]
    risk = sites[WAREHOUSE]["risk"]
    assert risk["score"] == sum(reason["weight"] for reason in risk["reasons"])
    assert risk["score"] > 8 + 10 + 8
    assert sites[KPU]["risk"]["band"] == "rendah"
    said = [reason["id"] for reason in sites[WAREHOUSE]["risk"]["reasons"]]
    assert said[0] == "Kelas rawan"
    assert "Kerawanan: CCTV buta" in said
    assert sites[KPU]["flags"] == []


async def test_visits_are_those_around_now(board: Board, siti: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    async with board.store.transaction() as transaction:
        await transaction.add_visits(
            [
                a_visit("soon", due_at=now + timedelta(hours=1)),
                a_visit("long ago", due_at=now - timedelta(days=2)),
            ]
        )
    items = (await siti.get("/v1/visits")).json()["items"]
    assert [item["id"] for item in items] == [id_of("soon")]


async def test_the_situation_names_the_operation_its_unit_the_categories_and_kinds_of_sites(
    board: Board, siti: httpx.AsyncClient
) -> None:
    board.plans.situation = msgspec.structs.replace(board.plans.situation, phase="campaign")
    situation = (await siti.get("/v1/situation")).json()
    categories = situation.pop("categories")
    assert board.plans.plan is not None
    assert situation.pop("site_types") == [
        {"id": each.id, "label": each.label, "label_en": each.label_en}
        for each in board.plans.plan.site_types
    ]
    assert situation == {
        "logistics_stage": None,
        "purpose": None,
        "overrides": [],
        "may_change": False,
        "operation": "contoh-tuban",
        "unit": POLRES,
        "unit_name": "Polres Contoh",
        "phase": "campaign",
        "phase_name": "campaign",
        "timezone": "Asia/Jakarta",
        "plan_version": "1",
        "map_url": None,
        "map_tiles_url": None,
        "records_url": "http://arsip.test",
    }
    fire = {"id": "fire", "label": "fire", "label_en": "fire", "family": "fire"}
    assert fire in categories


async def test_without_a_plan_the_board_is_told_how_to_get_one(
    board: Board, siti: httpx.AsyncClient
) -> None:
    board.plans.plan = None
    for path in ("/v1/situation", "/v1/sites"):
        answer = await siti.get(path)
        assert is_problem(answer, 503)
        assert "ronda plan apply" in answer.json()["detail"]
    assert (await siti.get("/v1/units")).status_code == 200


# The page


async def test_a_page_that_is_not_built_says_how_to_build_it(nobody: httpx.AsyncClient) -> None:
    answer = await nobody.get("/board/")
    assert is_problem(answer, 404)
    assert "./run pages" in answer.json()["detail"]


async def test_the_page_is_served_under_a_strict_policy(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    (board.pages / "assets").mkdir(parents=True)
    (board.pages / "index.html").write_text("<!doctype html><title>Ronda</title>")
    (board.pages / "assets" / "index-abc123.js").write_text("export {}")
    page = await nobody.get("/board/")
    assert page.text.startswith("<!doctype html>")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    for rule in (
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ):
        assert rule in policy
    assert "unsafe" not in policy
    assert page.headers["cache-control"] == "no-cache"
    script = await nobody.get("/board/assets/index-abc123.js")
    assert "javascript" in script.headers["content-type"]
    assert "immutable" in script.headers["cache-control"]


async def test_the_way_to_the_page_ends_with_a_slash(
    board: Board, nobody: httpx.AsyncClient
) -> None:
    board.pages.mkdir()
    (board.pages / "index.html").write_text("<!doctype html>")
    for path in ("/", "/board"):
        answer = await nobody.get(path)
        assert (answer.is_redirect, answer.headers["location"]) == (True, "/board/")


async def test_no_path_leads_out_of_the_page(board: Board, nobody: httpx.AsyncClient) -> None:
    board.pages.mkdir()
    (board.pages.parent / "hidden").write_text("the secret")
    for path in (
        "/board/../hidden",
        "/board/%2e%2e/hidden",
        "/board/..%2fhidden",
        "/board//etc/hosts",
    ):
        answer = await nobody.get(path)
        assert is_problem(answer, 404)
        assert "the secret" not in answer.text
