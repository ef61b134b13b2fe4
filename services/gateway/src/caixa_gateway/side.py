"""What differs by whose identity it is, the gateway's own or an external issuer's: all that the rest of the door must know of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from litestar.types import ControllerRouterHandler

from caixa_comum.tokens import Verifier

Checks = Mapping[str, Callable[[], Awaitable[None]]]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """The routes that an identity brings, what checks its tokens, and what must be there for the gateway to be ready.

    `told`: addresses whose silence is told, but keeps no gateway from being ready. `tls`: clients reach the gateway by HTTPS.
    `issuer`: the external issuer, or "" where the gateway itself issues. `neighbours`: routes of the management port.
    """

    routes: Sequence[ControllerRouterHandler]
    verifier: Verifier
    checks: Checks
    told: dict[str, str]
    tls: bool
    issuer: str
    neighbours: Sequence[ControllerRouterHandler] = ()
