"""spec.credentials: where passwords come from, and how often those that the operator has generated are replaced."""

from datetime import timedelta
from typing import Annotated, ClassVar

import msgspec

from caixa_operator.spec.rule import Rule, checked

_EVERY = Rule("self.matches('^[1-9][0-9]{0,4}h$')", "write whole hours, such as 720h for 30 days; the least is 1h")
_NAME = Rule(
    "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')", "write the name of a Secret in the CashBox's namespace, such as loja-vault"
)
_EITHER = Rule(
    "!has(self.rotateEvery) || !has(self.existing)",
    "rotateEvery is for generated passwords only: remove it, and let whoever makes the existing Secrets replace them",
)


def _secret(keys: str) -> msgspec.Meta:
    return checked(_NAME, description=f"A Secret with the keys {keys}.", max_length=253)


class ExistingSecrets(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True, omit_defaults=True):
    """Secrets that somebody else makes, such as Vault or External Secrets. They are read, never written, and never deleted."""

    mysql_users: (
        Annotated[
            str,
            _secret("root, fluxo, fluxo_migration, saldo, saldo_migration, gateway, gateway_migration and reconciliacao"),
        ]
        | None
    ) = None
    mysql_backup: Annotated[str, _secret("backup")] | None = None
    rabbitmq_users: Annotated[str, _secret("fluxo, saldo, operator, administrator and erlang_cookie")] | None = None
    admin: Annotated[str, _secret("client_id and client_secret")] | None = None
    signing_key: Annotated[str, _secret("key.pem, an RSA private key")] | None = None


class CredentialSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """The passwords of the stores that the operator runs; those of external stores belong to whoever runs these."""

    rules: ClassVar[tuple[Rule, ...]] = (_EITHER,)

    existing: ExistingSecrets | None = None
    rotate_every: Annotated[
        Annotated[
            str,
            checked(_EVERY, description="How old generated passwords may become before they are replaced, such as 720h.", max_length=6),
        ]
        | None,
        msgspec.Meta(description="How old generated passwords may become before they are replaced, such as 720h; never if absent."),
    ] = None

    @property
    def every(self) -> timedelta | None:
        """How old they may become, or None where they are replaced on request only."""
        return None if self.rotate_every is None else timedelta(hours=int(self.rotate_every.removesuffix("h")))
