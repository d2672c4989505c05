"""A plan over the bus: whatever happens between its pieces, every fold ends with the same plan."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from shared.events.envelope import Envelope, Event
from shared.events.plan import PlanPiece, PlanPublished
from shared.events.registry import decode, encode
from shared.plan.model import SECTIONS, Plan
from shared.plan.pieces import (
    MAX_PENDING,
    MAX_PIECE_BYTES,
    PlanFold,
    content_version,
    publication,
    to_events,
)
from shared.topics import MAX_EVENT_BYTES
from tests.unit.plan.plans import rule, site, small_plan

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

plans = st.builds(
    small_plan,
    version=st.sampled_from(["v1", "v2", "v3"]),
    sites=st.lists(
        st.sampled_from(["a", "b", "c"]).map(site), unique_by=lambda site: site.id, max_size=3
    ),
    visit_rules=st.lists(st.sampled_from([rule("pagi", "07:00"), rule("malam", "21:00")])),
)


def events_of(plan: Plan, minutes: int = 0) -> list[Event | Envelope]:
    """A publish as a service reads it: through the record's bytes."""
    published = to_events(plan, NOW + timedelta(minutes=minutes), "/ronda/test", "p-1001")
    return [decode(encode(event)) for event in published]


def folded(events: Sequence[Event | Envelope]) -> PlanFold:
    fold = PlanFold()
    for event in events:
        fold.feed(event)
    return fold


@given(plans)
def test_a_published_plan_comes_back_as_it_was(plan: Plan) -> None:
    fold = folded(events_of(plan))

    assert fold.plan == plan
    assert fold.version == plan.version
    assert not fold.ignored


@given(
    st.lists(st.tuples(plans, st.booleans()), min_size=1, max_size=MAX_PENDING - 1),
    st.randoms(use_true_random=False),
)
def test_the_newest_complete_plan_wins_over_any_muddle_of_publishes(
    publishes: list[tuple[Plan, bool]], random: Random
) -> None:
    lanes = []
    for minute, (plan, interrupted) in enumerate(publishes):
        events = events_of(plan, minute)
        lanes.append(events[: random.randrange(len(events))] if interrupted else events)
    muddle = list(interleaved(lanes, random))

    fold = folded(muddle)

    # One partition keeps each publisher's order, so a closing that came had its pieces before it.
    closings = list(
        {event.id: event for event in muddle if isinstance(event, PlanPublished)}.values()
    )
    if not closings:
        assert fold.plan is None
        return
    newest = next(
        plan
        for minute, (plan, _) in enumerate(publishes)
        if NOW + timedelta(minutes=minute) == closings[-1].time
    )
    assert fold.plan == newest
    assert not fold.ignored


def interleaved(lanes: list[list[Event | Envelope]], random: Random) -> list[Event | Envelope]:
    """Events of several publishers, each in its own order; now and then one is sent again."""
    waiting = [list(lane) for lane in lanes if lane]
    muddle: list[Event | Envelope] = []
    while waiting:
        lane = random.choice(waiting)
        muddle.append(lane.pop(0))
        waiting = [lane for lane in waiting if lane]
        if random.random() < 0.3:
            muddle.append(random.choice(muddle))
    return muddle


def test_an_interrupted_publish_leaves_the_old_plan_in_force() -> None:
    old, new = small_plan(version="old"), small_plan(version="new", sites=[site("lain")])
    fold = folded([*events_of(old), *events_of(new, 1)[:-1]])

    assert fold.version == "old"
    assert not fold.ignored


def test_a_publish_that_is_applied_again_after_an_interruption_succeeds() -> None:
    plan = small_plan()
    fold = folded([*events_of(plan)[:4], *events_of(plan, 1)])

    assert fold.plan == plan


def test_an_older_plan_that_is_applied_again_is_in_force_again() -> None:
    old, new = small_plan(version="old"), small_plan(version="new")
    fold = folded([*events_of(old), *events_of(new, 1), *events_of(old, 2)])

    assert fold.version == "old"


def test_an_old_publish_that_is_delivered_again_changes_nothing() -> None:
    old, new = small_plan(version="old"), small_plan(version="new")
    fold = folded([*events_of(old), *events_of(new, 1), *events_of(old)])

    assert fold.version == "new"


def test_feeding_tells_when_the_plan_was_set() -> None:
    fold = PlanFold()
    *pieces, closing = events_of(small_plan())

    assert [fold.feed(piece) for piece in pieces] == [False] * len(pieces)
    assert fold.feed(closing)
    assert not fold.feed(closing)


