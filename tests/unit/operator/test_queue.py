"""What the broker's management API says, read as figures."""

import json

import pytest

from caixa_operator.autoscaler.queue import QueueUnreadable, holders, parsed
from caixa_operator.autoscaler.reading import Reading


def test_averages_count_before_momentary_rates() -> None:
    """A rate over 20 s says more than the last sample."""
    stats = {"publish_details": {"rate": 9.0, "avg_rate": 4.5}, "ack_details": {"rate": 3.0}}
    body = json.dumps({"messages_ready": 7, "messages_unacknowledged": 2, "message_stats": stats, "name": "saldo.eventos"})
    assert parsed(body.encode()) == Reading(ready=7, unacked=2, arrival_rate=4.5, ack_rate=3.0)


def test_a_queue_that_nothing_has_passed_has_no_rates() -> None:
    """A new queue has no statistics at all, and negative samples (a counter that began anew) count as none."""
    assert parsed(b'{"messages_ready": 0, "messages_unacknowledged": 0}').arrival_rate == 0.0
    stats = {"publish_details": {"rate": -4.0}}
    body = json.dumps({"messages_ready": 0, "messages_unacknowledged": 0, "message_stats": stats})
    assert parsed(body.encode()).arrival_rate == 0.0


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"error": "Object Not Found"}', b'{"messages_ready": "many"}'])
def test_any_other_answer_is_no_reading(body: bytes) -> None:
    """A proxy's page or an error is told as such, and never taken for an empty queue."""
    with pytest.raises(QueueUnreadable, match="the management API's answer is none"):
        parsed(body)


def test_what_is_in_hand_is_added_up_by_address() -> None:
    """A pod may have several channels; an IPv4 address in IPv6's clothes is the pod's."""
    channels = [
        {"messages_unacknowledged": 5, "connection_details": {"peer_host": "10.0.0.7"}},
        {"messages_unacknowledged": 2, "connection_details": {"peer_host": "::ffff:10.0.0.7"}},
        {"messages_unacknowledged": 1, "connection_details": {"peer_host": "fd00::8"}},
        {"connection_details": {}},
    ]
    assert holders(json.dumps(channels).encode()) == {"10.0.0.7": 7, "fd00::8": 1, "": 0}
    with pytest.raises(QueueUnreadable):
        holders(b"{}")
