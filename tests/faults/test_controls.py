"""The invariants can fail: each guard that the product relies on is left out once, and what is lost by that is found."""

import pytest

from tests.faults.catalogue import CONTROLS, Control
from tests.faults.services import Platform


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.id)
async def test_a_guard_that_is_left_out_is_caught(platform: Platform, control: Control) -> None:
    """Exactly the invariants that the guard upholds break without it."""
    assert set(await control.scenario(platform)) == control.breaks
