"""spec.tls: the certificate of the gateway."""

from typing import Annotated

import msgspec

from caixa_operator.spec.rule import Rule, checked

_NAME = Rule(
    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
    "write the name of a TLS Secret in the CashBox's namespace, such as loja-gateway-tls",
)


class Tls(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The gateway serves HTTPS. Its pods are replaced when the certificate changes, as cert-manager renews it."""

    secret_name: Annotated[
        str, checked(_NAME, description="A Secret of type kubernetes.io/tls, with the keys tls.crt and tls.key.", max_length=253)
    ]
