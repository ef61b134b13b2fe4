"""What the services say of themselves in OpenAPI, held against what they do: every operation, with good and hostile data."""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.integration.contract.conftest import Platform
from tests.local.environment import minimal

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
EXAMPLES = 3
SECONDS = 300.0
CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", "504"] # saldo's honest answer where `apos` names an entry that is not there yet
"""
# What a schema cannot say (a day in the future, a currency that is none, a closed day) is refused with a 4xx that is documented.
BEYOND_SCHEMAS = "positive_data_acceptance"


async def conformance(url: str, token: Mapping[str, str], folder: Path, *options: str) -> None:
    """Ask Schemathesis to find a difference between the document at this address and the service; fail with what it found."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION)
    process = await asyncio.create_subprocess_exec(
        SCHEMATHESIS,
        "run",
        f"{url}/openapi.json",
        *(f"--header={name}: {value}" for name, value in token.items()),
        f"--max-examples={EXAMPLES}",
        "--generation-deterministic",
        "--seed=1",
        f"--exclude-checks={BEYOND_SCHEMAS}",
        "--phases=coverage,fuzzing",
        "--no-shrink",
        "--continue-on-failure",
        "--warnings=off",
        "--no-color",
        *options,
        cwd=folder,
        env=minimal(),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    if process.returncode != 0:
        pytest.fail(told.decode(), pytrace=False)


async def test_fluxo_does_what_its_document_says(platform: Platform, tmp_path: Path) -> None:
    """No 5xx, only documented answers of their schema, and other methods are refused by name."""
    await conformance(platform.urls["fluxo"], platform.merchant, tmp_path)


async def test_saldo_does_what_its_document_says(platform: Platform, tmp_path: Path) -> None:
    """No 5xx, only documented answers of their schema, and other methods are refused by name."""
    await conformance(platform.urls["saldo"], platform.merchant, tmp_path)


async def test_the_gateways_own_routes_do_what_its_document_says(platform: Platform, tmp_path: Path) -> None:
    """No 5xx, only documented answers of their schema, and other methods are refused by name: for the admin, and where no token is."""
    await conformance(platform.urls["gateway"], platform.admin, tmp_path, "--include-path-regex=^/api/v1/comerciantes")
    await conformance(platform.urls["gateway"], {}, tmp_path, "--include-path-regex=^/(oauth|.well-known)/")
