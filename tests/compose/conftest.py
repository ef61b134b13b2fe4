"""One Docker daemon with one project for the whole session; what its containers say is added to the report of a test that fails."""

from collections.abc import Generator, Iterator

import pytest

from tests.compose import daemon, project
from tests.compose.project import Project
from tests.kubernetes.folders import cache
from tests.provision.absence import cannot_run
from tests.provision.lock import held

RUNNING: list[Project] = []


@pytest.fixture(scope="session")
def compose() -> Iterator[Project]:
    """Run the platform by `docker compose up`, and leave nothing; a run that was cut off is cleaned up first."""
    if reason := daemon.why_not():
        cannot_run("the compose test", reason)
    with held(cache() / "docker.lock"):
        daemon.clean()
        try:
            begun = project.begun()
            RUNNING.append(begun)
            begun.up()
            yield begun
            RUNNING.clear()
        finally:
            daemon.clean()
        assert daemon.found() == []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:  # noqa: ARG001 (pytest's names)
    """Show the containers and their last words beside a failure."""
    report = yield
    if report.failed and RUNNING:
        report.sections.append(("the containers", RUNNING[0].picture()))
    return report
