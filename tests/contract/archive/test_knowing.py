"""Who may know, held against the fake and against real PostgreSQL."""

from itertools import permutations, product
from random import Random
from typing import Any

import pytest

from services.archive.domain.kept import Batch
from services.archive.domain.search import Rights
from shared.auth import ROLES
from shared.events.media import media_id
from tests.contract.archive.test_store import Archive, archive, memory, postgres
from tests.unit.archive.builders import UNIT, a_batch, an_event, an_id

__all__ = ["archive", "memory", "postgres"]

SOKO, REMBES = f"{UNIT}/polsek-soko", f"{UNIT}/polsek-rembes"
POST = f"{SOKO}/pos"
HASH = "ab" * 32
RULES: dict[str, dict[str, Any]] = {
    "open": {},
    "hidden": {"hiddenfrom": SOKO},
    "named": {"restrictedto": "commander"},
    "both": {"restrictedto": "commander,supervisor", "hiddenfrom": SOKO},
}


def asking(role: str | None, unit: str = UNIT) -> Rights:
    return Rights(unit, sees_unitless=False, tracks=True, role=role, is_top=unit == UNIT)


def a_report(name: str, *, media: list[str] | None = None, **stamps: Any) -> bytes:
    data = {"category": "x", "media": media or []}
    return an_event(name, type="ronda.incident.reported.v1", unit=SOKO, data=data, **stamps)


def a_photo(unit: str = SOKO) -> bytes:
    data = {"sha256": HASH}
    return an_event("photo", id=media_id(HASH), type="ronda.media.stored.v1", unit=unit, data=data)


def an_alert(name: str, report: str, restricted: dict[str, Any] | None) -> bytes:
    data = {
        "id": an_id("alert"),
        "restricted": restricted,
        "parts": [{"event": an_id(report), "media": [HASH]}],
    }
    return an_event(name, type="ronda.alert.raised.v1", unit=SOKO, data=data)


def an_answer(name: str) -> bytes:
    data = {"alert": an_id("alert"), "crew": "R-1"}
    return an_event(name, type="ronda.dispatch.accepted.v1", unit=SOKO, data=data)


def a_call_for_backup(name: str, after: str) -> bytes:
    data = {"incident": an_id(after), "text": "bantu"}
    return an_event(name, type="ronda.backup.requested.v1", unit=SOKO, data=data)


ACCUSES = {"roles": ["commander"], "hidden_from": [SOKO]}


def covers(viewer: str, unit: str) -> bool:
    return unit.split("/")[: len(viewer.split("/"))] == viewer.split("/")


@pytest.mark.parametrize("rule", RULES)
async def test_a_report_is_there_for_those_alone_who_may_know_of_it(
    archive: Archive, rule: str
) -> None:
    """Every role in every unit, by what the record's own words say."""
    await archive.keep(a_batch(a_report("report", **RULES[rule]), topic="ronda.incident"))
    roles = RULES[rule].get("restrictedto", ",".join(ROLES)).split(",")
    seen = set()
    for role, unit in product(ROLES, (UNIT, SOKO, POST, REMBES)):
        by_role = role in roles or role == "auditor"
        accused = "hiddenfrom" in RULES[rule] and covers(SOKO, unit)
        expected = covers(unit, SOKO) and by_role and not accused
        found = await archive.found(asking(role, unit))
        assert [each.id for each in found] == [an_id("report")] * expected, (role, unit)
        seen |= {(role, unit)} if expected else set()
    assert ("auditor", UNIT) in seen
    assert (("operator", SOKO) in seen) == (rule == "open")
    assert len(await archive.found(asking(None, SOKO))) == 1


STORY = {
    "photo": (a_photo(), "ronda.media"),
    "report": (a_report("report", media=[HASH], hiddenfrom=SOKO), "ronda.incident"),
    "alert": (an_alert("raised", "report", ACCUSES), "ronda.alert"),
    "answer": (an_answer("answer"), "ronda.patrol"),
    "backup": (a_call_for_backup("backup", "report"), "ronda.backup"),
}


