"""Checkpoints that were told of are there, as they were told."""

from datetime import timedelta

from services.archive.adapters.announcing import BusAnnouncer
from services.archive.domain.announced import announced, missed
from services.archive.domain.note import Checkpoint, note_of
from services.archive.domain.stored import Seal
from services.archive.ports import Sealed
from shared.events.registry import encode
from tests.unit.archive.builders import NIGHT, UNIT, an_event
from tests.unit.archive.fakes import MemoryAccessLog


def a_seal(size: int, origin: str = "ronda/test") -> Seal:
    note = note_of(Checkpoint(origin, size, bytes(32)), [])
    return Seal(size, bytes(32), note, NIGHT + timedelta(microseconds=size), "on schedule")


async def told(seal: Seal) -> bytes:
    log = MemoryAccessLog()
    await BusAnnouncer(log, unit=UNIT).announce(Sealed(*seal))
    return encode(log.recorded[0])


async def test_what_the_announcer_tells_is_read_back() -> None:
    assert announced(await told(a_seal(7))) == a_seal(7)


def test_other_records_tell_of_no_checkpoint() -> None:
    mark = "ronda.checkpoint.sealed.v1"
    for value in (None, b"\xff", an_event("a"), mark.encode(), an_event("a", type=mark)):
        assert announced(value) is None
    assert announced(an_event("a", data={"about": mark})) is None


def test_a_checkpoint_that_is_gone_or_changed_is_named_and_another_archive_s_is_not() -> None:
    kept = [a_seal(1), a_seal(2)]
    assert missed(kept, kept) == []
    assert missed([a_seal(1)], kept) == []
    assert missed([a_seal(9, "ronda/another")], kept) == []
    assert [each.where for each in missed([*kept, a_seal(3)], kept)] == ["checkpoint 3"]
    changed = [a_seal(1)._replace(reason="for another reason"), a_seal(2)]
    assert [each.where for each in missed(kept, changed)] == ["checkpoint 1"]
    assert len(missed(kept, [])) == 2
