"""A copy that is made while the broker holds events, and a new CashBox that begins with it: every merchant's balances are equal."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.cluster import ledger
from tests.cluster.installation import Installation
from tests.cluster.shop import Merchant, Refused, Shop, all_of, opened
from tests.demo.demo_cashbox import RESOURCE, condition
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.waiting import until

APPLIED, HELD = 45, 90
NAME = "restaurada"
LITTLE = {"resources": {"requests": {"cpu": "10m"}}}
CHILDREN = "deployments,statefulsets,jobs,pods,persistentvolumeclaims"
ZONE = "America/Sao_Paulo"


@pytest.fixture
def copied(platform: Installation) -> Iterator[Installation]:
    """Have copies made, and its consumers go on, until the test ends; afterwards there are neither copies nor a second platform."""
    platform.patch({"mysql": {"backup": {"schedule": "15 3 1 1 *", "storage": {"size": "1Gi"}}}})
    platform.restarted("mysql")
    yield platform
    remove(platform.kubectl, NAME)
    platform.patch({"mysql": {"backup": None}, "saldo": {"consumer": {"replicas": None, "autoscaling": {"mode": "Operator"}}}})
    platform.restarted("mysql")
    platform.kubectl("delete", f"persistentvolumeclaim/{platform.name}-backup", f"secret/{platform.name}-mysql-backup")


async def test_a_restored_cashbox_has_every_balance_even_of_what_the_broker_held(copied: Installation) -> None:
    """By the same credentials through its own gateway and by sums in both schemas; its Reconciled and the copy's condition are True."""
    async with opened(copied.gateway, copied.admin) as shop:
        merchants = [await registered(shop, number) for number in range(3)]
        await all_of(shop, merchants, APPLIED, at_once=8)
        await shop.caught_up(merchants, seconds=120)
        await held_by_the_broker(copied, shop, merchants)
        before = await asyncio.to_thread(ledger.entries, copied.kubectl, copied.name)

        said = await asyncio.to_thread(copied.run_now, "backup")
        assert "verified" in said
        await asyncio.to_thread(until, "the copy's condition", lambda: copied.holds("BackupSucceeded"), seconds=30)
        copied.patch({"saldo": {"consumer": {"replicas": 1}}})
        await shop.caught_up(merchants, seconds=120)

    restored = await asyncio.to_thread(restore, copied)
    lost = next(json.loads(line) for line in restored.completed(f"{NAME}-reemission").splitlines() if "reemitted" in line)
    assert (lost["entries"], lost["closings"], lost["unknown"]) == (HELD, 1, 0)
    async with opened(restored.gateway, restored.admin) as again:
        again.posts.extend(shop.posts)
        await again.caught_up(merchants, seconds=60)
        assert len(await again.entries(merchants[0])) == len(await listed(copied, merchants[0]))
    assert ledger.entries(restored.kubectl, NAME) == ledger.balances(restored.kubectl, NAME) == before
    assert ledger.ask(restored.kubectl, NAME, "saldo", CLOSED) == ledger.ask(copied.kubectl, copied.name, "fluxo", RECEIPTS)
    assert json.loads(restored.run_now("reconciliation").splitlines()[-1])["situacao"] == "conciliado"
    until("the restored balances are proven", lambda: restored.holds("Reconciled"), seconds=30)
    assert condition(restored.cashbox(), "Degraded")["status"] == "False"


CLOSED = "SELECT HEX(event_id), hash FROM caixa_saldo.fechamento_recebido ORDER BY 1"
RECEIPTS = "SELECT HEX(id), LOWER(HEX(hash)) FROM caixa_fluxo.fechamento ORDER BY 1"
WAITING = "SELECT COUNT(*) FROM caixa_fluxo.outbox"


async def registered(shop: Shop, number: int) -> Merchant:
    """Register a merchant, again and again while services still find their way back to a database that has just been restarted."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return await shop.register(f"Copiada {number}", ZONE)
        except Refused:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(1)


async def held_by_the_broker(copied: Installation, shop: Shop, merchants: list[Merchant]) -> None:
    """Post entries and close a day while nobody consumes, until all of it has left the outbox."""
    copied.patch({"saldo": {"consumer": {"replicas": 0, "autoscaling": {"mode": "Fixed"}}}})
    await asyncio.to_thread(until, "no consumer runs", lambda: not copied.pods("saldo-consumer"), seconds=120)
    await all_of(shop, merchants, HELD, at_once=8)
    await shop.close(merchants[0], (datetime.now(ZoneInfo(ZONE)) - timedelta(days=1)).date())
    assert all(post.last == 201 for post in shop.posts)

    def handed_over() -> bool:
        return ledger.ask(copied.kubectl, copied.name, "fluxo", WAITING).strip() == "0"

    await asyncio.to_thread(until, "the broker holds every event", handed_over, seconds=60)


def restore(copied: Installation) -> Installation:
    """Make a small CashBox that begins with the newest copy, and wait until it serves."""
    small = {"replicas": 1, **LITTLE}
    spec = {
        "gateway": {**small, "expose": {"type": "NodePort"}},
        "fluxo": {**small, "relay": LITTLE},
        "saldo": {**small, "consumer": LITTLE, "reconciliation": LITTLE},
        "mysql": {**LITTLE, "storage": {"size": "1Gi"}, "restoreFrom": {"claimName": f"{copied.name}-backup"}},
        "rabbitmq": {**LITTLE, "storage": {"size": "1Gi"}},
        "deletionPolicy": "Delete",
    }
    made = {"apiVersion": "caixa.dev/v1alpha1", "kind": "CashBox", "metadata": {"name": NAME, "namespace": "default"}, "spec": spec}
    copied.kubectl.apply([made])
    return copied.beside(NAME)


def remove(kubectl: Kubectl, name: str) -> None:
    """Delete a CashBox, with its volumes where it says so, and wait until nothing of it runs."""
    kubectl("delete", RESOURCE, name, "--timeout=120s", "--ignore-not-found")
    until("its children are gone", lambda: not kubectl.items(CHILDREN, f"--selector=caixa.dev/cashbox={name}"), seconds=150, pause=0.5)


async def listed(copied: Installation, merchant: Merchant) -> list[dict[str, object]]:
    """Return the merchant's newest entries as the platform that was copied shows them."""
    async with opened(copied.gateway, copied.admin) as shop:
        return await shop.entries(merchant)
