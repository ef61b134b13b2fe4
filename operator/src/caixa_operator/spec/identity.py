"""spec.gateway.identity: whose tokens the platform accepts."""

from typing import Annotated, ClassVar, Literal

import msgspec

from caixa_comum.settings import ClaimSettings
from caixa_operator.spec.rule import Rule, checked, described

_LIFETIME = Rule("self >= 60 && self <= 86400", "write a number of seconds from 60 (a minute) to 86400 (a day)")
_ADDRESS = "https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?"
_PATH = "(/[A-Za-z0-9._~:@!&()*+,;=%/-]*)?"
_QUERY = "([?][A-Za-z0-9._~:@!&()*+,;=%/?-]*)?"
_ISSUER = Rule(
    f"self.matches('^{_ADDRESS}{_PATH}$')",
    "write the issuer's URL exactly as its tokens have it in iss, such as https://login.example/realms/loja; "
    "with network policies, networkPolicy.extraEgress must let gateway, fluxo and saldo reach it",
)
_KEYS = Rule(
    f"self.matches('^{_ADDRESS}{_PATH}{_QUERY}$')", "write the URL of the issuer's keys, such as https://login.example/realms/loja/certs"
)
_VISIBLE = "self.matches('^[!-#%-~]+$')"  # no $, which Kubernetes would take for a reference to another variable
_AUDIENCE = Rule(_VISIBLE, "write the audience that tokens must have in aud, such as caixa")
_CLAIM = Rule(_VISIBLE, "write the name of a claim, without spaces, such as sub")
_PREFIX = Rule(_VISIBLE, "write what stands before each scope, without spaces, such as caixa/")
_ZONE = Rule("self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')", "write a zone of the IANA database, such as America/Sao_Paulo")
_CLAIMS = ClaimSettings()


def _claim(description: str) -> msgspec.Meta:
    return checked(_CLAIM, description=description, max_length=256)


class Oidc(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """An issuer of OpenID Connect that somebody else runs, and what its tokens call things. It must sign with RS256.

    With network policies, spec.networkPolicy.extraEgress must let gateway, fluxo and saldo reach it: they fetch its keys.
    """

    issuer: Annotated[str, checked(_ISSUER, description="The `iss` of its tokens, letter by letter.", max_length=512)]
    jwks_url: (
        Annotated[str, checked(_KEYS, description="Where its keys are; where its discovery document says, if absent.", max_length=512)]
        | None
    ) = None
    audience: Annotated[str, checked(_AUDIENCE, description="The `aud` that tokens must have.", max_length=256)] = "caixa"
    merchant_claim: Annotated[str, _claim("The claim that names the merchant, a UUID.")] = _CLAIMS.token_merchant_claim
    zone_claim: Annotated[str, _claim("The claim that names the time zone of the merchant's days.")] = _CLAIMS.token_zone_claim
    default_zone: Annotated[str, checked(_ZONE, description="The time zone of tokens without that claim.", max_length=64)] = (
        _CLAIMS.token_default_zone
    )
    scope_claim: Annotated[str, _claim("The claim that holds the scopes: one text with spaces, or a list.")] = _CLAIMS.token_scope_claim
    scope_prefix: (
        Annotated[str, checked(_PREFIX, description="What stands before each scope; others do not count.", max_length=128)] | None
    ) = None


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Who may call, and for how long a token is good."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.type != 'OIDC' || has(self.oidc)",
            "type OIDC needs oidc.issuer: write the issuer's URL, such as https://login.example/realms/loja",
        ),
        Rule("self.type == 'OIDC' || !has(self.oidc)", "oidc is only for type OIDC: remove it, or set type to OIDC"),
    )

    type: Annotated[
        Literal["BuiltIn", "OIDC"],
        described("BuiltIn: the gateway keeps the merchants and issues their tokens. OIDC: somebody else does; it needs no database then."),
    ] = "BuiltIn"
    token_lifetime_seconds: Annotated[
        int, checked(_LIFETIME, description="How long an access token of type BuiltIn is valid, in seconds; another issuer has its own.")
    ] = 900
    oidc: Oidc | None = None

    @property
    def issues(self) -> bool:
        """Whether the gateway issues tokens itself; the rules let `oidc` pass only with type OIDC, and that only with it."""
        return self.oidc is None
