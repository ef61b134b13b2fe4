"""The gateway's certificate on a real API server."""

import base64

from tests.control_plane.cluster import Cluster
from tests.control_plane.recorded import Recorded
from tests.control_plane.test_reconcile import condition, keeper, served
from tests.kubernetes.certificates import Authority

AUTHORITY = Authority("teste")


def renew(cluster: Cluster) -> None:
    """Make the certificate's Secret, or renew it, as cert-manager does, a key store beside it."""
    pair = AUTHORITY.issue("loja", hosts=["loja.example"])
    data = {"tls.crt": pair.certificate, "tls.key": pair.key, "ca.crt": AUTHORITY.certificate, "keystore.jks": b"\xfe\xed\xfe\xed"}
    encoded = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"name": "loja-gateway-tls"}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": metadata, "data": encoded})


def template(cluster: Cluster, part: str) -> object:
    """Return a Deployment's template."""
    return cluster.get("deployment", f"loja-{part}")["spec"]["template"]


async def test_https_waits_for_its_secret_and_a_renewed_one_replaces_the_gateway_s_pods(api: Recorded, cluster: Cluster) -> None:
    """What serves goes on serving until the Secret is there; then the URL is https, and each renewal is seen at the next turn."""
    await served(api, cluster)
    before = template(cluster, "gateway")
    cluster.cashbox(tls={"secretName": "loja-gateway-tls"})
    kept = keeper(api, cluster)
    assert await kept.turn(woken=True) <= 8
    assert condition(cluster, "Degraded")["reason"] == "SecretIncomplete"
    assert "there is no Secret loja-gateway-tls" in condition(cluster, "Degraded")["message"]
    assert template(cluster, "gateway") == before
    renew(cluster)
    await kept.full()
    assert cluster.get("cashbox", "loja")["status"]["endpoints"]["gateway"] == f"https://loja-gateway.{cluster.namespace}.svc:8080"
    assert "service/loja-gateway-keys" in cluster.names("services")
    first, fluxo = template(cluster, "gateway"), template(cluster, "fluxo")
    assert first != before
    renew(cluster)
    await kept.turn(woken=False)
    assert template(cluster, "gateway") != first
    assert template(cluster, "fluxo") == fluxo
    api.forget()
    await kept.full()
    assert api.writes == []