def test_sending_a_publish_again_sends_the_same_events() -> None:
    plan = small_plan()

    assert events_of(plan) == events_of(plan)
    ids = {event.id for event in (*events_of(plan), *events_of(plan, 1))}
    assert len(ids) == 2 * len(events_of(plan))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda pieces: pieces.pop(2), "pieces came of the"),
        (lambda pieces: pieces.clear(), "0 pieces came of the"),
        (lambda pieces: pieces.append(changed(pieces[0], index=99)), "pieces came of the"),
        (lambda pieces: pieces.__setitem__(2, changed(pieces[2], index=99)), "pieces came of the"),
        (lambda pieces: pieces.__setitem__(1, changed(pieces[1], items=Raw(b"[]"))), "the hash"),
        (lambda pieces: pieces.__setitem__(0, changed(pieces[0], index=1)), "pieces came of the"),
    ],
    ids=[
        "one missing",
        "none came",
        "one too many",
        "one misnumbered",
        "one changed",
        "two with one index",
    ],
)
def test_a_closing_event_without_exactly_its_pieces_is_ignored_with_a_reason(
    spoil: object, reason: str
) -> None:
    pieces, closing = publication(small_plan(version="new"), NOW, "/ronda/test", "p-1001")
    assert callable(spoil)
    spoil(pieces)
    fold = folded([*events_of(small_plan(version="old"), -1), *pieces, closing])

    assert fold.version == "old"
    (ignored,) = fold.ignored
    assert (ignored.version, ignored.event) == ("new", closing.id)
    assert reason in ignored.reason


def changed(piece: PlanPiece, **data: object) -> PlanPiece:
    return msgspec.structs.replace(piece, data=msgspec.structs.replace(piece.data, **data))


def resealed(
    plan: Plan, pieces: list[PlanPiece], **data: object
) -> list[PlanPiece | PlanPublished]:
    """A publish of pieces that a test has changed, with a hash that fits them."""
    _, closing = publication(plan, NOW, "/ronda/test", "p-1001")
    digest = hashlib.sha256(b"".join(bytes(piece.data.items) for piece in pieces)).hexdigest()
    data = {"pieces": len(pieces), "sha256": digest, **data}
    sealed = msgspec.structs.replace(closing, data=msgspec.structs.replace(closing.data, **data))
    return [*pieces, sealed]


def test_fields_and_sections_of_the_future_are_passed_over() -> None:
    plan = small_plan()
    pieces, _ = publication(plan, NOW, "/ronda/test", "p-1001")
    rows = msgspec.json.decode(pieces[1].data.items)
    pieces[1] = changed(
        pieces[1], items=Raw(msgspec.json.encode([{**row, "new_field": 1} for row in rows]))
    )
    pieces.append(changed(pieces[0], index=len(pieces), section="drones", items=Raw(b"[7]")))

    assert folded(resealed(plan, pieces)).plan == plan


@pytest.mark.parametrize(
    ("items", "reason"),
    [
        (b"[{}]", "piece 0 of operation"),
        (b"7", "piece 0 of operation"),
        (b"[]", "does not hold the one operation"),
        (b'[{"id":"x","name":"x","timezone":"UTC","unit":"x"}]', "the one operation 'contoh'"),
    ],
)
def test_pieces_that_are_no_plan_are_ignored_with_a_reason(items: bytes, reason: str) -> None:
    plan = small_plan()
    pieces, _ = publication(plan, NOW, "/ronda/test", "p-1001")
    pieces[0] = changed(pieces[0], items=Raw(items))
    fold = folded(resealed(plan, pieces))

    assert fold.plan is None
    assert reason in fold.ignored[0].reason


def test_a_large_plan_travels_in_pieces_that_fit_a_record() -> None:
    plan = small_plan(sites=[site(f"tps-{number:05d}") for number in range(5000)])
    pieces, closing = publication(plan, NOW, "/ronda/test", "p-1001")

    assert len([piece for piece in pieces if piece.data.section == "sites"]) > 2
    assert all(len(bytes(piece.data.items)) <= MAX_PIECE_BYTES for piece in pieces)
    assert all(len(encode(event)) <= MAX_EVENT_BYTES for event in (*pieces, closing))
    assert folded(events_of(plan)).plan == plan


def test_a_row_that_fits_no_piece_is_refused_before_anything_is_sent() -> None:
    big = msgspec.structs.replace(site("besar"), district="x" * MAX_PIECE_BYTES)

    with pytest.raises(ValueError, match="a row of sites is larger"):
        to_events(small_plan(sites=[big]), NOW, "/ronda/test", "p-1001")


def test_publishes_that_are_never_closed_do_not_pile_up() -> None:
    fold = PlanFold()
    for minute in range(MAX_PENDING + 1):
        for piece in events_of(small_plan(), minute)[:-1]:
            fold.feed(piece)

    assert not fold.feed(events_of(small_plan(), 0)[-1]), "the oldest should have been dropped"
    assert fold.feed(events_of(small_plan(), 1)[-1])


def test_the_version_depends_on_every_section_and_on_nothing_else() -> None:
    plan = small_plan(visit_rules=[rule("pagi", "07:00")])
    assert content_version(msgspec.structs.replace(plan, version="x")) == content_version(plan)

    emptied = {
        content_version(msgspec.structs.replace(plan, **{section: []}))
        for section in SECTIONS
        if section not in {"operation", "shifts"}
    }
    assert len(emptied) == len(SECTIONS) - 2
    assert content_version(plan) not in emptied
