"""One reconcile after the other, with the operator's own rights, against a real API server."""

import base64
from collections.abc import Callable
from typing import Any

from caixa_comum import schemas, topology
from caixa_operator.autoscaler.going import COST_ANNOTATION
from caixa_operator.autoscaler.reading import Reading
from caixa_operator.keeper import Keeper
from caixa_operator.reconcile.removal import remove
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.network import COMPONENTS
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import CashBox
from tests.control_plane.cluster import CHILDREN, COMPLETE, Cluster
from tests.control_plane.installed import Installed
from tests.control_plane.recorded import Recorded

SECRETS = {"secret/loja-admin", "secret/loja-mysql-users", "secret/loja-rabbitmq-users", "secret/loja-signing-key"}
DERIVED = {"secret/loja-mysql-init", "secret/loja-rabbitmq-definitions"}
DEPLOYMENTS = {f"deployment/loja-{part}" for part in ("fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway")}


class Steady:
    """A queue whose figures are given."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.in_hand: dict[str, int] = {}

    async def read(self) -> Reading:
        """Return the figures."""
        return self.reading

    async def held(self) -> dict[str, int]:
        """Return what the consumers at each address have in hand."""
        return self.in_hand


IDLE = Reading(ready=0, unacked=0, arrival_rate=0.0, ack_rate=0.0)
BUSY = Reading(ready=90_000, unacked=200, arrival_rate=0.0, ack_rate=0.0)


def keeper(api: Recorded, cluster: Cluster, reading: Reading = IDLE, name: str = "loja") -> Keeper:
    """Make the loop of one CashBox, as the operator does."""
    return Keeper(api.api, Settings(), lambda _cashbox, _credentials: Steady(reading), cluster.namespace, name)


async def served(api: Recorded, cluster: Cluster, reading: Reading = IDLE, **spec: object) -> Keeper:
    """Bring a CashBox to where it serves, with statuses as controllers write them."""
    cluster.cashbox(**spec)
    kept = keeper(api, cluster, reading)
    await kept.full()
    cluster.stores_answer()
    await kept.full()
    cluster.migrations_complete()
    await kept.full()
    cluster.pods_answer()
    await kept.full()
    return kept


def condition(cluster: Cluster, kind: str, name: str = "loja") -> dict[str, Any]:
    """Return a condition of a CashBox."""
    return next(one for one in cluster.get("cashbox", name)["status"]["conditions"] if one["type"] == kind)


async def test_migrations_gate_deployments_and_all_children_are_made(api: Recorded, cluster: Cluster) -> None:
    """Stores first, then Jobs, and no Deployment before the Job of its service is complete; then exactly these children exist."""
    cluster.cashbox()
    kept = keeper(api, cluster)
    await kept.full()
    assert cluster.names("deployments", "jobs", "cronjobs") == set()
    cluster.stores_answer()
    await kept.full()
    jobs = cluster.names("jobs")
    assert {name.rpartition("-")[0] for name in jobs} == {f"job/loja-{service}-migration" for service in ("fluxo", "saldo", "gateway")}
    assert cluster.names("deployments") == set()
    cluster.migrations_complete()
    await kept.full()
    cluster.pods_answer()
    status = await kept.full()
    parts = ("mysql", "rabbitmq", "fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway", "reconciliation")
    assert cluster.names("secrets") == SECRETS | DERIVED
    assert cluster.names("deployments") == DEPLOYMENTS
    assert cluster.names("statefulsets") == {"statefulset/loja-mysql", "statefulset/loja-rabbitmq"}
    assert cluster.names("services") == {f"service/loja-{part}" for part in ("mysql", "rabbitmq", "fluxo", "saldo", "gateway")}
    assert cluster.names("configmaps") - {"configmap/kube-root-ca.crt"} == {"configmap/loja-mysql", "configmap/loja-rabbitmq"}
    assert cluster.names("serviceaccounts") - {"serviceaccount/default"} == {f"serviceaccount/loja-{part}" for part in parts}
    assert cluster.names("cronjobs") == {"cronjob/loja-reconciliation"}
    budgets = {"fluxo", "fluxo-relay", "saldo", "gateway"}
    assert cluster.names("poddisruptionbudgets") == {f"poddisruptionbudget/loja-{part}" for part in budgets}
    assert {name.removeprefix("networkpolicy/loja-") for name in cluster.names("networkpolicies")} == {*COMPONENTS, "network"}
    assert status is not None
    assert status.summary == "Serving"
    assert condition(cluster, "Ready")["status"] == "True"


async def test_an_unchanged_cashbox_costs_no_write_and_one_list_per_kind(api: Recorded, cluster: Cluster) -> None:
    """Reconciling again writes nothing at all, lists each kind once and reads each Secret once."""
    kept = await served(api, cluster)
    before = cluster.versions()
    api.forget()
    await kept.full()
    assert api.writes == []
    assert cluster.versions() == before
    lists = [path.partition("?")[0] for path in api.reads]
    assert len(lists) == len(set(lists))


EDITS: list[tuple[str, str, dict[str, Any], Callable[[dict[str, Any]], object]]] = [
    ("service", "loja-fluxo", {"spec": {"ports": [{"port": 81}]}}, lambda found: [port["port"] for port in found["spec"]["ports"]]),
    ("configmap", "loja-mysql", {"data": {"my.cnf": "[mysqld]\n"}}, lambda found: found["data"]["my.cnf"]),
    ("deployment", "loja-fluxo", {"spec": {"replicas": 7}}, lambda found: found["spec"]["replicas"]),
    ("statefulset", "loja-mysql", {"spec": {"replicas": 0}}, lambda found: found["spec"]["replicas"]),
    ("serviceaccount", "loja-saldo", {"automountServiceAccountToken": True}, lambda found: found["automountServiceAccountToken"]),
    ("networkpolicy", "loja-mysql", {"spec": {"ingress": [{}]}}, lambda found: found["spec"]["ingress"]),
    ("poddisruptionbudget", "loja-fluxo", {"spec": {"maxUnavailable": 2}}, lambda found: found["spec"]["maxUnavailable"]),
    ("cronjob", "loja-reconciliation", {"spec": {"schedule": "@yearly"}}, lambda found: found["spec"]["schedule"]),
    ("secret", "loja-mysql-init", {"data": {"init.sql": "IA=="}}, lambda found: found["data"]["init.sql"]),
]


async def test_drift_is_repaired_and_what_others_own_is_left(api: Recorded, cluster: Cluster) -> None:
    """What the operator applied is put back by the next reconcile; labels and annotations of others stay."""
    kept = await served(api, cluster)
    before = [look(cluster.get(kind, name)) for kind, name, _, look in EDITS]
    for kind, name, patch, _ in EDITS:
        cluster.edit(kind, name, patch)
    cluster.edit("deployment", "loja-saldo", {"metadata": {"labels": {"team": "finance"}, "annotations": {"note": "mine"}}})
    await kept.full()
    assert [look(cluster.get(kind, name)) for kind, name, _, look in EDITS] == before
    theirs = cluster.get("deployment", "loja-saldo")["metadata"]
    assert (theirs["labels"]["team"], theirs["annotations"]["note"]) == ("finance", "mine")


async def test_deleted_children_come_back(api: Recorded, cluster: Cluster) -> None:
    """Every child but a complete Job may be deleted by hand: one reconcile makes it again."""
    kept = await served(api, cluster)
    kinds = [kind for kind in CHILDREN if kind != "jobs"]
    before = cluster.names(*kinds) | DERIVED
    for kind in kinds:
        cluster.run("delete", kind, "--selector=caixa.dev/cashbox=loja", "--wait=false")
    cluster.run("delete", *sorted(DERIVED))
    await kept.full()
    assert cluster.names(*kinds, "secrets") >= before


async def test_a_secret_s_loss_is_seen_at_the_next_turn(api: Recorded, cluster: Cluster) -> None:
    """Secrets are not watched, for that needs the right to list all of them: each turn, at most 8 s apart, reads its own by name."""
    kept = await served(api, cluster)
    assert await kept.turn(woken=False) <= 8
    api.forget()
    await kept.turn(woken=False)
    assert len([path for path in api.reads if "/secrets/" in path]) == len(SECRETS | DERIVED)
    assert not any("/services" in path for path in api.reads), "without news, nothing else is read"
    cluster.run("delete", "secret", "loja-mysql-init")
    cluster.edit("secret", "loja-rabbitmq-definitions", {"data": {"definitions.json": "e30="}})
    await kept.turn(woken=False)
    assert cluster.find("secret", "loja-mysql-init") is not None
    assert cluster.get("secret", "loja-rabbitmq-definitions")["data"]["definitions.json"] != "e30="


async def test_generated_secrets_are_never_overwritten(api: Recorded, cluster: Cluster) -> None:
    """A password that a person has set stays, and what reads it follows; a key that is missing is made, and only that one."""
    kept = await served(api, cluster)
    cluster.edit("secret", "loja-admin", {"data": {"client_secret": base64.b64encode(b"mine").decode()}})
    cluster.edit("secret", "loja-mysql-users", {"data": {"saldo": None}})
    others = {key: value for key, value in cluster.get("secret", "loja-mysql-users")["data"].items() if key != "saldo"}
    await kept.full()
    assert base64.b64decode(cluster.get("secret", "loja-admin")["data"]["client_secret"]) == b"mine"
    after = cluster.get("secret", "loja-mysql-users")["data"]
    assert after.pop("saldo")
    assert after == others


async def test_a_paused_cashbox_is_left_alone_and_says_so(api: Recorded, cluster: Cluster) -> None:
    """Nothing is repaired while spec.paused is true, and everything once it is false again."""
    kept = await served(api, cluster)
    cluster.cashbox(paused=True)
    cluster.run("delete", "service", "loja-fluxo")
    await kept.full()
    assert cluster.find("service", "loja-fluxo") is None
    assert cluster.get("cronjob", "loja-reconciliation")["spec"]["suspend"] is True
    assert condition(cluster, "ReconciliationPaused")["status"] == "True"
    before = cluster.versions()
    await kept.full()
    assert cluster.versions() == before
    cluster.cashbox(paused=False)
    await kept.full()
    assert cluster.find("service", "loja-fluxo") is not None
    assert cluster.get("cronjob", "loja-reconciliation")["spec"]["suspend"] is False
    assert condition(cluster, "ReconciliationPaused")["status"] == "False"


def compared(cluster: Cluster, name: str, end: dict[str, Any], part: str = "reconciliation") -> None:
    """Let a comparison, or a backup, have run, as the CronJob's controller and the Job's would."""
    cron = cluster.get("cronjob", f"loja-{part}")
    owner = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": cron["metadata"]["name"],
        "uid": cron["metadata"]["uid"],
        "controller": True,
    }
    template = cron["spec"]["jobTemplate"]
    metadata = {"name": name, "labels": template["metadata"]["labels"], "ownerReferences": [owner]}
    cluster.apply({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})
    cluster.status("job", name, end)


async def test_a_comparison_s_end_is_the_condition_reconciled(api: Recorded, cluster: Cluster) -> None:
    """Nobody knows before the first one; a difference degrades and names the Job; the next proof ends it; no Job of its is pruned."""
    kept = await served(api, cluster)
    assert condition(cluster, "Reconciled")["status"] == "Unknown"
    stamp, message = "2026-01-01T00:00:02Z", "Container reconciliation for pod x/y failed with exit code 1 matching FailJob rule at index 0"
    failed = [
        {"type": one, "status": "True", "reason": "PodFailurePolicy", "message": message, "lastTransitionTime": stamp}
        for one in ("FailureTarget", "Failed")
    ]
    compared(cluster, "loja-reconciliation-1", {"startTime": stamp, "failed": 1, "conditions": failed})
    await kept.full()
    assert (condition(cluster, "Reconciled")["status"], condition(cluster, "Degraded")["status"]) == ("False", "True")
    assert "loja-reconciliation-1" in cluster.get("cashbox", "loja")["status"]["summary"]
    proven = {**COMPLETE, "conditions": [{**one, "lastTransitionTime": "2026-01-01T01:00:00Z"} for one in COMPLETE["conditions"]]}
    compared(cluster, "loja-reconciliation-2", proven)
    await kept.full()
    assert (condition(cluster, "Reconciled")["status"], condition(cluster, "Degraded")["status"]) == ("True", "False")
    assert cluster.names("jobs") >= {"job/loja-reconciliation-1", "job/loja-reconciliation-2"}


async def test_a_backup_s_end_is_the_condition_backupsucceeded(api: Recorded, cluster: Cluster) -> None:
    """A running CashBox gets copies; a failure degrades and is an event; the next copy ends it; then nothing is written."""
    kept = await served(api, cluster)
    assert all(one["type"] != "BackupSucceeded" for one in cluster.get("cashbox", "loja")["status"]["conditions"])
    cluster.cashbox(mysql={"backup": {"schedule": "@daily", "keep": 2, "storage": {"size": "1Gi"}}})
    await kept.full()
    assert cluster.get("cronjob", "loja-backup")["spec"]["schedule"] == "@daily"
    assert cluster.get("persistentvolumeclaim", "loja-backup")["spec"]["resources"]["requests"] == {"storage": "1Gi"}
    assert "secret/loja-mysql-backup" in cluster.names("secrets")
    assert condition(cluster, "BackupSucceeded")["status"] == "Unknown"
    stamp = "2026-01-01T00:00:02Z"
    failed = [
        {"type": one, "status": "True", "reason": "BackoffLimitExceeded", "message": "x", "lastTransitionTime": stamp}
        for one in ("FailureTarget", "Failed")
    ]
    compared(cluster, "loja-backup-1", {"startTime": stamp, "failed": 1, "conditions": failed}, "backup")
    await kept.full()
    assert (condition(cluster, "BackupSucceeded")["status"], condition(cluster, "Degraded")["status"]) == ("False", "True")
    assert any(one["reason"] == "BackupFailed" and one["type"] == "Warning" for one in cluster.get("events")["items"])
    copied = {**COMPLETE, "conditions": [{**one, "lastTransitionTime": "2026-01-02T00:00:00Z"} for one in COMPLETE["conditions"]]}
    compared(cluster, "loja-backup-2", copied, "backup")
    await kept.full()
    assert (condition(cluster, "BackupSucceeded")["status"], condition(cluster, "Degraded")["status"]) == ("True", "False")
    api.forget()
    await kept.full()
    assert api.writes == []
    cluster.cashbox()
    await kept.full()
    assert cluster.find("cronjob", "loja-backup") is None
    assert cluster.find("persistentvolumeclaim", "loja-backup") is not None, "copies outlive the wish for more"
    assert all(one["type"] != "BackupSucceeded" for one in cluster.get("cashbox", "loja")["status"]["conditions"])


async def test_what_a_copy_lacked_is_sent_before_reconciled_is_judged(api: Recorded, cluster: Cluster) -> None:
    """After a restore one Job follows the migrations; until it has ended nobody knows; its account and policy are there; then no write."""
    cluster.cashbox(mysql={"restoreFrom": {"claimName": "old-backup"}})
    kept = keeper(api, cluster)
    await kept.full()
    cluster.stores_answer()
    await kept.full()
    assert "job/loja-reemission" not in cluster.names("jobs")
    cluster.migrations_complete()
    await kept.full()
    cluster.pods_answer()
    assert "job/loja-reemission" in cluster.names("jobs")
    assert {"serviceaccount/loja-reemission", "networkpolicy/loja-reemission"} <= cluster.names("serviceaccounts", "networkpolicies")
    await kept.full()
    assert (condition(cluster, "Reconciled")["status"], condition(cluster, "Reconciled")["reason"]) == ("Unknown", "Reemitting")
    compared(cluster, "loja-reconciliation-1", COMPLETE)
    await kept.full()
    assert condition(cluster, "Reconciled")["reason"] == "Reemitting"
    cluster.migrations_complete()  # and the Job that follows them
    await kept.full()
    assert condition(cluster, "Reconciled")["status"] == "True"
    api.forget()
    await kept.full()
    assert api.writes == []
    cluster.cashbox()
    await kept.full()
    assert "job/loja-reemission" not in cluster.names("jobs")


async def test_copies_go_with_delete_and_stay_with_retain(api: Recorded, cluster: Cluster) -> None:
    """The volume of copies has no owner that would take it along."""
    await served(api, cluster, mysql={"backup": {}})
    body = cluster.get("cashbox", "loja")
    assert "ownerReferences" not in cluster.get("persistentvolumeclaim", "loja-backup")["metadata"]
    assert await remove(api.api, body) == []
    body["spec"]["deletionPolicy"] = "Delete"
    assert {"PersistentVolumeClaim loja-backup", "Secret loja-mysql-backup"} <= set(await remove(api.api, body))


async def test_what_is_switched_off_goes(api: Recorded, cluster: Cluster) -> None:
    """Policies and budgets that are no longer wanted are pruned, and nothing else is."""
    kept = await served(api, cluster)
    kinds = [kind for kind in CHILDREN if kind not in ("networkpolicies", "poddisruptionbudgets")]
    before = cluster.names(*kinds)
    one = {"replicas": 1}
    cluster.cashbox(networkPolicy={"enabled": False}, gateway=one, fluxo={**one, "relay": one}, saldo=one)
    await kept.full()
    assert cluster.names("networkpolicies", "poddisruptionbudgets") == set()
    assert cluster.names(*kinds) == before


async def test_external_stores_wait_for_their_secrets_and_are_never_made(api: Recorded, cluster: Cluster) -> None:
    """Without the Secret the CashBox says which and what for; with it, it serves without a store, and a new password replaces pods."""
    stores = {store: {"mode": "External", "external": {"secret": f"their-{store}"}} for store in ("mysql", "rabbitmq")}
    cluster.cashbox(**stores)
    kept = keeper(api, cluster)
    assert await kept.turn(woken=True) <= 8
    assert condition(cluster, "Degraded")["reason"] == "SecretIncomplete"
    assert "there is no Secret their-mysql: make one with the keys url, fluxo," in condition(cluster, "Degraded")["message"]
    secret(cluster, "their-mysql", url="mysql://db.example:3306", **dict.fromkeys(schemas.USERS, "one"))
    rabbit = {"url": "amqp://mq.example/caixa", "management_url": "http://mq.example:15672"}
    secret(cluster, "their-rabbitmq", **rabbit, **dict.fromkeys(topology.USERS, "one"))
    await kept.full()
    cluster.migrations_complete()
    await kept.full()
    cluster.pods_answer()
    await kept.full()
    assert condition(cluster, "Ready")["status"] == "True"
    assert cluster.names("statefulsets", "configmaps") == {"configmap/kube-root-ca.crt"} & cluster.names("configmaps")
    assert cluster.names("secrets") == {"secret/their-mysql", "secret/their-rabbitmq", "secret/loja-admin", "secret/loja-signing-key"}
    before = cluster.get("deployment", "loja-fluxo")["spec"]["template"]
    secret(cluster, "their-mysql", url="mysql://db.example:3306", **dict.fromkeys(schemas.USERS, "two"))
    await kept.turn(woken=False)
    assert cluster.get("deployment", "loja-fluxo")["spec"]["template"] != before


async def test_a_fault_is_tried_again_later_each_time_and_the_condition_says_so(api: Recorded, cluster: Cluster) -> None:
    """A defect that one CashBox meets stops neither its next turn nor its children, and people read when it is tried again."""
    await served(api, cluster)

    def broken(_cashbox: CashBox, _credentials: Credentials) -> Steady:
        raise RuntimeError("a defect")

    kept = Keeper(api.api, Settings(), broken, cluster.namespace, "loja")
    assert [await kept.turn(woken=True) for _ in range(3)] == [1.0, 2.0, 4.0]
    degraded = condition(cluster, "Degraded")
    assert (degraded["reason"], degraded["message"]) == (
        "ReconcileFailed",
        "the last reconcile failed and is tried again after 4 s: a defect",
    )
    assert condition(cluster, "Ready")["status"] == "True", "what serves goes on serving"


def secret(cluster: Cluster, name: str, **values: str) -> None:
    """Make or change a Secret as a person does."""
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values})


async def test_retain_touches_nothing_and_delete_removes_volumes_and_generated_secrets(api: Recorded, cluster: Cluster) -> None:
    """A Secret that somebody else made under one of the names is left even so."""
    await served(api, cluster)
    body = cluster.get("cashbox", "loja")
    assert await remove(api.api, body) == []
    assert cluster.names("secrets") == SECRETS | DERIVED
    cluster.edit("secret", "loja-admin", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "vault"}}})
    body["spec"]["deletionPolicy"] = "Delete"
    await remove(api.api, body)
    assert cluster.names("secrets") == DERIVED | {"secret/loja-admin"}
    assert cluster.names("statefulsets") == set()


async def test_children_belong_to_their_cashbox_and_generated_secrets_to_nobody(api: Recorded, cluster: Cluster) -> None:
    """The garbage collector takes children with the CashBox, and never the passwords of volumes that stay."""
    await served(api, cluster)
    uid = cluster.get("cashbox", "loja")["metadata"]["uid"]
    for one in cluster.get(",".join((*CHILDREN, "secrets")), "--selector=caixa.dev/cashbox=loja")["items"]:
        owners = [owner["uid"] for owner in one["metadata"].get("ownerReferences", [])]
        generated = f"secret/{one['metadata']['name']}" in SECRETS
        assert owners == ([] if generated else [uid]), one["metadata"]["name"]


async def test_scaling_outlives_an_apply_and_lets_go_of_another_autoscaler(api: Recorded, cluster: Cluster) -> None:
    """A backlog scales up through /scale, an upgrade of the Deployment keeps the number, and an HPA on the target ends it."""
    kept = await served(api, cluster, BUSY)
    assert cluster.get("deployment", "loja-saldo-consumer")["spec"]["replicas"] == 8
    consumer = {"resources": {"requests": {"cpu": "150m"}}}
    cluster.cashbox(saldo={"consumer": consumer})
    await kept.full()
    scaled = cluster.get("deployment", "loja-saldo-consumer")
    assert scaled["spec"]["replicas"] == 8
    assert scaled["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] == "150m"
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "loja-saldo-consumer"}
    hpa = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4}
    cluster.apply({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "other"}, "spec": hpa})
    cluster.run("scale", "deployment", "loja-saldo-consumer", "--replicas=2")
    await kept.full()
    assert cluster.get("deployment", "loja-saldo-consumer")["spec"]["replicas"] == 2
    assert condition(cluster, "ScalingActive")["reason"] == "ConflictingAutoscaler"
    assert all(one["type"] != "ScalingLimited" for one in cluster.get("cashbox", "loja")["status"]["conditions"])
    said = [one["message"] for one in cluster.get("events")["items"] if one["reason"] == "Scaled"]
    assert any(message.startswith("1 → 8 consumers: 90000 ready") for message in said)


async def test_more_need_than_maximum_is_a_condition(api: Recorded, cluster: Cluster) -> None:
    """ScalingLimited says that the maximum is in the way and what to do, and ends with the need."""
    kept = await served(api, cluster, BUSY, saldo={"consumer": {"autoscaling": {"maxReplicas": 2}}})
    assert condition(cluster, "ScalingLimited")["status"] == "True"
    assert "raise it" in condition(cluster, "ScalingLimited")["message"]
    cluster.cashbox(saldo={"consumer": {"autoscaling": {"maxReplicas": 20}}})
    await kept.full()
    assert condition(cluster, "ScalingLimited")["status"] == "False"


async def test_the_consumer_with_the_least_in_hand_goes_first(api: Recorded, cluster: Cluster) -> None:
    """Before a step down each pod says what its end costs; a step up, or none, touches no pod."""
    spec = {"consumer": {"autoscaling": {"minReplicas": 2, "scaleDown": {"stabilizationSeconds": 0}}}}
    await served(api, cluster, saldo=spec)
    labels = cluster.get("deployment", "loja-saldo-consumer")["spec"]["template"]["metadata"]["labels"]
    container = {"name": "c", "image": "caixa"}
    for place in range(1, 4):
        cluster.apply(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"p{place}", "labels": labels}, "spec": {"containers": [container]}}
        )
        cluster.status("pod", f"p{place}", {"podIP": f"10.0.0.{place}", "podIPs": [{"ip": f"10.0.0.{place}"}]})
    queue = Steady(IDLE)
    queue.in_hand = {"10.0.0.1": 30, "10.0.0.3": 7}
    kept = Keeper(api.api, Settings(), lambda _cashbox, _credentials: queue, cluster.namespace, "loja")
    await kept.full()
    assert api.writes == [] or all("/pods/" not in path for _, path in api.writes)
    cluster.run("scale", "deployment", "loja-saldo-consumer", "--replicas=3")
    await kept.full()
    costs = {one["metadata"]["name"]: one["metadata"].get("annotations", {}).get(COST_ANNOTATION) for one in cluster.get("pods")["items"]}
    assert costs == {"p1": "30", "p2": None, "p3": "7"}
    assert cluster.get("deployment", "loja-saldo-consumer")["spec"]["replicas"] == 2


async def test_a_number_that_an_outsider_owns_is_never_reset(api: Recorded, cluster: Cluster) -> None:
    """In mode External, what KEDA or an HPA has set stays through every apply, and stays theirs."""
    kept = await served(api, cluster, saldo={"consumer": {"autoscaling": {"mode": "External"}}})
    cluster.run("scale", "deployment", "loja-saldo-consumer", "--replicas=3")
    cluster.cashbox(saldo={"consumer": {"autoscaling": {"mode": "External"}, "resources": {"requests": {"cpu": "150m"}}}})
    await kept.full()
    scaled = cluster.get("deployment", "loja-saldo-consumer", "--show-managed-fields")
    owners = {one["manager"] for one in scaled["metadata"]["managedFields"] if "f:replicas" in one["fieldsV1"].get("f:spec", {})}
    assert scaled["spec"]["replicas"] == 3
    assert owners.isdisjoint({"caixa-operator", "caixa-autoscaler"})


async def test_people_read_the_state_in_kubectl_s_columns(api: Recorded, cluster: Cluster) -> None:
    """`kubectl get` shows readiness, version, consumers, backlog and status, and `kubectl explain` knows every field."""
    await served(api, cluster)
    header, row = cluster.run("get", "cbx").splitlines()
    assert header.split() == ["NAME", "READY", "VERSION", "CONSUMERS", "BACKLOG", "AGE", "STATUS"]
    name, ready, version, consumers, backlog, _, status = row.split()
    assert (name, ready, version, consumers, backlog, status) == ("loja", "True", Settings().images_version, "1/1", "0", "Serving")
    assert "drain" in cluster.run("explain", "cashbox.spec.saldo.consumer.autoscaling.drainSeconds")


def test_what_the_operator_is_not_told_to_do_is_forbidden(cluster: Cluster, least: Installed) -> None:
    """The rights that every test here works with list no Secret, make no pod, no role, and change no CashBox's definition."""
    denied = [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("create", "clusterroles.rbac.authorization.k8s.io"),
    ]
    denied += [
        ("patch", "customresourcedefinitions.apiextensions.k8s.io"),
        ("create", "cashboxes.caixa.dev"),
        ("delete", "namespaces"),
        ("impersonate", "users"),
    ]
    for verb, resource in denied:
        assert not cluster.kubectl.works("auth", "can-i", verb, resource, f"--as={least.user}", "--all-namespaces"), f"{verb} {resource}"