@pytest.mark.parametrize("order", list(permutations(STORY))[::11])
async def test_in_no_order_of_coming_is_there_a_moment_in_which_the_unit_sees_any_of_it(
    archive: Archive, order: tuple[str, ...]
) -> None:
    """A report, its photo, its alert, a crew's answer and a call for backup come over as many
    topics, which are read independently of each other."""
    for name in order:
        value, topic = STORY[name]
        await archive.keep(a_batch(value, topic=topic))
        for role, unit in product(("operator", "commander", "admin", "auditor"), (SOKO, POST)):
            assert await archive.found(asking(role, unit)) == [], (name, role)
    # Who takes such a report sees all of it, and so does who checks the record.
    for role in ("commander", "auditor"):
        assert len(await archive.found(asking(role))) == len(STORY)
    # The alert's own rule is tighter than its report's.
    assert await archive.found(asking("operator")) == []


async def test_what_accuses_nobody_is_there_once_it_is_known_what_it_belongs_to(
    archive: Archive,
) -> None:
    soko = asking("operator", SOKO)
    await archive.keep(
        a_batch(a_photo(), topic="ronda.media"),
        a_batch(an_answer("answer"), topic="ronda.patrol"),
        a_batch(a_call_for_backup("backup", "report"), topic="ronda.incident"),
    )
    assert await archive.found(soko) == []
    assert len(await archive.found(asking("auditor"))) == 3
    await archive.keep(a_batch(a_report("report", media=[HASH]), first=1, topic="ronda.incident"))
    assert len(await archive.found(soko)) == 3
    await archive.keep(a_batch(an_alert("raised", "report", None), topic="ronda.alert"))
    assert len(await archive.found(soko)) == 5


async def test_a_photo_of_two_reports_is_as_restricted_as_the_more_restricted_one(
    archive: Archive,
) -> None:
    await archive.keep(
        a_batch(a_photo(), topic="ronda.media"),
        a_batch(
            a_report("open", media=[HASH]),
            a_report("accusing", media=[HASH], hiddenfrom=SOKO),
            topic="ronda.incident",
        ),
    )
    found = await archive.found(asking("operator", SOKO))
    assert [each.id for each in found] == [an_id("open")]


async def test_an_alert_that_becomes_restricted_is_gone_with_all_that_was_seen_of_it(
    archive: Archive,
) -> None:
    soko = asking("operator", SOKO)
    await archive.keep(
        a_batch(a_report("report"), topic="ronda.incident"),
        a_batch(an_alert("raised", "report", None), topic="ronda.alert"),
    )
    assert len(await archive.found(soko)) == 2
    await archive.keep(a_batch(an_alert("joined", "report", ACCUSES), first=1, topic="ronda.alert"))
    assert await archive.found(soko) == []
    assert len(await archive.found(asking("commander"))) == 3


@pytest.mark.parametrize("restricted", [None, ACCUSES])
async def test_a_report_that_no_plan_could_judge_is_shown_as_the_alert_that_has_it(
    archive: Archive, restricted: dict[str, Any] | None
) -> None:
    unjudged: dict[str, Any] = {"restrictedto": "auditor", "hiddenfrom": SOKO}
    await archive.keep(
        a_batch(
            a_report("report", media=[HASH], **unjudged),
            a_report("other", **unjudged),
            topic="ronda.incident",
        ),
        a_batch(a_photo(), topic="ronda.media"),
    )
    assert await archive.found(asking("commander")) == []
    await archive.keep(a_batch(an_alert("raised", "report", restricted), topic="ronda.alert"))
    shown = {an_id("raised"), an_id("report"), media_id(HASH)}
    assert {each.id for each in await archive.found(asking("commander"))} == shown
    soko = {each.id for each in await archive.found(asking("operator", SOKO))}
    assert soko == (set() if restricted else shown)


