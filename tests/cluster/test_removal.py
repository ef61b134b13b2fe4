"""Deleting a CashBox takes its children and keeps its money."""

from tests.cluster.installation import Installation, as_written
from tests.demo.demo_cashbox import RESOURCE
from tests.demo.demo_install import OPERATOR_NAMESPACE
from tests.kubernetes.waiting import until

CHILDREN = "deployments,statefulsets,services,jobs,pods,configmaps,serviceaccounts"


def test_children_go_and_volumes_and_secrets_stay(platform: Installation) -> None:
    """With deletionPolicy Retain, the default, everything but volumes and generated Secrets is gone after the CashBox."""
    ours = f"--selector=caixa.dev/cashbox={platform.name}"
    claims = {claim["metadata"]["name"] for claim in platform.kubectl.items("persistentvolumeclaims", ours)}
    assert claims == {f"data-{platform.name}-mysql-0", f"data-{platform.name}-rabbitmq-0"}
    platform.kubectl("delete", RESOURCE, platform.name, "--timeout=120s", "--ignore-not-found")
    until("the children are gone", lambda: not platform.kubectl.items(CHILDREN, ours), seconds=150, pause=0.5)
    assert {claim["metadata"]["name"] for claim in platform.kubectl.items("persistentvolumeclaims", ours)} == claims
    secrets = {secret["metadata"]["name"] for secret in platform.kubectl.items("secrets", ours)}
    assert secrets == {f"{platform.name}-{name}" for name in ("admin", "mysql-users", "rabbitmq-users", "signing-key")}


def test_without_the_operator_a_cashbox_can_still_be_deleted(platform: Installation) -> None:
    """`helm uninstall` lets go of every CashBox and leaves it; deleting it afterwards waits for nobody."""
    platform.kubectl("apply", "--server-side", "--filename=k8s/samples/minimo.yaml")
    platform.patch({"paused": True})
    until("the operator holds it", lambda: platform.cashbox()["metadata"].get("finalizers"), seconds=60, pause=0.5)
    as_written(platform.kubectl, f"helm uninstall caixa --namespace {OPERATOR_NAMESPACE} --wait --timeout 120s")
    assert not platform.cashbox()["metadata"].get("finalizers")
    platform.kubectl("delete", RESOURCE, platform.name, "--timeout=20s")
