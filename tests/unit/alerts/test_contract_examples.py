"""Every event of the contracts can be read by alerts, whatever it makes of it."""

from pathlib import Path

import msgspec
import pytest

from services.alerts.ports import Incoming
from shared.events import catalogue
from tests.unit.alerts.engine import Engine

EXAMPLES = sorted((catalogue.ROOT / "shared/events/examples").glob("*.json"))


def today_and_later(path: Path) -> list[bytes]:
    """The example, the same with an attribute more, and a type that is not known yet."""
    value = path.read_bytes()
    said = msgspec.json.decode(value)
    later = said | {"type": said["type"].removesuffix("1") + "9", "data": {"new": True}}
    more = said | {"moonphase": "waning"}
    return [value, msgspec.json.encode(more), msgspec.json.encode(later)]


@pytest.mark.parametrize(
    "values", [today_and_later(each) for each in EXAMPLES], ids=[each.stem for each in EXAMPLES]
)
async def test_an_example_and_its_future_are_taken_and_nothing_is_laid_aside(
    engine: Engine, values: list[bytes]
) -> None:
    await engine.intake.on_records(
        [Incoming("ronda.incident", 0, offset, value) for offset, value in enumerate(values)]
    )
    assert engine.store.rows.dead_letters == []
    assert engine.store.rows.positions == {("ronda.incident", 0): 3}
    assert engine.metric("ronda_records_total", result="future") == 1
