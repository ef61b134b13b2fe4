"""Loads over time: events per second that arrive, as a merchant's day may bring them."""

import math
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Trace:
    """A load: its length in seconds, its rate at each second, and how few consumers an autoscaler may leave."""

    name: str
    seconds: int
    rate: Callable[[int], float]
    least: int = 1


EVENING, NIGHT_ENDS, RISE = 600, 2400, 300


def step(second: int) -> float:
    """Raise the load twenty times from one second to the next, for twenty minutes."""
    return 600.0 if 300 <= second < 1500 else 30.0


def wave(second: int) -> float:
    """Make three waves of ten minutes between 50 and 600 events a second, then calm."""
    return 325.0 - 275.0 * math.cos(second * math.tau / 600) if second < 1800 else 50.0


def spike(second: int) -> float:
    """Bring half a minute of sixty times the load: more than all consumers together can do."""
    return 3000.0 if 300 <= second < 330 else 50.0


def night(second: int) -> float:
    """Give an evening, half an hour without a single event, and a morning that rises within five minutes."""
    if second < EVENING:
        return 200.0
    return 0.0 if second < NIGHT_ENDS else min((second - NIGHT_ENDS) / RISE, 1.0) * 500.0


TRACES = (Trace("step", 2400, step), Trace("wave", 2400, wave), Trace("spike", 1500, spike), Trace("night", 3600, night, least=0))
