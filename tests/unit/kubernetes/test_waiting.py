"""Waiting ends when the condition holds, or with a message."""

import socket

import pytest

from tests.kubernetes.ports import free_ports, is_free, preferred
from tests.kubernetes.waiting import TimedOut, until


def test_it_asks_until_the_answer_is_yes() -> None:
    """The condition is asked again until it holds."""
    answers = iter([False, False, True])
    until("yes", lambda: next(answers), pause=0)


def test_it_says_what_did_not_come() -> None:
    """The message names what was waited for."""
    with pytest.raises(TimedOut, match="the moon: not within 0 s"):
        until("the moon", lambda: False, seconds=0, pause=0)


def test_a_taken_port_is_replaced() -> None:
    """A preferred port that somebody listens on gives way to a free one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert preferred(port) != port
    assert len(set(free_ports(3))) == 3
