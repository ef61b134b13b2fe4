"""Every panel and every alert asks for what there is: a real Prometheus scrapes the loaded platform and the operator's loop."""

import asyncio
import functools
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.control_plane.cluster import Cluster
from tests.integration.insight.loaded import Loaded, exported, load
from tests.integration.insight.prometheus import ALERTS, Prometheus, Target, prometheus
from tests.integration.insight.test_metrics import documented, labels_of
from tests.kubernetes.binaries import binaries
from tests.kubernetes.control_plane import control_plane
from tests.kubernetes.kubectl import Kubectl
from tests.local.environment import minimal
from tests.local.ports import free_port
from tests.local.process import Process
from tests.local.waiting import until
from tests.provision.command import run
from tests.provision.debian import install

ROOT = Path(__file__).parents[3]
BOARDS = sorted((ROOT / "charts" / "caixa" / "files" / "dashboards").glob("*.json"))
COMPONENTS = {
    "gateway": "gateway",
    "fluxo-api": "fluxo",
    "fluxo-relay": "fluxo-relay",
    "saldo-api": "saldo",
    "saldo-consumer": "saldo-consumer",
}
NAME = "loja"
CASHBOX = {"namespace": NAME, "cashbox": NAME}
VARIABLES = {"$namespace": ".*", "$cashbox": ".*", "$__rate_interval": "30s", "$__range": "30s"}


@pytest.fixture(scope="module", autouse=True)
def programs() -> None:
    """Have Debian's prometheus, which promtool comes with."""
    install("prometheus")


