"""The gateway: the only child that is reached from outside."""

from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import ADMIN_ID, ADMIN_SECRET, SIGNING_KEY, secret_name
from caixa_operator.resources.environment import Environment, database, issuer, url
from caixa_operator.resources.process import Process, service
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "gateway"
_KEYS = "/etc/caixa/signing-key"


def process(cashbox: CashBox) -> Process:
    """Describe the gateway's process."""
    spec = cashbox.spec.gateway
    own = Environment(
        {
            "CAIXA_TOKEN_ISSUER": issuer(cashbox),
            "CAIXA_FLUXO_URL": url(cashbox, "fluxo"),
            "CAIXA_SALDO_URL": url(cashbox, "saldo"),
            "CAIXA_SIGNING_KEY_FILE": f"{_KEYS}/{SIGNING_KEY}",
            "CAIXA_TOKEN_LIFETIME_SECONDS": str(spec.identity.token_lifetime_seconds),
            "CAIXA_RATE_LIMIT": spec.rate_limit,
            "CAIXA_RATE_LIMIT_REPLICAS": str(spec.replicas),  # each counts for itself, so each gives its share
        },
        {"CAIXA_ADMIN_CLIENT_ID": ("admin", ADMIN_ID), "CAIXA_ADMIN_CLIENT_SECRET": ("admin", ADMIN_SECRET)},
    )
    key = {"name": "signing-key", "secret": {"secretName": secret_name(cashbox.name, "signing-key"), "defaultMode": 0o440}}
    return Process(
        component=COMPONENT,
        service="gateway",
        command="api",
        environment=database(cashbox, "gateway", "gateway") | own,
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas,
        serves=True,
        volumes=((key, {"name": "signing-key", "mountPath": _KEYS, "readOnly": True}),),
        files=(("signing-key", SIGNING_KEY),),
    )


def exposed(cashbox: CashBox) -> Manifest:
    """Build the gateway's Service as spec.gateway.expose says."""
    built = service(cashbox, COMPONENT)
    built["spec"]["type"] = cashbox.spec.gateway.expose.type
    if cashbox.spec.gateway.expose.node_port is not None:
        built["spec"]["ports"][0]["nodePort"] = cashbox.spec.gateway.expose.node_port
    return built
