"""compose.yaml runs what the operator runs: the same commands, variables, limits and periods, none of them secret."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from caixa_comum import schemas
from caixa_operator.images import resolved
from caixa_operator.resources import fluxo, gateway, mysql, rabbitmq, saldo
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.environment import database, serving
from caixa_operator.resources.process import Process
from caixa_operator.resources.store import Store
from caixa_operator.settings import Settings
from compose.prepare import CASHBOX, USERS, generated

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = [describe(CASHBOX) for describe in (fluxo.api, fluxo.relay, saldo.api, saldo.consumer, gateway.process)]
ALL: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]  # Any: YAML
SERVICES = {name: service for name, service in ALL.items() if "profiles" not in service}
OBSERVING = {name: service for name, service in ALL.items() if service.get("profiles") == ["observability"]}


def _in_compose(value: str) -> str:
    """Name hosts as compose.yaml does: without the CashBox's name and namespace."""
    return value.replace(f".{CASHBOX.namespace}.svc", "").replace(f"//{CASHBOX.name}-", "//")


def _bytes(amount: str) -> int:
    unit = {"m": 2**20, "g": 2**30, "Mi": 2**20, "Gi": 2**30}
    digits = amount.rstrip("MGimg")
    return int(digits) * unit[amount.removeprefix(digits)]


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.component)
def test_a_process_runs_and_is_told_what_its_deployment_is(process: Process) -> None:
    """Command, every plain variable and the limit of memory are the Deployment's; variables with secrets are not in the file."""
    service = SERVICES[process.component]
    assert service["command"] == [process.component, f"caixa-{process.service}", process.command]
    own = {name: value for name, value in service["environment"].items() if not name.startswith("OTEL_")}
    assert own == {name: _in_compose(value) for name, value in (serving() | process.environment).plain.items()}
    assert _bytes(service["mem_limit"]) == _bytes(str(process.resources.limits.memory))


@pytest.mark.parametrize("name", schemas.SERVICES)
def test_migrations_run_as_the_user_who_may_alter_the_schema(name: str) -> None:
    """Each schema is brought up to date before the processes that need it start."""
    service = SERVICES[f"{name}-migration"]
    plain = database(CASHBOX, name, schemas.migration_user(name)).plain
    assert service["environment"] == {variable: _in_compose(value) for variable, value in plain.items()}
    assert service["command"] == [f"{name}-migration", f"caixa-{name}", "migrate"]
    conditions = [of.get("depends_on", {}).get(f"{name}-migration") for of in SERVICES.values()]
    assert {"condition": "service_completed_successfully"} in conditions
    assert all(of is None or of == {"condition": "service_completed_successfully"} for of in conditions)


@pytest.mark.parametrize("build", [mysql.store, rabbitmq.store], ids=["mysql", "rabbitmq"])
def test_a_server_runs_as_in_its_stateful_set(build: Any) -> None:  # Any: a function of the operator
    """Command, variables, limit of memory, time to end and what it is asked for are those of the pod."""
    store: Store = build(CASHBOX, resolved(CASHBOX.spec, Settings()), Credentials(generated("")))
    service = SERVICES[store.component]
    assert service["entrypoint"] == store.serve["command"]
    assert service.get("environment", {}) == {of["name"]: of["value"] for of in store.serve.get("env", [])}
    assert _bytes(service["mem_limit"]) == _bytes(str(store.spec.resources.limits.memory))
    assert service["stop_grace_period"] == f"{store.grace_seconds}s"


def test_images_are_the_operators_defaults() -> None:
    """Without any variable, compose.yaml names the published images that the operator would."""
    settings = Settings()
    images = {name: service["image"] for name, service in SERVICES.items()}
    assert images["mysql"] == f"${{CAIXA_MYSQL_IMAGE:-{settings.mysql_image}}}"
    assert images["rabbitmq"] == f"${{CAIXA_RABBITMQ_IMAGE:-{settings.rabbitmq_image}}}"
    assert images["fluxo"] == f"${{CAIXA_REGISTRY:-{settings.images_registry}}}/caixa-fluxo:${{CAIXA_VERSION:-{settings.images_version}}}"


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_confined(name: str) -> None:
    """A read-only root, no capability, no way to more privileges, a user of its own; `prepare` alone is root, without a network."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if name == "prepare":
        assert (service["user"], service["cap_add"], service["network_mode"]) == ("0:0", ["CHOWN"], "none")
    else:
        user = USERS[name.removesuffix("-initialise").removesuffix("-cookie")]
        assert service["user"] == f"{user}:{user}"
        assert "cap_add" not in service


def test_only_the_gateway_is_reached_and_only_from_this_machine() -> None:
    """One port is published, on the loopback address."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"gateway": ["127.0.0.1:${CAIXA_PORT:-8080}:8080"]}


def test_whoever_looks_runs_only_when_asked_and_is_confined_too() -> None:
    """Prometheus, Grafana and Seq: a profile, no capability, a read-only root, and ports on the loopback address alone."""
    assert ALL.keys() - SERVICES.keys() == OBSERVING.keys() == {"prometheus", "grafana", "seq"}
    for service in OBSERVING.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert service["image"].partition(":-")[2].startswith("docker.io/")


def test_prometheus_scrapes_every_process_and_grafana_shows_the_charts_dashboards() -> None:
    """Targets are the five processes' management ports; alerts and dashboards are the chart's own files, not copies."""
    scraped = yaml.safe_load((ROOT / "compose" / "observability" / "prometheus.yaml").read_text())["scrape_configs"][0]["static_configs"]
    assert {target for one in scraped for target in one["targets"]} == {f"{process.component}:9000" for process in PROCESSES}
    assert all(one["labels"]["component"] == one["targets"][0].partition(":")[0] for one in scraped)
    mounted = {volume["source"] for service in OBSERVING.values() for volume in service.get("volumes", []) if isinstance(volume, dict)}
    assert {"./charts/caixa/files/alerts.yaml", "./charts/caixa/files/dashboards"} <= mounted
    assert all((ROOT / source).exists() for source in mounted)


def test_every_process_exports_where_it_is_told() -> None:
    """The endpoint is one variable for all five, empty unless it is given."""
    for process in PROCESSES:
        environ = SERVICES[process.component]["environment"]
        assert environ["OTEL_EXPORTER_OTLP_ENDPOINT"] == "${OTEL_EXPORTER_OTLP_ENDPOINT:-}"
