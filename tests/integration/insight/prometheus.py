"""Debian's Prometheus on this machine: scrapes what it is told, loads the chart's alerts, and answers queries."""

import json
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.local.environment import minimal
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import until

ALERTS = Path(__file__).parents[3] / "charts" / "caixa" / "files" / "alerts.yaml"
Target = tuple[int, str, Mapping[str, str]]
"""A port, the path of its metrics, and the labels that the chart's monitors would give it."""


@dataclass(frozen=True)
class Prometheus:
    """One that runs."""

    port: int

    def ask(self, path: str, **query: str) -> Any:  # Any: the API's JSON
        """Return the data of the API's answer. Raises HTTPError for a query that is none."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=30) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the samples that a query gives now."""
        found: list[dict[str, Any]] = self.ask("query", query=expression)["result"]
        return found

    def names(self) -> set[str]:
        """Return the names of all metrics that were scraped."""
        return set(self.ask("label/__name__/values"))

    def all_up(self, count: int) -> bool:
        """Tell whether so many targets were scraped well."""
        return len([one for one in self.query("up") if one["value"][1] == "1"]) == count


@contextmanager
def prometheus(folder: Path, targets: Sequence[Target]) -> Iterator[Prometheus]:
    """Scrape the targets of 127.0.0.1 every second until the block ends."""
    jobs = [
        {
            "job_name": f"{labels.get('component', 'other')}-{port}",
            "honor_labels": True,
            "metrics_path": path,
            "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": dict(labels)}],
        }
        for port, path, labels in targets
    ]
    made = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": jobs,
    }
    configuration, port = folder / "prometheus.yaml", free_port()
    configuration.write_text(yaml.safe_dump(made))
    words = [f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{port}"]
    process = Process(["prometheus", *words], log=folder / "prometheus.log", environ=minimal())
    process.start()
    running = Prometheus(port)

    def answers() -> bool:
        process.check()
        try:
            return running.all_up(len(targets))
        except OSError:
            return False

    try:
        until("Prometheus has scraped every target", answers, seconds=60)
        yield running
    finally:
        process.stop()
