"""Which image each child runs: what the CashBox says, else the operator's defaults."""

import msgspec

from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import Spec


class Images(msgspec.Struct, frozen=True):
    """The images of one CashBox, resolved."""

    version: str
    services: dict[str, str]
    mysql: str
    rabbitmq: str
    pull_policy: str


def resolved(spec: Spec, settings: Settings) -> Images:
    """Name every image: `<registry>/caixa-<service>:<version>` unless one is written in full."""
    version = spec.version or settings.images_version
    registry = spec.images.registry or settings.images_registry
    written = {"fluxo": spec.images.fluxo, "saldo": spec.images.saldo, "gateway": spec.images.gateway}
    return Images(
        version=version,
        services={service: image or f"{registry}/caixa-{service}:{version}" for service, image in written.items()},
        mysql=spec.mysql.image or settings.mysql_image,
        rabbitmq=spec.rabbitmq.image or settings.rabbitmq_image,
        pull_policy=spec.images.pull_policy or settings.images_pull_policy,
    )
