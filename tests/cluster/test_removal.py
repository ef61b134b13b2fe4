"""Deleting a CashBox takes its children and keeps its money, and one of the same name takes that up."""

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from tests.cluster import ledger
from tests.cluster.installation import NAMESPACE, Installation, as_written
from tests.cluster.shop import Merchant, Post, all_of, opened
from tests.demo.demo_cashbox import RESOURCE
from tests.demo.demo_install import OPERATOR_NAMESPACE
from tests.kubernetes.waiting import until

CHILDREN = "deployments,statefulsets,services,jobs,pods,configmaps,serviceaccounts"
ENTRIES = 30


@dataclass(frozen=True)
class Estate:
    """What a CashBox had when it was deleted."""

    spec: dict[str, Any]  # Any: Kubernetes objects are free-form JSON
    merchant: Merchant
    posts: list[Post]
    entries: list[dict[str, Any]]
    sums: dict[str, ledger.Sum]
    claims: set[str]


@pytest.fixture(scope="module")
def estate(platform: Installation) -> Estate:
    """Record entries, and delete the CashBox once all are in their balances."""
    return asyncio.run(left(platform))


async def left(platform: Installation) -> Estate:
    """Delete the CashBox, and return what it had."""
    ours = f"--selector=caixa.dev/cashbox={platform.name}"
    async with opened(platform.gateway, platform.admin) as shop:
        merchant = await shop.register("Herdeira")
        await all_of(shop, [merchant], ENTRIES, at_once=8)
        await shop.caught_up([merchant], seconds=120)
        entries = await shop.entries(merchant)
    sums = ledger.balances(platform.kubectl, platform.name)
    assert sums == ledger.entries(platform.kubectl, platform.name)
    spec = platform.cashbox()["spec"]
    claims = {claim["metadata"]["name"] for claim in platform.kubectl.items("persistentvolumeclaims", ours)}
    platform.kubectl("delete", RESOURCE, platform.name, "--timeout=120s", "--ignore-not-found")
    until("the children are gone", lambda: not platform.kubectl.items(CHILDREN, ours), seconds=150, pause=0.5)
    return Estate(spec, merchant, shop.posts, entries, sums, claims)


def test_children_go_and_volumes_and_secrets_stay(platform: Installation, estate: Estate) -> None:
    """With deletionPolicy Retain, the default, everything but volumes and generated Secrets is gone after the CashBox."""
    ours = f"--selector=caixa.dev/cashbox={platform.name}"
    assert estate.claims == {f"data-{platform.name}-mysql-0", f"data-{platform.name}-rabbitmq-0"}
    assert {claim["metadata"]["name"] for claim in platform.kubectl.items("persistentvolumeclaims", ours)} == estate.claims
    secrets = {secret["metadata"]["name"] for secret in platform.kubectl.items("secrets", ours)}
    assert secrets == {f"{platform.name}-{name}" for name in ("admin", "mysql-users", "rabbitmq-users", "signing-key")}


async def test_a_cashbox_of_the_same_name_takes_up_what_stayed(platform: Installation, estate: Estate) -> None:
    """Administrator and merchant sign in as before, see the same entries and the same balance, and go on; no merchant's sums differ."""
    made = {"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": {"name": platform.name, "namespace": NAMESPACE}}
    platform.kubectl.apply([{**made, "spec": estate.spec}])
    adopted = platform.beside(platform.name)
    assert adopted.admin == platform.admin
    assert ledger.entries(platform.kubectl, platform.name) == ledger.balances(platform.kubectl, platform.name) == estate.sums
    async with opened(adopted.gateway, adopted.admin) as shop:
        shop.posts.extend(estate.posts)
        await shop.caught_up([estate.merchant], seconds=60)
        assert await shop.entries(estate.merchant) == estate.entries
        await shop.post(estate.merchant, 5_000)
        await shop.caught_up([estate.merchant], seconds=120)
        await shop.register("Nova")


def test_without_the_operator_a_cashbox_can_still_be_deleted(platform: Installation) -> None:
    """`helm uninstall` lets go of every CashBox and leaves it; deleting it afterwards waits for nobody."""
    if platform.kubectl.find(RESOURCE, platform.name) is None:
        platform.kubectl("apply", "--server-side", "--filename=k8s/samples/minimo.yaml")
    platform.patch({"paused": True})
    until("the operator holds it", lambda: platform.cashbox()["metadata"].get("finalizers"), seconds=60, pause=0.5)
    as_written(platform.kubectl, f"helm uninstall caixa --namespace {OPERATOR_NAMESPACE} --wait --timeout 120s")
    assert not platform.cashbox()["metadata"].get("finalizers")
    platform.kubectl("delete", RESOURCE, platform.name, "--timeout=20s")
