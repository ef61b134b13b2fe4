"""A platform brought up by the command that people use, in a folder of the tests' own."""

from collections.abc import Callable, Iterator

import pytest

from tests.integration.local.up_command import Up
from tests.local.layout import Layout


@pytest.fixture(scope="session")
def new_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Up]]:
    """Give a factory of platforms that run; they are down again at the session's end."""
    begun: list[Up] = []

    def bring() -> Up:
        made = Up(Layout(tmp_path_factory.mktemp("up")))
        begun.append(made)
        made.checked("up")
        return made

    yield bring
    for made in begun:
        made.run("down")


@pytest.fixture(scope="session")
def up(new_up: Callable[[], Up]) -> Up:
    """Give the session's platform; tests share it and must leave it running."""
    return new_up()
