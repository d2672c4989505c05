"""The situation outlives a new plan, unless it is told to end."""

from ronda import plans
from shared import bus
from shared.clock import system_clock
from shared.events.identity import derived_id
from shared.events.registry import encode
from shared.events.situation import SituationChange, SituationChanged
from shared.plan.model import Situation
from shared.settings import KafkaSettings
from shared.topics import PLAN
from tests.builders import a_plan


async def set_phase(kafka: KafkaSettings, phase: str) -> None:
    """As alerts does for `POST /v1/situation`."""
    now = system_clock()
    event = SituationChanged(
        specversion="1.0",
        id=derived_id(now, "test"),
        source="/ronda/test",
        time=now,
        data=SituationChange(what="phase", value=phase, by="Rani", reason="uji"),
    )
    producer = bus.producer(kafka, client_id="test")
    await producer.start()
    try:
        await producer.send_and_wait(PLAN.physical(kafka.topic_prefix), encode(event), partition=0)
    finally:
        await producer.stop()


async def test_a_new_plan_keeps_the_overrides_and_clearing_ends_them(topics: KafkaSettings) -> None:
    await plans.publish(topics, a_plan(version="1"), actor="x")
    await set_phase(topics, "quiet_period")
    await plans.publish(topics, a_plan(version="2"), actor="x")
    plan, situation = await plans.followed(topics)
    assert plan is not None
    assert (plan.version, situation) == ("2", Situation(phase="quiet_period"))

    await plans.publish(topics, a_plan(version="2"), actor="x", clear=True)
    assert await plans.followed(topics) == (plan, Situation())
