"""What records say of who may know is what the rows say, in whatever pieces both come."""

from hypothesis import given
from hypothesis import strategies as st

from services.archive.domain.knowing import Belonging, Rule, Told
from services.archive.domain.known import Known, Said, Saying
from services.archive.domain.stored import Record
from tests.unit.archive.builders import NIGHT

NAMES = {1: "t.ronda.incident"}
ids = st.integers(0, 5).map(lambda number: bytes([number]) * 16)
names = st.lists(st.sampled_from(["commander", "auditor"]), max_size=2).map(tuple)
rows = st.one_of(st.builds(Rule, ids, names, names), st.builds(Belonging, ids, ids))


def a_record(offset: int) -> Record:
    return Record(NIGHT, offset, None, b"", None, 0, 1, "event", None, bytes(16), None)


def sayings(said: list[Rule | Belonging]) -> list[Saying]:
    found = Said()
    for offset, row in enumerate(said):
        told = Told((row,)) if isinstance(row, Rule) else Told(belongings=(row,))
        found.add(a_record(offset), told)
    return found.sayings()


def found(said: list[Rule | Belonging], there: list[Rule | Belonging], **how: bool) -> list[str]:
    middle = len(said) // 2
    known = Known([*sayings(said[middle:]), *sayings(said[:middle])])
    for row in there:
        known.rows([row])
    findings = known.findings(NAMES, all_are_here=how.get("all_are_here", True))
    return [each.what for each in findings]


@given(st.lists(rows, max_size=9))
def test_the_rows_of_all_records_are_what_the_records_say(said: list[Rule | Belonging]) -> None:
    assert found(said, [*{*said}]) == []


@given(st.lists(rows, min_size=1, max_size=9), st.data())
def test_a_row_that_is_gone_is_missed_and_one_that_nobody_asked_for_is_met(
    said: list[Rule | Belonging], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(said))
    rest = [row for row in {*said} if row != gone]
    assert found(said, rest) == ["what it says of who may know is not kept"]
    assert "keep from people" in found(rest, [*{*said}])[0]
    assert found(rest, [*{*said}], all_are_here=False) == []
