"""The gateway's certificate, as its children say it."""

import pytest

from caixa_operator.manifest import Manifest
from caixa_operator.reconcile.report import endpoints
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.external import Incomplete
from caixa_operator.resources.family import children
from caixa_operator.resources.tls import used, verified
from tests.kubernetes.certificates import Authority, Pair
from tests.unit.operator.boxes import CREDENTIALS, applied, cashbox, found, images
from tests.unit.operator.test_network import _allows, _labels

AUTHORITY = Authority("teste")
BOX = cashbox(tls={"secretName": "loja-gateway-tls"})


def values(pair: Pair) -> dict[str, str]:
    """Return a Secret's values."""
    return {"tls.crt": pair.certificate.decode(), "tls.key": pair.key.decode()}


def family_of(pair: Pair) -> list[Manifest]:
    """Return every child, with a certificate."""
    return children(BOX, images(BOX), Credentials({**CREDENTIALS.values, "tls": values(pair)}), operator_namespace="caixa-system")


FIRST, SECOND = (AUTHORITY.issue("loja", hosts=["loja.example"]) for _ in range(2))
BUILT = family_of(FIRST)


def environment(deployment: str) -> dict[str, str]:
    """Return the plain variables of a Deployment's pods."""
    container = found(BUILT, "Deployment", deployment)["spec"]["template"]["spec"]["containers"][0]
    return {one["name"]: one["value"] for one in container["env"] if "value" in one}


def test_the_gateway_serves_https_and_its_neighbours_read_the_keys_beside_it() -> None:
    """The issuer follows; fluxo and saldo ask the management port, and may reach no other of the gateway's."""
    gateway = environment("loja-gateway")
    assert gateway["CAIXA_TLS_CERTIFICATE"] == "/etc/caixa/tls/tls.crt"
    assert gateway["CAIXA_TOKEN_ISSUER"] == environment("loja-fluxo")["CAIXA_TOKEN_ISSUER"] == "https://loja-gateway.caixa.svc:8080"
    assert environment("loja-saldo")["CAIXA_JWKS_URL"] == "http://loja-gateway-keys:9000/.well-known/jwks.json"
    assert found(BUILT, "Service", "loja-gateway-keys")["spec"]["ports"][0]["port"] == 9000
    assert found(BUILT, "Service", "loja-gateway")["spec"]["ports"][0]["appProtocol"] == "https"
    assert endpoints(BOX, applied(BUILT)).gateway == "https://loja-gateway.caixa.svc:8080"
    policies = [one for one in BUILT if one["kind"] == "NetworkPolicy"]
    for neighbour in ("fluxo", "saldo"):
        assert _allows(policies, "Egress", _labels(neighbour), _labels("gateway"), 9000)
        assert _allows(policies, "Ingress", _labels("gateway"), _labels(neighbour), 9000)
        assert not _allows(policies, "Egress", _labels(neighbour), _labels("gateway"), 8080)


def test_probes_stay_where_they_were() -> None:
    """They ask the management port, which speaks plain HTTP."""
    container = found(BUILT, "Deployment", "loja-gateway")["spec"]["template"]["spec"]["containers"][0]
    assert container["readinessProbe"]["httpGet"] == {"path": "/saude/pronta", "port": "management"}


def test_before_an_external_issuer_there_are_no_keys_to_read() -> None:
    """HTTPS needs no identity of the gateway's own."""
    oidc = {"type": "OIDC", "oidc": {"issuer": "https://login.example"}}
    box = cashbox(tls={"secretName": "loja-gateway-tls"}, gateway={"identity": oidc})
    built = children(box, images(box), Credentials({**CREDENTIALS.values, "tls": values(FIRST)}))
    assert not [one for one in built if one["metadata"]["name"] == "loja-gateway-keys"]
    assert [one["name"] for one in found(built, "Deployment", "loja-gateway")["spec"]["template"]["spec"]["volumes"]] == ["tmp", "tls"]


def test_a_renewed_certificate_replaces_the_gateway_s_pods_and_no_others() -> None:
    """As for a password: what a pod reads at its start is in its template's annotations."""
    renewed = family_of(SECOND)
    moved = {
        one["metadata"]["name"]
        for one, other in zip(BUILT, renewed, strict=True)
        if one["kind"] == "Deployment" and one["spec"]["template"] != other["spec"]["template"]
    }
    assert moved == {"loja-gateway"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (None, "there is no Secret loja-gateway-tls: make one of type kubernetes.io/tls with the keys tls.crt, tls.key"),
        ({"tls.crt": "x"}, "Secret loja-gateway-tls lacks tls.key: add what is missing"),
        ({**values(FIRST), "tls.crt": "x"}, "tls.crt of Secret loja-gateway-tls must be a certificate as PEM"),
        ({**values(FIRST), "tls.key": "x"}, "tls.key of Secret loja-gateway-tls must be a private key as PEM, not encrypted"),
        ({**values(FIRST), "tls.key": SECOND.key.decode()}, "tls.key of Secret loja-gateway-tls is not the key of its tls.crt"),
    ],
)
def test_a_secret_that_the_gateway_could_not_serve_with_is_told(given: dict[str, str] | None, says: str) -> None:
    """Before a pod fails: the old ones keep serving, and the message says what to write."""
    with pytest.raises(Incomplete) as told:
        verified(BOX, given)
    assert says in str(told.value)


def test_what_else_the_secret_holds_is_not_read() -> None:
    """cert-manager puts key stores there, which are no text."""
    assert used({"data": {"tls.crt": "YQ==", "tls.key": "Yg==", "keystore.jks": "/u3+7Q=="}})["data"] == {
        "tls.crt": "YQ==",
        "tls.key": "Yg==",
    }
