"""Fixtures of the alerts core."""

import pytest

from tests.unit.alerts.engine import Engine


@pytest.fixture
def engine() -> Engine:
    """The core on fakes, with the default plan."""
    return Engine()
