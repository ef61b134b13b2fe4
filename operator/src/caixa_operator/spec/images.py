"""spec.images: where the services' images come from."""

from typing import Annotated, Literal

import msgspec

from caixa_operator.spec.rule import Rule, checked, described

_REFERENCE = Rule("self.matches('^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$')", "write an image reference, such as registry.example/caixa-fluxo:1.2.3")
Image = Annotated[str, checked(_REFERENCE, description="An image reference.", max_length=512)]


class Images(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    """Where images come from: `<registry>/caixa-<service>:<version>`, unless a service's image is named in full."""

    registry: Annotated[Image | None, described("The registry and folder, such as docker.io/caixa; the operator's default if absent.")] = (
        None
    )
    fluxo: Annotated[Image | None, described("fluxo's image in full.")] = None
    saldo: Annotated[Image | None, described("saldo's image in full.")] = None
    gateway: Annotated[Image | None, described("gateway's image in full.")] = None
    pull_policy: Annotated[Literal["Always", "IfNotPresent", "Never"] | None, described("The operator's default if absent.")] = None
