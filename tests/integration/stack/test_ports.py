"""A taken port is an error that names it."""

import socket

import pytest

from ronda.stack import ports
from ronda.stack.errors import StackError
from ronda.stack.ports import free_port, is_free, require_free


def test_a_taken_port_is_named_with_the_setting_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StackError) as error:
            require_free(port, user="checkin", setting="RONDA_CHECKIN_PORT")
    assert f"port {port} is taken" in str(error.value)
    assert "RONDA_CHECKIN_PORT" in str(error.value)
    require_free(port, user="checkin", setting="RONDA_CHECKIN_PORT")


def test_a_free_port_can_be_listened_on() -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        assert not is_free(port)


def test_two_who_choose_at_once_never_choose_the_same_port(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody listens on it yet: a broker takes seconds to get there.
    port = free_port()
    monkeypatch.setattr(ports, "_CHOICES", range(port, port + 1))
    with pytest.raises(StackError, match="no free TCP port"):
        free_port()
