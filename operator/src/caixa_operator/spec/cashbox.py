"""The CashBox itself: its spec, and its identity in the cluster."""

from typing import Annotated, ClassVar, Literal, Self

import msgspec

from caixa_operator.spec.credentials import CredentialSource
from caixa_operator.spec.fluxo import Fluxo
from caixa_operator.spec.gateway import Gateway
from caixa_operator.spec.images import Images
from caixa_operator.spec.monitoring import Monitoring
from caixa_operator.spec.network import NetworkPolicy
from caixa_operator.spec.rule import Rule, checked, described
from caixa_operator.spec.saldo import Saldo
from caixa_operator.spec.stores import MySql, RabbitMq
from caixa_operator.spec.tls import Tls

GROUP = "caixa.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "CashBox"
PLURAL = "cashboxes"
FINALIZER = f"{GROUP}/operator"
ROTATE_ANNOTATION = f"{GROUP}/rotate"
"""On a CashBox, an instant (RFC 3339): passwords that are older are replaced, as `kubectl caixa rotate` asks for."""

_TAG = Rule("self.matches('^[A-Za-z0-9_][A-Za-z0-9_.-]*$')", "write an image tag, such as 1.2.3")

_EXISTING = "!has(self.credentials) || !has(self.credentials.existing) || "
_NOT_OF_EXTERNAL = tuple(
    Rule(
        f"{_EXISTING}{lacking} || self.{store}.mode == 'Managed'",
        f"credentials.existing.{fields} is for the managed {name}: remove it, for {store}.external.secret says the same of an external one",
    )
    for store, name, fields, lacking in (
        (
            "mysql",
            "MySQL",
            "mysqlUsers or mysqlBackup",
            "(!has(self.credentials.existing.mysqlUsers) && !has(self.credentials.existing.mysqlBackup))",
        ),
        ("rabbitmq", "RabbitMQ", "rabbitmqUsers", "!has(self.credentials.existing.rabbitmqUsers)"),
    )
)
_NOT_OF_ISSUER = Rule(
    f"{_EXISTING}(!has(self.credentials.existing.admin) && !has(self.credentials.existing.signingKey))"
    " || self.gateway.identity.type == 'BuiltIn'",
    "credentials.existing.admin and signingKey are for the gateway's own issuer: remove them, or set gateway.identity.type to BuiltIn",
)


_TLS_AT_THE_DOOR = Rule(
    "!has(self.tls) || !(self.gateway.expose.type in ['Ingress', 'HTTPRoute'])",
    "tls is for a gateway that clients reach directly: remove it, for what stands before this one ends TLS, or choose another type",
)


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """What the platform should be."""

    rules: ClassVar[tuple[Rule, ...]] = (*_NOT_OF_EXTERNAL, _NOT_OF_ISSUER, _TLS_AT_THE_DOOR)

    version: Annotated[
        Annotated[str, checked(_TAG, description="A version.", max_length=128)] | None,
        described("The version of Caixa to run: the tag of its images. The operator's own if absent."),
    ] = None
    paused: Annotated[bool, described("Leave everything as it is until this is false again.")] = False
    deletion_policy: Annotated[
        Literal["Retain", "Delete"],
        described(
            "What deleting the CashBox does to volumes and Secrets: Retain keeps them for a CashBox of the same name; Delete removes them."
        ),
    ] = "Retain"
    gateway: Gateway = msgspec.field(default_factory=Gateway)
    fluxo: Fluxo = msgspec.field(default_factory=Fluxo)
    saldo: Saldo = msgspec.field(default_factory=Saldo)
    mysql: MySql = msgspec.field(default_factory=MySql)
    rabbitmq: RabbitMq = msgspec.field(default_factory=RabbitMq)
    credentials: CredentialSource = CredentialSource()
    tls: Tls | None = None
    network_policy: NetworkPolicy = NetworkPolicy()
    monitoring: Monitoring = Monitoring()
    images: Images = Images()


class CashBox(msgspec.Struct, frozen=True, kw_only=True):
    """One CashBox as the cluster has it."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') && self.metadata.name.size() <= 36",
            "name the CashBox with at most 36 lowercase letters, digits and hyphens, a letter first: its children are named after it",
        ),
    )

    name: str
    namespace: str
    uid: str
    generation: int
    spec: Spec
    deleting: bool = False
    rotate: str | None = None
    """The instant at which somebody last asked for new passwords, as it was written."""

    @classmethod
    def from_object(cls, body: dict[str, object]) -> Self:
        """Read a CashBox as the API server gives it.

        Raises msgspec.ValidationError when its spec is none that this operator knows.
        """
        metadata = msgspec.convert(body["metadata"], _Metadata)
        return cls(
            name=metadata.name,
            namespace=metadata.namespace,
            uid=metadata.uid,
            generation=metadata.generation,
            spec=msgspec.convert(body.get("spec") or {}, Spec),
            deleting=metadata.deletion_timestamp is not None,
            rotate=(metadata.annotations or {}).get(ROTATE_ANNOTATION),
        )


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    name: str
    namespace: str
    uid: str
    generation: int = 1
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
