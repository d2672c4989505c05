"""What every test may ask for: a real Kafka and a real PostgreSQL, one of each for a whole run."""

import gc
import uuid
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from hypothesis import settings

from ronda.stack.postgres import create_database, drop_database
from shared.provision import create_topics
from shared.settings import KafkaSettings
from tests.lender import Lender, borrow

# A property is judged by what comes out, not by how fast a busy machine gets there.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

_LENDER = pytest.StashKey[Lender]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # a worker of xdist uses its controller's
        config.stash[_LENDER] = Lender()
        config.stash[_LENDER].start()


def pytest_unconfigure(config: pytest.Config) -> None:
    lender = config.stash.get(_LENDER, None)
    if lender is not None:
        lender.stop()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    # Thousands of modules and tests stay until the end; looking through them again and again for
    # garbage was a tenth of a run.
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def kafka() -> str:
    """Bootstrap servers of this run's broker. It makes no topic by itself."""
    return borrow("kafka")


@pytest.fixture
def topic_prefix() -> str:
    """A prefix that no other test has: what isolates tests on the one broker."""
    return f"t{uuid.uuid4().hex[:12]}."


@pytest.fixture
async def topics(kafka: str, topic_prefix: str) -> AsyncIterator[KafkaSettings]:
    """Settings of a deployment of this test's own: every topic of the registry, all empty."""
    settings = KafkaSettings(bootstrap_servers=kafka, topic_prefix=topic_prefix)
    made = await create_topics(settings)
    yield settings
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        await admin.delete_topics(made.created)
    finally:
        await admin.close()


@pytest.fixture(scope="session")
def postgres_url() -> str:
    """The database `ronda` of this run's server, without any table; for making others from."""
    return borrow("postgres")


@pytest.fixture
async def empty_database_url(postgres_url: str) -> AsyncIterator[str]:
    """A database of this test's own, without any table."""
    name = f"t{uuid.uuid4().hex[:12]}"
    await create_database(postgres_url, name)
    yield f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    await drop_database(postgres_url, name)


@pytest.fixture(scope="session")
def migrated_template(postgres_url: str) -> str:
    """The name of a database with the tables of alerts and archive, all empty."""
    return borrow("template")


@pytest.fixture
async def database_url(postgres_url: str, migrated_template: str) -> AsyncIterator[str]:
    """A database of this test's own, with the tables of alerts and archive, all empty."""
    name = f"t{uuid.uuid4().hex[:12]}"
    await create_database(postgres_url, name, template=migrated_template)
    yield f"{postgres_url.rsplit('/', 1)[0]}/{name}"
    await drop_database(postgres_url, name)
