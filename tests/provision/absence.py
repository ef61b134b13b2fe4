"""What a machine lacks: skipped where a person runs the tests, an error in CI."""

import os
from typing import NoReturn

import pytest


def cannot_run(what: str, why: str) -> NoReturn:
    """Skip the test that needs `what`, saying why; in CI (CI=true) fail, because there nothing may be skipped."""
    message = f"{what} cannot run here: {why}"
    if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
        pytest.fail(message, pytrace=False)
    pytest.skip(message)
