"""What holds for every test: those that start real servers may be tried twice, and say so."""

from pathlib import Path

import pytest

UNIT = Path(__file__).parent / "unit"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test of real servers, pods and networks run once more when it failed; it is then counted as 'rerun', never hidden.

    Unit tests have no such excuse: one failure is a failure.
    """
    for item in items:
        if not item.path.is_relative_to(UNIT):
            item.add_marker(pytest.mark.flaky(reruns=1, reruns_delay=2))
