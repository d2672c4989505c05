"""Every type of the contracts, and types of the future, become event rows."""

from pathlib import Path

import msgspec
import pytest

from services.archive.domain.classify import classify
from shared.events import catalogue
from tests.unit.archive.builders import a_record

EXAMPLES = sorted((catalogue.ROOT / "shared/events/examples").glob("*.json"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
@pytest.mark.parametrize("future", [False, True], ids=["today", "future"])
def test_an_example_is_archived_as_an_event(path: Path, future: bool) -> None:
    value = path.read_bytes()
    said = msgspec.json.decode(value)
    if future:
        said |= {"type": said["type"].removesuffix("1") + "9", "data": {"new": [said["data"]]}}
        value = msgspec.json.encode(said | {"moonphase": "waning"})
    kept = classify(a_record(value))
    assert kept.reason is None
    assert kept.event is not None
    assert kept.event.id.hex() == said["id"].replace("-", "")
    for column, attribute in (("type", "type"), ("site", "subject"), ("unit", "unit")):
        assert getattr(kept.event, column) == said.get(attribute)


def test_alert_events_are_found_by_their_alert() -> None:
    about = {path.stem for path in EXAMPLES if _alert(path) is not None}
    named = {path.stem for path in EXAMPLES if path.stem.startswith("alert.")}
    assert named | {"notification.sent.v1", "notification.failed.v1"} <= about
    assert {
        f"dispatch.{what}.v1" for what in ("accepted", "declined", "en_route", "arrived")
    } <= about


def _alert(path: Path) -> bytes | None:
    event = classify(a_record(path.read_bytes())).event
    return event.alert if event else None
