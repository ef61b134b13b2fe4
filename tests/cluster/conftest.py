"""One cluster and one platform for the whole session; what they look like is added to the report of a test that fails."""

import os
from collections.abc import Generator, Iterator

import pytest

from tests.cluster.installation import Installation, install
from tests.kubernetes import leftovers, node, requirements
from tests.provision.absence import cannot_run

RUNNING: list[Installation] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs the machine without the platform first, and what takes the platform away last."""
    items.sort(key=lambda item: (item.path.stem == "test_removal", "platform" in getattr(item, "fixturenames", ())))


@pytest.fixture(scope="session")
def machine() -> Iterator[None]:
    """Be sure that this machine can be a node and is none yet; leave it as it was."""
    if reason := requirements.why_not():
        cannot_run("the cluster tests", reason)
    if leftovers.found():
        if not os.environ.get("CI"):
            cannot_run("the cluster tests", "a cluster is up; end it with make demo-down")
        node.down()
    yield
    assert node.down() == []


@pytest.fixture(scope="session")
def platform(machine: None) -> Installation:  # noqa: ARG001 (its setting up is what is needed)
    """Install the platform as the README says, once."""
    installed = install()
    RUNNING.append(installed)
    return installed


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:  # noqa: ARG001 (pytest's names)
    """Show pods, the CashBox and the operator's last words beside a failure."""
    report = yield
    if report.failed and RUNNING:
        report.sections.append(("the cluster", RUNNING[0].picture()))
    return report
