"""The environment of a service's processes, and which generated values it reads."""

import msgspec

from caixa_comum import schemas, topology
from caixa_operator.manifest import Manifest
from caixa_operator.resources import existing, external
from caixa_operator.resources.credentials import user_key
from caixa_operator.resources.pods import MANAGEMENT_PORT
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.identity import Oidc

API_PORT = 8080
MYSQL_PORT = 3306
AMQP_PORT = 5672
_SERVER = "CAIXA_MYSQL_SERVER"


class Environment(msgspec.Struct, frozen=True):
    """Variables with plain values, and variables that read a key of a Secret: (secret, key).

    Those of `first` come before the plain ones, whose values may then refer to them as $(NAME).
    """

    plain: dict[str, str] = {}
    secret: dict[str, tuple[str, str]] = {}
    first: dict[str, tuple[str, str]] = {}
    optional: dict[str, tuple[str, str]] = {}
    """Keys that a Secret may lack; then there is no such variable."""

    def __or__(self, other: "Environment") -> "Environment":
        return Environment(self.plain | other.plain, self.secret | other.secret, self.first | other.first, self.optional | other.optional)

    @property
    def used(self) -> tuple[tuple[str, str], ...]:
        """Every key of a Secret that is read."""
        return (*self.first.values(), *self.secret.values(), *self.optional.values())

    def container(self, cashbox: CashBox) -> list[Manifest]:
        """Write the variables as a container has them."""
        plain = [{"name": name, "value": value} for name, value in self.plain.items()]
        optional = _reading(cashbox, self.optional, optional=True)
        return [*_reading(cashbox, self.first), *plain, *_reading(cashbox, self.secret), *optional]


def _reading(cashbox: CashBox, variables: dict[str, tuple[str, str]], **more: bool) -> list[Manifest]:
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": existing.name_of(cashbox, of), "key": key, **more}}}
        for name, (of, key) in variables.items()
    ]


def serving() -> Environment:
    """Listen to the pod's network."""
    return Environment({"CAIXA_HOST": "0.0.0.0", "CAIXA_PORT": str(API_PORT), "CAIXA_MANAGEMENT_PORT": str(MANAGEMENT_PORT)})  # noqa: S104 - a pod's own address is not known before it runs


def database_url(cashbox: CashBox, service: str) -> str:
    """Return where a service's schema is; the URL of an external server is put in by Kubernetes."""
    server = f"mysql://{cashbox.name}-mysql:{MYSQL_PORT}" if cashbox.spec.mysql.mode == "Managed" else f"$({_SERVER})"
    return f"{server}/{schemas.schema_of(service)}"


def exporting(cashbox: CashBox) -> Environment:
    """Export traces and logs, where the CashBox says to whom (OpenTelemetry's own variables)."""
    monitoring = cashbox.spec.monitoring
    if monitoring.otlp_endpoint is None:
        return Environment()
    metrics = "otlp" if monitoring.otlp_metrics else "none"
    return Environment({"OTEL_EXPORTER_OTLP_ENDPOINT": monitoring.otlp_endpoint, "OTEL_METRICS_EXPORTER": metrics})


def database(cashbox: CashBox, service: str, user: str) -> Environment:
    """Reach a service's schema as one of its users."""
    return Environment(
        {"CAIXA_DATABASE_URL": database_url(cashbox, service), "CAIXA_DATABASE_USER": user},
        {"CAIXA_DATABASE_PASSWORD": ("mysql-users", user)},
        {} if cashbox.spec.mysql.mode == "Managed" else {_SERVER: ("mysql-users", external.URL)},
        {} if cashbox.spec.mysql.mode == "Managed" else {"CAIXA_DATABASE_CA": ("mysql-users", external.AUTHORITY)},
    )


def broker(cashbox: CashBox, user: str) -> Environment:
    """Reach the broker as a service's user; at the managed one a rotation changes the user's name together with its password."""
    own = Environment(secret={"CAIXA_BROKER_PASSWORD": ("rabbitmq-users", user)})
    if cashbox.spec.rabbitmq.mode == "External":
        url = Environment(secret={"CAIXA_BROKER_URL": ("rabbitmq-users", external.URL)})
        authority = Environment(optional={"CAIXA_BROKER_CA": ("rabbitmq-users", external.AUTHORITY)})
        return Environment({"CAIXA_BROKER_USER": user}) | own | url | authority
    if "rabbitmq-users" in existing.secrets(cashbox):  # without a rotation the user has its role's name
        own |= Environment({"CAIXA_BROKER_USER": user})
    else:
        own |= Environment(secret={"CAIXA_BROKER_USER": ("rabbitmq-users", user_key(user))})
    url = Environment({"CAIXA_BROKER_URL": f"amqp://{cashbox.name}-rabbitmq:{AMQP_PORT}/{topology.VHOST}"})
    return url | own


def url(cashbox: CashBox, service: str) -> str:
    """Return where a service's API answers for its neighbours."""
    return f"http://{cashbox.name}-{service}:{API_PORT}"


def inside(cashbox: CashBox) -> str:
    """Return the gateway's address within the cluster: it is also the issuer of its own tokens."""
    scheme = "http" if cashbox.spec.tls is None else "https"
    return f"{scheme}://{cashbox.name}-gateway.{cashbox.namespace}.svc:{API_PORT}"


def tokens(cashbox: CashBox) -> Environment:
    """Accept the gateway's tokens, or those of the issuer that the CashBox names."""
    if (oidc := cashbox.spec.gateway.identity.oidc) is not None:
        return external_tokens(oidc)
    keys = url(cashbox, "gateway") if cashbox.spec.tls is None else f"http://{cashbox.name}-gateway-keys:{MANAGEMENT_PORT}"
    return Environment({"CAIXA_TOKEN_ISSUER": inside(cashbox), "CAIXA_JWKS_URL": f"{keys}/.well-known/jwks.json"})


def external_tokens(oidc: Oidc) -> Environment:
    """Accept an external issuer's tokens: the same words to gateway, fluxo and saldo."""
    optional = {"CAIXA_JWKS_URL": oidc.jwks_url, "CAIXA_TOKEN_SCOPE_PREFIX": oidc.scope_prefix}
    return Environment(
        {
            "CAIXA_TOKEN_ISSUER": oidc.issuer,
            "CAIXA_TOKEN_AUDIENCE": oidc.audience,
            "CAIXA_TOKEN_MERCHANT_CLAIM": oidc.merchant_claim,
            "CAIXA_TOKEN_ZONE_CLAIM": oidc.zone_claim,
            "CAIXA_TOKEN_DEFAULT_ZONE": oidc.default_zone,
            "CAIXA_TOKEN_SCOPE_CLAIM": oidc.scope_claim,
            **{name: value for name, value in optional.items() if value is not None},
        }
    )