@pytest.fixture(scope="module")
def operator(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port of the operator's loop over a CashBox that serves: the API server is real, and so is the broker that it looks at."""
    with control_plane() as server:
        kubectl = Kubectl(binaries()["kubectl"], server.kubeconfig)
        kubectl("apply", "--server-side", "--filename=k8s/crds")
        kubectl("wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinition/cashboxes.caixa.dev")
        kubectl("create", "namespace", NAME)
        cluster, port = Cluster(kubectl, NAME), free_port()
        cluster.cashbox(NAME)
        words = (server.kubeconfig, NAME, NAME, loaded.broker.management_url, port)
        process = Process(
            [sys.executable, "-m", "tests.integration.insight.operator_process", *map(str, words)],
            log=tmp_path_factory.mktemp("operator") / "operator.log",
            environ={**minimal(), "OPERATOR_PASSWORD": loaded.broker.operator_password, "PYTHONPATH": str(ROOT)},
        )
        process.start()
        try:
            _serve(cluster, process)
            yield port
        finally:
            process.stop()


def _serve(cluster: Cluster, process: Process) -> None:
    """Write the statuses that controllers would, until the CashBox is Ready."""

    def ready() -> bool:
        process.check()
        if len(cluster.get("statefulsets")["items"]) == 2:
            cluster.stores_answer(NAME)
        cluster.migrations_complete(NAME)
        cluster.pods_answer(NAME)
        conditions = cluster.get("cashbox", NAME).get("status", {}).get("conditions", [])
        return {"True"} == {one["status"] for one in conditions if one["type"] in ("Ready", "ScalingActive")}

    until("the CashBox is Ready", ready, seconds=90, pause=1)


@pytest.fixture(scope="module")
def textfile(loaded: Loaded, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Give the port at which the file of `caixa-saldo reconciliar` is read, as node_exporter would tell it."""
    folder = tmp_path_factory.mktemp("textfile")
    environ = minimal(
        **loaded.database.environ("reconciliacao", "caixa_saldo"),
        CAIXA_FLUXO_DATABASE_URL=loaded.database.environ("reconciliacao", "caixa_fluxo")["CAIXA_DATABASE_URL"],
        CAIXA_METRICS_FILE=str(folder / "metrics"),
    )
    run([Path(sys.executable).with_name("caixa-saldo"), "reconciliar"], environ=environ)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's own name
            """Say nothing."""

    served = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield served.server_port
    served.shutdown()
    served.server_close()


@pytest.fixture(scope="module")
def seen(loaded: Loaded, operator: int, textfile: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Give a Prometheus that has scraped everything before, while and after the platform was used."""
    processes: list[Target] = [
        (loaded.platform.one(name).program.management_port, "/metrics", {**CASHBOX, "component": component})
        for name, component in COMPONENTS.items()
    ]
    with prometheus(
        tmp_path_factory.mktemp("prometheus"), [*processes, (operator, "/metrics", {}), (textfile, "/metrics", CASHBOX)]
    ) as made:
        time.sleep(2)
        asyncio.run(load(loaded))
        time.sleep(3)  # two scrapes more: a rate needs what was before and what came after
        yield made


def queries(board: Path) -> list[tuple[str, str]]:
    """Return each panel's title and query, as Grafana sends it with all variables at All."""
    found = []
    for panel in json.loads(board.read_text())["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for variable, value in VARIABLES.items():
                expression = expression.replace(variable, value)
            found.append((panel["title"], expression))
    return found


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.stem)
def test_every_query_of_a_panel_returns_data(seen: Prometheus, board: Path) -> None:
    """Nothing on a dashboard stays empty on a platform that is used."""
    empty = [(title, expression) for title, expression in queries(board) if not seen.query(expression)]
    assert not empty


def test_dashboards_can_be_told_apart_and_filtered() -> None:
    """Three of them, each with its own id, the same variables, and units on every panel."""
    boards = [json.loads(board.read_text()) for board in BOARDS]
    assert len({board["uid"] for board in boards}) == len(boards) == 3
    for board in boards:
        assert [one["name"] for one in board["templating"]["list"]] == ["datasource", "namespace", "cashbox"]
        assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in board["panels"])


def alerts() -> list[dict[str, Any]]:  # Any: YAML
    """Return the chart's alerts."""
    found: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"][0]["rules"]
    return found


def test_alerts_are_evaluated_on_metrics_that_exist(seen: Prometheus) -> None:
    """Prometheus loads every rule and evaluates it without an error, and each metric that one names was scraped."""
    rules = {one["name"]: one for group in seen.ask("rules")["groups"] for one in group["rules"]}
    assert rules.keys() == {one["alert"] for one in alerts()}
    until("all rules were evaluated", lambda: all(one["health"] == "ok" for one in _rules(seen)), seconds=30)
    named = {name for one in alerts() for name in re.findall(r"\bcaixa_\w+", one["expr"])}
    assert named <= seen.names()


def _rules(seen: Prometheus) -> list[dict[str, Any]]:  # Any: the API's JSON
    return [one for group in seen.ask("rules")["groups"] for one in group["rules"]]


def test_what_is_wrong_is_pending_and_what_is_well_is_not(seen: Prometheus) -> None:
    """The load set messages apart: those two alerts begin, and no other does."""

    def begun() -> set[str]:
        return {one["labels"]["alertname"] for one in seen.ask("alerts")["alerts"]}

    until("these alerts begin, and no other is left", lambda: begun() == {"QuarantineNotEmpty", "ParkingNotEmpty"}, seconds=60)


def test_the_operator_exports_what_the_page_says(operator: int) -> None:
    """docs/metrics.md is what the operator's loop exports: names, types and labels."""
    found = exported(operator)
    page = documented()["operator"]
    assert {name for name in found if name.startswith("caixa_operator_")} == page.keys()
    for name, (kind, labels) in page.items():
        assert found[name].type == kind, name
        assert labels_of(found[name]) == {labels}, name


def test_each_alert_fires_when_it_should(tmp_path: Path) -> None:
    """The tests by promtool hold, and there is one for every alert."""
    document = yaml.safe_load((Path(__file__).parent / "alerts.test.yaml").read_text())
    asked = [one for test in document["tests"] for one in test["alert_rule_test"]]
    assert {one["alertname"] for one in asked if one["exp_alerts"]} == {one["alert"] for one in alerts()}
    # promtool compares annotations word by word where they exist: here it is about when, not about what is said.
    rules = yaml.safe_load(ALERTS.read_text())
    for rule in rules["groups"][0]["rules"]:
        del rule["annotations"]
    (tmp_path / "alerts.yaml").write_text(yaml.safe_dump(rules))
    (tmp_path / "test.yaml").write_text(yaml.safe_dump({**document, "rule_files": ["alerts.yaml"]}))
    run(["promtool", "test", "rules", tmp_path / "test.yaml"])
    run(["promtool", "check", "rules", ALERTS])


def test_each_alert_has_a_page_that_says_what_to_do() -> None:
    """The runbook of every alert exists, with what to look at and what to do; and no page is left without its alert."""
    pages = {one.stem: one.read_text() for one in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages.keys() == {one["alert"] for one in alerts()}
    for one in alerts():
        assert one["annotations"]["runbook_url"] == f"docs/runbooks/{one['alert']}.md"
        assert one["annotations"]["summary"]
        sections = re.findall(r"^## (.+)$", pages[one["alert"]], re.MULTILINE)
        assert sections == ["What to look at", "What to do"]
