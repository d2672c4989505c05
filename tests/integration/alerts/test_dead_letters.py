"""What was laid aside can be read, and sent again once its cause is mended."""

from datetime import UTC, datetime

import pytest

from ronda import letters, topic
from ronda.letters import LettersError
from ronda.topic import Outgoing
from services.alerts.app import running
from shared.events.alert import Alert
from shared.events.registry import encode
from shared.topics import DEADLETTER, INCIDENT, partition_for
from tests.builders import WAREHOUSE, an_incident
from tests.integration.alerts.world import Operator, World, a_calm_plan, an_operator
from tests.waiting import eventually


async def test_a_record_that_cannot_be_read_is_a_letter_with_its_reason(world: World) -> None:
    async with running(world.settings):
        await world.send(b"{nonsense", INCIDENT)

        async def a_letter() -> list[letters.Letter]:
            return await letters.laid_aside(world.kafka)

        (letter,) = await eventually(a_letter, within=60)
    partition = partition_for(b"gudang", INCIDENT.partitions)
    assert (letter.topic, letter.partition, letter.offset) == ("ronda.incident", partition, 0)
    assert (letter.value, letter.type, letter.id) == (b"{nonsense", None, None)
    assert "malformed" in letter.reason


async def test_a_report_that_is_sent_again_raises_its_alert_once(world: World) -> None:
    now = datetime.now(UTC)
    report = an_incident(time=now, receivedtime=now)
    partition = partition_for(WAREHOUSE.encode(), INCIDENT.partitions)
    place = ("ronda-topic", b"ronda.incident"), ("ronda-partition", str(partition).encode())
    await topic.write(
        world.kafka,
        DEADLETTER,
        [Outgoing(encode(report), headers=(*place, ("ronda-reason", b"cannot be decided")))],
    )
    await world.publish(a_calm_plan(world.sink))
    found = await letters.laid_aside(world.kafka)
    assert [(letter.id, letter.reason) for letter in found] == [(report.id, "cannot be decided")]
    await letters.send_again(world.kafka, found)
    await letters.send_again(world.kafka, found)
    marker = await world.report("fire", subject="kpu")
    async with (
        running(world.settings) as app,
        an_operator(app.url, world.token("Ipda Siti")) as siti,
    ):
        alerts = await eventually(lambda: _both(siti), within=60)
    parts = sorted(part.event for alert in alerts for part in alert.parts)
    assert parts == sorted([report.id, marker.id])


async def _both(siti: Operator) -> list[Alert]:
    alerts = await siti.alerts()
    return alerts if len(alerts) == 2 else []


async def test_what_was_never_an_event_is_not_sent_again(world: World) -> None:
    for topic_name in (b"ronda.alert", b"", b"no such topic"):
        strange = Outgoing(b"x", headers=(("ronda-topic", topic_name),))
        await topic.write(world.kafka, DEADLETTER, [strange])
    found = await letters.laid_aside(world.kafka)
    assert len(found) == 3
    for letter in found:
        with pytest.raises(LettersError):
            await letters.send_again(world.kafka, [letter])