async def test_refused_evidence_and_repeats_are_as_restricted_as_the_report(
    archive: Archive,
) -> None:
    report = a_report("report", hiddenfrom=SOKO)
    aside = a_batch(a_report("forged", hiddenfrom=SOKO), topic="ronda.quarantine", aside=True)
    await archive.keep(a_batch(report, a_report("report"), topic="ronda.incident"), aside)
    assert await archive.found(asking("operator", SOKO)) == []
    assert len(await archive.found(asking("operator"))) == 3


async def test_refused_evidence_makes_no_photo_visible(archive: Archive) -> None:
    forged = a_batch(a_report("forged", media=[HASH]), topic="ronda.quarantine", aside=True)
    await archive.keep(a_batch(a_photo(), topic="ronda.media"), forged)
    assert [each.id for each in await archive.found(asking("operator"))] == [an_id("forged")]


# What an index cannot compress.
_LETTERS = "".join(map(chr, Random(1).choices(range(0x10000, 0x10FFFF), k=999)))


@pytest.mark.parametrize("names", [_LETTERS, ",".join(_LETTERS)], ids=["bytes", "elements"])
async def test_a_rule_that_no_index_has_room_for_is_for_those_who_check_and_stops_nobody(
    archive: Archive, names: str
) -> None:
    long = {"roles": names.split(","), "hidden_from": [SOKO]}
    await archive.keep(
        a_batch(a_report("report", restrictedto=names), topic="ronda.incident"),
        a_batch(an_alert("raised", "report", long), topic="ronda.alert"),
    )
    assert await archive.found(asking("commander")) == []
    assert len(await archive.found(asking("auditor"))) == 2


@pytest.mark.parametrize("data", [{"incident": an_id("report")}, {"incident": 5}])
async def test_a_refused_call_for_backup_is_as_restricted_as_the_report_that_it_names(
    archive: Archive, data: dict[str, Any]
) -> None:
    await archive.keep(a_batch(a_report("report", hiddenfrom=SOKO), topic="ronda.incident"))
    backup = an_event("forged", type="ronda.backup.requested.v1", unit=SOKO, data=data)
    await archive.keep(a_batch(backup, topic="ronda.quarantine", aside=True))
    assert await archive.found(asking("operator", SOKO)) == []
    assert len(await archive.found(asking("auditor"))) == 2


async def test_pages_are_full_and_join_up_whatever_is_left_out(archive: Archive) -> None:
    hidden: dict[str, Any] = {"hiddenfrom": SOKO}
    values = [a_report(f"r{number}", **(hidden if number % 3 else {})) for number in range(30)]
    await archive.keep(a_batch(*values, topic="ronda.incident"))
    seen: list[str | None] = []
    after = None
    while True:
        page = await archive.page(asking("operator", SOKO), after=after, limit=4)
        seen += [each.id for each in page.found]
        if not page.more:
            break
        assert len(page.found) == 4
        after = page.found[-1].place
    assert seen == [an_id(f"r{number}") for number in range(0, 30, 3)]


async def test_an_alert_s_filter_finds_nothing_of_what_may_not_be_known(archive: Archive) -> None:
    batch: Batch = a_batch(an_alert("raised", "report", ACCUSES), topic="ronda.alert")
    await archive.keep(batch)
    assert await archive.found(asking("operator", SOKO), alert=an_id("alert")) == []
    assert await archive.found(asking("operator", SOKO), id=an_id("raised")) == []
    assert len(await archive.found(asking("commander"), alert=an_id("alert"))) == 1


async def test_an_alert_comes_with_its_reports_and_a_report_with_what_belongs_to_it(
    archive: Archive,
) -> None:
    await archive.keep(*(a_batch(value, topic=topic) for value, topic in STORY.values()))
    of_the_report = {an_id("report"), an_id("backup"), media_id(HASH)}
    reader = archive.reader
    assert {*await reader.together([an_id("report")], alert=None)} == of_the_report
    assert {*await reader.together([], alert=an_id("alert"))} == of_the_report
    assert {*await reader.together([an_id("x")], alert=an_id("y"))} == {an_id("x")}
    assert [*await reader.together([], alert=None)] == []
