"""Every fault of the catalogue, a few times: `make faults` does the same a hundred times."""

import pytest

from tests.faults.catalogue import FAULTS, Fault
from tests.faults.services import Platform


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
async def test_nothing_is_lost_and_nothing_counts_twice(platform: Platform, fault: Fault) -> None:
    """Every entry that was accepted is in its balance once, whatever died, went away or came broken meanwhile."""
    outcome = await fault.scenario(platform, fault.short)
    assert outcome.broken == {}
