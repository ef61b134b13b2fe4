"""Secrets that somebody else makes in the place of generated ones, on a real API server with the operator's own rights."""

import base64

from caixa_operator.reconcile.removal import remove
from caixa_operator.resources.existing import expected
from tests.control_plane.cluster import Cluster
from tests.control_plane.recorded import Recorded
from tests.control_plane.test_reconcile import condition, keeper, secret

NAMES = {"mysqlUsers": "vault-mysql", "rabbitmqUsers": "vault-rabbitmq", "admin": "loja-admin"}


def made(cluster: Cluster, name: str, of: str, word: str = "one") -> None:
    """Make or change a Secret as Vault's agent does."""
    secret(cluster, name, **dict.fromkeys(expected(of), word))


async def test_existing_secrets_are_waited_for_read_and_never_written(api: Recorded, cluster: Cluster) -> None:
    """What is missing is named; then the CashBox serves with them; another password replaces pods; none is written, and none deleted."""
    cluster.cashbox(deletionPolicy="Delete", credentials={"existing": NAMES})
    kept = keeper(api, cluster)
    assert await kept.turn(woken=True) <= 8
    degraded = condition(cluster, "Degraded")
    assert degraded["reason"] == "SecretIncomplete"
    assert "there is no Secret vault-mysql: make one with the keys root, fluxo," in degraded["message"]
    assert "there is no Secret loja-admin: make one with the keys client_id, client_secret" in degraded["message"]
    assert cluster.names("secrets") == set()
    made(cluster, "vault-mysql", "mysql-users")
    made(cluster, "vault-rabbitmq", "rabbitmq-users")
    secret(cluster, "loja-admin", client_id="admin")
    await kept.turn(woken=True)
    assert "Secret loja-admin lacks client_secret: add what is missing" in condition(cluster, "Degraded")["message"]
    made(cluster, "loja-admin", "admin")
    # As if the operator had generated it once: its name alone says now whose it is.
    cluster.edit("secret", "loja-admin", {"metadata": {"labels": {"app.kubernetes.io/managed-by": "caixa-operator"}}})
    before = {name: version for name, version in cluster.versions().items() if name.startswith("Secret/")}
    await kept.full()
    cluster.stores_answer()
    await kept.full()
    cluster.migrations_complete()
    await kept.full()
    cluster.pods_answer()
    await kept.full()
    assert condition(cluster, "Ready")["status"] == "True"
    assert condition(cluster, "Degraded")["status"] == "False"
    assert cluster.get("cashbox", "loja")["status"]["endpoints"]["adminSecret"] == "loja-admin"
    generated = {"secret/loja-mysql-init", "secret/loja-rabbitmq-definitions", "secret/loja-signing-key"}
    assert cluster.names("secrets") == {f"secret/{name}" for name in NAMES.values()} | generated
    api.forget()
    await kept.full()
    assert api.writes == []
    deployment = cluster.get("deployment", "loja-fluxo")["spec"]["template"]
    store = cluster.get("statefulset", "loja-mysql")["spec"]["template"]
    made(cluster, "vault-mysql", "mysql-users", "two")
    await kept.turn(woken=False)
    assert cluster.get("deployment", "loja-fluxo")["spec"]["template"] != deployment
    assert cluster.get("statefulset", "loja-mysql")["spec"]["template"] != store
    assert "IDENTIFIED BY 'two'" in base64.b64decode(cluster.get("secret", "loja-mysql-init")["data"]["init.sql"]).decode()
    await remove(api.api, cluster.get("cashbox", "loja"))
    assert cluster.names("secrets") == {f"secret/{name}" for name in NAMES.values()} | generated - {"secret/loja-signing-key"}
    after = cluster.versions()
    assert {name: after[name] for name in before if name != "Secret/vault-mysql"} == {
        name: version for name, version in before.items() if name != "Secret/vault-mysql"
    }
