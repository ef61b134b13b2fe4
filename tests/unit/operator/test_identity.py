"""Whose tokens the platform takes: the gateway's own, or an external issuer's."""

import pytest

from caixa_comum.settings import ClaimSettings, TokenSettings, load
from caixa_operator.manifest import Manifest, ref
from caixa_operator.reconcile.assess import assess
from caixa_operator.reconcile.plan import decide
from caixa_operator.reconcile.report import endpoints
from caixa_operator.resources.credentials import BACKUP_SECRET, GENERATED, Credentials, needed
from caixa_operator.resources.external import verified
from caixa_operator.resources.family import children
from tests.unit.operator.boxes import CREDENTIALS, NOW, applied, cashbox, family, found, images

ISSUER = "https://login.example/realms/loja"
OIDC = {"type": "OIDC", "oidc": {"issuer": ISSUER}}
BOX = cashbox(gateway={"identity": OIDC})
LESS = Credentials({secret: CREDENTIALS.values[secret] for secret in ("mysql-users", "rabbitmq-users")})
BUILT = children(BOX, images(BOX), LESS)
OWN = ("CAIXA_DATABASE", "CAIXA_SIGNING", "CAIXA_ADMIN", "CAIXA_TOKEN_LIFETIME")


def environ(built: list[Manifest], part: str) -> dict[str, str]:
    """Return a Deployment's variables; those that read a Secret are there with no value."""
    container = found(built, "Deployment", f"loja-{part}")["spec"]["template"]["spec"]["containers"][0]
    return {one["name"]: one.get("value", "") for one in container["env"]}


def test_by_default_the_gateway_issues_and_no_variable_tells_of_another_issuer() -> None:
    """A CashBox from before there was a choice runs as it did."""
    plain = family(cashbox())
    for part in ("gateway", "fluxo", "saldo"):
        told = environ(plain, part)
        assert told["CAIXA_TOKEN_ISSUER"] == "http://loja-gateway.caixa.svc:8080"
        assert {"CAIXA_IDENTITY", "CAIXA_TOKEN_AUDIENCE", "CAIXA_TOKEN_MERCHANT_CLAIM"}.isdisjoint(told)
    assert plain == family(cashbox(gateway={"identity": {"type": "BuiltIn", "tokenLifetimeSeconds": 900}}))
    assert {*needed(cashbox()), BACKUP_SECRET} == GENERATED.keys()


def test_gateway_fluxo_and_saldo_are_told_the_same() -> None:
    """Every claim reaches all three, under the names that their settings read."""
    oidc = {
        "issuer": ISSUER,
        "jwksUrl": f"{ISSUER}/certs",
        "audience": "loja",
        "merchantClaim": "oid",
        "zoneClaim": "zoneinfo",
        "defaultZone": "America/Manaus",
        "scopeClaim": "roles",
        "scopePrefix": "caixa/",
    }
    built = family(cashbox(gateway={"identity": {"type": "OIDC", "oidc": oidc}}))
    claims = ClaimSettings(
        token_merchant_claim="oid",
        token_zone_claim="zoneinfo",
        token_default_zone="America/Manaus",
        token_scope_claim="roles",
        token_scope_prefix="caixa/",
    )
    wanted = TokenSettings(token_issuer=ISSUER, jwks_url=f"{ISSUER}/certs", token_audience="loja", claims=claims)
    assert [load(TokenSettings, environ(built, part)) for part in ("gateway", "fluxo", "saldo")] == [wanted] * 3


def test_what_is_not_written_is_as_the_services_have_it() -> None:
    """An issuer alone gives the services' own defaults."""
    assert load(TokenSettings, environ(BUILT, "fluxo")) == TokenSettings(token_issuer=ISSUER)


def test_the_gateway_has_neither_database_nor_key_nor_administrator() -> None:
    """Its pod reads no Secret, mounts no key, and its migration, its policy and its generated Secrets are not made."""
    told = environ(BUILT, "gateway")
    assert told["CAIXA_IDENTITY"] == "oidc"
    assert not [name for name in told if name.startswith(OWN)]
    pod = found(BUILT, "Deployment", "loja-gateway")["spec"]["template"]["spec"]
    assert [one["name"] for one in pod["volumes"]] == ["tmp"]
    assert not [one for one in pod["containers"][0]["env"] if "valueFrom" in one]
    assert not [ref(one) for one in BUILT if "gateway-migration" in one["metadata"]["name"]]
    assert needed(BOX) == ["mysql-users", "rabbitmq-users"]
    assert endpoints(BOX, {}).admin_secret is None


def test_only_the_gateway_differs_from_a_box_that_issues() -> None:
    """Both others keep their databases, migrations and brokers."""
    kept = {ref(one) for one in family(cashbox())} - {ref(one) for one in BUILT}
    assert {name.kind for name in kept} == {"Job", "NetworkPolicy"}
    assert {name.name.startswith("loja-gateway-migration") for name in kept} == {True}
    assert environ(BUILT, "saldo")["CAIXA_DATABASE_USER"] == "saldo"


def test_the_gateway_is_rolled_out_without_a_migration() -> None:
    """No Job is waited for where there is no schema, and the platform counts as ready."""
    live = applied(BUILT)
    live.pop(ref(found(BUILT, "Deployment", "loja-gateway")))
    plan = decide(BUILT, live)
    assert [ref(one) for one in plan.apply] == [ref(found(BUILT, "Deployment", "loja-gateway"))]
    assert plan.migrations == {"fluxo": "complete", "saldo": "complete"}
    whole = applied(BUILT)
    assert assess(BOX, decide(BUILT, whole), whole, [], served_before=True, now=NOW).summary == "Serving"


@pytest.mark.parametrize(("source", "target"), [("gateway", "mysql"), ("fluxo", "gateway"), ("saldo", "gateway")])
def test_arrows_that_only_an_own_issuer_needs_are_closed(source: str, target: str) -> None:
    """To the gateway's database, and to the gateway for its keys; the way to the issuer is the CashBox's extraEgress."""

    def peers(built: list[Manifest]) -> list[object]:
        rules = found(built, "NetworkPolicy", f"loja-{source}")["spec"]["egress"]
        return [one["podSelector"]["matchLabels"]["app.kubernetes.io/component"] for rule in rules for one in rule.get("to", [])]

    assert target in peers(family(cashbox()))
    assert target not in peers(BUILT)
    out = {"to": [{"ipBlock": {"cidr": "192.0.2.7/32"}}], "ports": [{"port": 443, "protocol": "TCP"}]}
    open_ = family(cashbox(gateway={"identity": OIDC}, networkPolicy={"extraEgress": [out]}))
    assert out in found(open_, "NetworkPolicy", f"loja-{source}")["spec"]["egress"]


def test_an_external_mysql_needs_no_user_of_the_gateway() -> None:
    """Its Secret is complete without the two passwords that nobody reads."""
    box = cashbox(gateway={"identity": OIDC}, mysql={"mode": "External", "external": {"secret": "theirs"}})
    users = ("fluxo", "fluxo_migration", "saldo", "saldo_migration", "reconciliacao")
    values = {"url": "mysql://db.example", **dict.fromkeys(users, "p")}
    assert verified(box, "mysql-users", values) == values
