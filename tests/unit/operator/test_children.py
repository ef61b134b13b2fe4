"""Every child of a CashBox, as rules that hold for all of them."""

from collections.abc import Iterator

import pytest

from caixa_operator.manifest import Manifest, ref
from caixa_operator.resources.identity import OWNER_LABEL
from tests.unit.operator.boxes import cashbox, family, found

LARGEST = {
    "saldo": {"replicas": 3, "consumer": {"autoscaling": {"minReplicas": 2}}},
    "mysql": {"backup": {}, "restoreFrom": {"claimName": "old-backup"}},
    "networkPolicy": {"metricsFrom": [{"namespaceSelector": {}}]},
}
BUILT = family(cashbox(**LARGEST))
LONGEST = "l" * 36


def pods(built: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Yield every pod's spec with the name of what makes it."""
    for one in built:
        spec = one.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            yield one["metadata"]["name"], template["spec"]


@pytest.mark.parametrize(("name", "spec"), list(pods(BUILT)), ids=lambda one: one if isinstance(one, str) else "")
def test_every_pod_meets_the_restricted_profile(name: str, spec: Manifest) -> None:
    """Not root, no privilege, no capability, a read-only root, no API token: for main and init containers alike."""
    assert spec["securityContext"]["runAsNonRoot"], name
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for container in (*spec["containers"], *spec.get("initContainers", [])):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["limits"]["memory"]


def test_no_password_is_in_a_pod_or_a_config_map() -> None:
    """Values of Secrets are only ever referred to."""
    for one in BUILT:
        if one["kind"] != "Secret":
            assert "mysql-users-" not in str(one), ref(one)
            assert "mysql-backup-" not in str(one), ref(one)
            assert "rabbitmq-users-" not in str(one), ref(one)


def test_every_child_is_labelled_owned_and_unique() -> None:
    """The label finds it, the owner reference takes it along, and no two have the same name; only the copies' volume outlives it."""
    assert len({ref(one) for one in BUILT}) == len(BUILT)
    for one in BUILT:
        assert one["metadata"]["labels"][OWNER_LABEL] == "loja"
        owners = [owner["uid"] for owner in one["metadata"].get("ownerReferences", [])]
        assert owners == ([] if one["kind"] == "PersistentVolumeClaim" else ["u-1"])


def test_the_longest_name_still_fits() -> None:
    """A Service and a label hold 63 characters, and a CronJob's name 52, for its Jobs are named after it."""
    for one in family(cashbox(LONGEST, mysql={"backup": {}})):
        assert len(one["metadata"]["name"]) <= (52 if one["kind"] == "CronJob" else 63)


def test_pods_spread_over_zones_and_nodes_unless_told_otherwise() -> None:
    """Two pods of a process do not go down with one node or one zone where it can be helped; an affinity of one's own replaces that."""
    spec = found(BUILT, "Deployment", "loja-fluxo")["spec"]["template"]["spec"]
    assert [one["topologyKey"] for one in spec["topologySpreadConstraints"]] == ["topology.kubernetes.io/zone", "kubernetes.io/hostname"]
    assert {one["whenUnsatisfiable"] for one in spec["topologySpreadConstraints"]} == {"ScheduleAnyway"}
    own = family(cashbox(fluxo={"affinity": {"podAntiAffinity": {}}}))
    spec = found(own, "Deployment", "loja-fluxo")["spec"]["template"]["spec"]
    assert spec["affinity"] == {"podAntiAffinity": {}}
    assert "topologySpreadConstraints" not in spec


@pytest.mark.parametrize(
    ("spec", "budgets"),
    [
        ({}, {"fluxo", "fluxo-relay", "saldo", "gateway"}),
        ({"gateway": {"replicas": 1}, "fluxo": {"replicas": 1, "relay": {"replicas": 1}}, "saldo": {"replicas": 1}}, set()),
        ({"saldo": {"consumer": {"autoscaling": {"minReplicas": 2}}}}, {"fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway"}),
        ({"saldo": {"consumer": {"autoscaling": {"mode": "External", "minReplicas": 2}}}}, {"fluxo", "fluxo-relay", "saldo", "gateway"}),
        (
            {"saldo": {"consumer": {"replicas": 3, "autoscaling": {"mode": "Fixed"}}}},
            {"fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway"},
        ),
    ],
)
def test_a_budget_guards_what_always_has_two_pods(spec: dict[str, object], budgets: set[str]) -> None:
    """A drained node takes one of them at a time; a process of one pod has no budget, which would only keep the node from being drained."""
    built = [one for one in family(cashbox(**spec)) if one["kind"] == "PodDisruptionBudget"]
    assert {one["metadata"]["name"].removeprefix("loja-") for one in built} == budgets
    assert all(one["spec"]["maxUnavailable"] == 1 for one in built)


def test_the_comparison_runs_as_the_user_who_writes_nothing_and_is_suspended_while_paused() -> None:
    """It reads two schemas with one password, ends the Job at once where a balance differs, and its schedule is the CashBox's."""
    built = found(
        family(cashbox(paused=True, saldo={"reconciliation": {"schedule": "@daily", "patienceSeconds": 5}})),
        "CronJob",
        "loja-reconciliation",
    )
    assert (built["spec"]["schedule"], built["spec"]["suspend"]) == ("@daily", True)
    job = built["spec"]["jobTemplate"]["spec"]
    env = {one["name"]: one.get("value", one.get("valueFrom")) for one in job["template"]["spec"]["containers"][0]["env"]}
    assert env == {
        "CAIXA_DATABASE_URL": "mysql://loja-mysql:3306/caixa_saldo",
        "CAIXA_FLUXO_DATABASE_URL": "mysql://loja-mysql:3306/caixa_fluxo",
        "CAIXA_DATABASE_USER": "reconciliacao",
        "CAIXA_DATABASE_PASSWORD": {"secretKeyRef": {"name": "loja-mysql-users", "key": "reconciliacao"}},
        "CAIXA_PATIENCE_SECONDS": "5",
    }
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [1]
    assert job["template"]["spec"]["restartPolicy"] == "Never"


def test_an_image_s_digest_is_taken_as_it_is_written() -> None:
    """A service's image may be named in full, by digest."""
    digest = "registry.example/caixa-fluxo@sha256:" + "a" * 64
    built = found(family(cashbox(images={"fluxo": digest})), "Deployment", "loja-fluxo")
    assert built["spec"]["template"]["spec"]["containers"][0]["image"] == digest
    other = found(family(cashbox()), "Deployment", "loja-saldo")
    assert other["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/caixa/caixa-saldo:1.2.3"


def test_processes_export_where_the_cashbox_says_and_nowhere_else() -> None:
    """spec.monitoring.otlpEndpoint reaches every process's environment; without it there is no variable of OpenTelemetry."""

    def exported(**monitoring: object) -> list[dict[str, str]]:
        deployments = [one for one in family(cashbox(monitoring=monitoring)) if one["kind"] == "Deployment"]
        containers = [one["spec"]["template"]["spec"]["containers"][0] for one in deployments]
        return [{of["name"]: of["value"] for of in one["env"] if of["name"].startswith("OTEL_")} for one in containers]

    assert exported() == [{}] * 5
    endpoint = "http://seq.vigia:5341/ingest/otlp"
    assert exported(otlpEndpoint=endpoint) == [{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_METRICS_EXPORTER": "none"}] * 5
    assert exported(otlpEndpoint=endpoint, otlpMetrics=True)[0]["OTEL_METRICS_EXPORTER"] == "otlp"
