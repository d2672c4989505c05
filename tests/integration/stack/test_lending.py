"""The fixtures that every other integration test stands on."""

import psycopg
from aiokafka.admin import AIOKafkaAdminClient

from shared.settings import KafkaSettings
from shared.topics import TOPICS


async def test_the_run_has_one_broker_that_answers(kafka: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        cluster = await admin.describe_cluster()
    finally:
        await admin.close()
    assert len(cluster["brokers"]) == 1


async def test_a_test_has_a_database_of_its_own(empty_database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(empty_database_url) as connection:
        answer = await connection.execute("SELECT current_database(), current_setting('timezone')")
        row = await answer.fetchone()
    assert row == (empty_database_url.rsplit("/", 1)[1], "UTC")


async def test_a_test_has_topics_of_its_own(topics: KafkaSettings) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=topics.bootstrap_servers)
    await admin.start()
    try:
        present = await admin.list_topics()
    finally:
        await admin.close()
    assert {topic.physical(topics.topic_prefix) for topic in TOPICS} <= set(present)


async def test_a_test_has_every_table_empty_in_a_database_of_its_own(database_url: str) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        answer = await connection.execute(
            "SELECT DISTINCT table_schema FROM information_schema.tables "
            "WHERE table_schema IN ('alerts', 'archive') ORDER BY 1"
        )
        assert await answer.fetchall() == [("alerts",), ("archive",)]
