"""docs/metrics.md is what the processes export: no name, type or label more, and none less."""

import asyncio
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from caixa_comum.topology import PARKING, QUEUE
from tests.integration.insight.loaded import ENTRIES, Loaded, eventually_measured
from tests.local.environment import minimal
from tests.local.services import NAMES

PAGE = Path(__file__).parents[3] / "docs" / "metrics.md"
ROW = re.compile(r"\| `(?P<name>\w+)` \| (?P<type>\w+) \|(?P<labels>[^|]*)\| (?P<meaning>[^|]+) \|")
Documented = Mapping[str, tuple[str, frozenset[str]]]


def documented() -> dict[str, Documented]:
    """Read the page: each process's metrics with type and labels."""
    found: dict[str, Documented] = {}
    for section in PAGE.read_text().split("\n## ")[1:]:
        rows = [ROW.fullmatch(line) for line in section.splitlines() if line.startswith("| `")]
        assert all(rows), section
        found[section.partition("\n")[0]] = {
            row["name"]: (row["type"], frozenset(re.findall(r"`(\w+)`", row["labels"]))) for row in rows if row is not None
        }
    return found


def labels_of(family: Metric) -> set[frozenset[str]]:
    """Return the sets of labels that a family's samples have, without a histogram's own."""
    return {frozenset(one.labels) - {"le"} for one in family.samples}


@pytest.mark.parametrize("process", NAMES)
def test_a_process_exports_what_the_page_says(loaded: Loaded, process: str) -> None:
    """Every documented metric is there, with its type, a sample and its labels; and what is there is documented."""
    exported = loaded.metrics(process)
    page = documented()
    for name, (kind, labels) in page[process].items():
        assert name in exported, f"{process} does not export {name}"
        assert exported[name].type == kind, name
        assert labels_of(exported[name]) == {labels}, name
    everywhere = {name for section in page.values() for name in section}
    assert exported.keys() <= everywhere


async def test_what_reconciling_writes_is_what_the_page_says(loaded: Loaded, tmp_path: Path) -> None:
    """The textfile of `caixa-saldo reconciliar`, run against the loaded platform: proven, with exactly the documented names."""
    path = tmp_path / "reconciliacao.prom"
    environ = minimal(
        **loaded.database.environ("reconciliacao", "caixa_saldo"),
        CAIXA_FLUXO_DATABASE_URL=loaded.database.environ("reconciliacao", "caixa_fluxo")["CAIXA_DATABASE_URL"],
        CAIXA_METRICS_FILE=str(path),
    )
    script = Path(sys.executable).with_name("caixa-saldo")
    process = await asyncio.create_subprocess_exec(script, "reconciliar", env=dict(environ))
    assert await process.wait() == 0
    families = {one.name: one for one in text_string_to_metric_families(path.read_text())}
    assert {name: (one.type, frozenset[str]()) for name, one in families.items()} == documented()["caixa-saldo reconciliar"]
    assert families["caixa_reconciliation_proven"].samples[0].value == 1


def test_the_figures_are_those_of_the_load(loaded: Loaded) -> None:
    """As many entries as were sent were committed, published and applied, and each of their lags was measured."""

    def figure(process: str, family: str, sample: str) -> float:
        return sum(one.value for one in loaded.metrics(process)[family].samples if one.name == sample)

    assert figure("fluxo-api", "caixa_group_commit_rows", "caixa_group_commit_rows_sum") >= ENTRIES
    assert figure("fluxo-relay", "caixa_outbox_published_total", "caixa_outbox_published_total") >= ENTRIES
    assert figure("fluxo-relay", "caixa_outbox_batch_size", "caixa_outbox_batch_size_sum") >= ENTRIES
    assert figure("saldo-consumer", "caixa_saldo_applied_total", "caixa_saldo_applied_total") >= ENTRIES
    assert figure("saldo-consumer", "caixa_saldo_lag_seconds", "caixa_saldo_lag_seconds_count") >= ENTRIES
    assert figure("saldo-consumer", "caixa_saldo_consuming", "caixa_saldo_consuming") == 1


async def test_what_is_set_apart_is_seen(loaded: Loaded) -> None:
    """A message that is no event is in quarantine, a parked one in its queue: both are told by the consumer itself."""
    await eventually_measured(loaded, "saldo-consumer", "caixa_saldo_quarantine_messages", 1)
    await eventually_measured(loaded, "saldo-consumer", "caixa_saldo_queue_messages", 1)
    samples = loaded.metrics("saldo-consumer")["caixa_saldo_queue_messages"].samples
    assert {one.labels["queue"] for one in samples} == {QUEUE, PARKING}


@pytest.mark.parametrize("process", ["gateway", "fluxo-api", "saldo-api"])
def test_labels_stay_few(loaded: Loaded, process: str) -> None:
    """Routes are templates or prefixes: no identifier of a merchant or an entry is ever a label."""
    routes = {one.labels["route"] for one in loaded.metrics(process)["caixa_http_requests_total"].samples}
    assert "/api/v1/saldos/atual" in routes if process == "saldo-api" else "/api/v1/lancamentos" in routes
    assert not any(re.search(r"[0-9a-f]{8}-[0-9a-f]{4}", route) for route in routes)
