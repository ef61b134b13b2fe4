"""The gateway: the only child that is reached from outside."""

from caixa_operator.manifest import Manifest
from caixa_operator.resources import tls
from caixa_operator.resources.credentials import ADMIN_ID, ADMIN_SECRET, SIGNING_KEY
from caixa_operator.resources.environment import Environment, database, inside, tokens, url
from caixa_operator.resources.existing import name_of
from caixa_operator.resources.http_route import http_route
from caixa_operator.resources.ingress import ingress
from caixa_operator.resources.process import Process, service
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "gateway"
_KEYS = "/etc/caixa/signing-key"
_SERVICES = ("ClusterIP", "NodePort", "LoadBalancer")


def process(cashbox: CashBox) -> Process:
    """Describe the gateway's process; before an external issuer's tokens it needs neither database nor key nor administrator."""
    spec = cashbox.spec.gateway
    own = spec.identity.issues
    key = {"name": "signing-key", "secret": {"secretName": name_of(cashbox, "signing-key"), "defaultMode": 0o440}}
    return Process(
        component=COMPONENT,
        service="gateway",
        command="api",
        environment=(_issuing(cashbox) if own else _trusting(cashbox)) | tls.environment(cashbox),
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas,
        serves=True,
        volumes=(*(((key, {"name": "signing-key", "mountPath": _KEYS, "readOnly": True}),) if own else ()), *tls.volumes(cashbox)),
        files=(*((("signing-key", SIGNING_KEY),) if own else ()), *tls.files(cashbox)),
    )


def _issuing(cashbox: CashBox) -> Environment:
    """Issue tokens to merchants that it keeps itself."""
    identity = Environment(
        {
            "CAIXA_SIGNING_KEY_FILE": f"{_KEYS}/{SIGNING_KEY}",
            "CAIXA_TOKEN_LIFETIME_SECONDS": str(cashbox.spec.gateway.identity.token_lifetime_seconds),
        },
        {"CAIXA_ADMIN_CLIENT_ID": ("admin", ADMIN_ID), "CAIXA_ADMIN_CLIENT_SECRET": ("admin", ADMIN_SECRET)},
    )
    issuer = Environment({"CAIXA_TOKEN_ISSUER": inside(cashbox)})
    return database(cashbox, "gateway", "gateway") | issuer | _routing(cashbox) | identity | _limiting(cashbox)


def _trusting(cashbox: CashBox) -> Environment:
    """Check the tokens of an issuer that somebody else runs."""
    return Environment({"CAIXA_IDENTITY": "oidc"}) | tokens(cashbox) | _routing(cashbox) | _limiting(cashbox)


def _routing(cashbox: CashBox) -> Environment:
    return Environment({"CAIXA_FLUXO_URL": url(cashbox, "fluxo"), "CAIXA_SALDO_URL": url(cashbox, "saldo")})


def _limiting(cashbox: CashBox) -> Environment:
    """Limit each merchant: every replica counts for itself, so each gives its share."""
    spec = cashbox.spec.gateway
    return Environment({"CAIXA_RATE_LIMIT": spec.rate_limit, "CAIXA_RATE_LIMIT_REPLICAS": str(spec.replicas)})


def exposed(cashbox: CashBox) -> list[Manifest]:
    """Build the gateway's Service as spec.gateway.expose says, and what stands before it."""
    expose = cashbox.spec.gateway.expose
    built = service(cashbox, COMPONENT)
    built["spec"]["type"] = expose.type if expose.type in _SERVICES else "ClusterIP"
    if cashbox.spec.tls is not None:
        built["spec"]["ports"][0]["appProtocol"] = "https"
    if expose.node_port is not None:
        built["spec"]["ports"][0]["nodePort"] = expose.node_port
    keys = tls.keys_service(cashbox, COMPONENT)
    return [built, *keys, *(one for one in (ingress(cashbox, COMPONENT), http_route(cashbox, COMPONENT)) if one is not None)]
