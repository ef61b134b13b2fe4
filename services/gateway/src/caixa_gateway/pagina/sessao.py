"""The session of the page: who signed in, sealed into a cookie that only the gateway's replicas can make or read.

The sealing keys are derived from the token signing keys, so no further secret exists. They rotate by the same overlap: the first
key seals, all open; when a signing key leaves, sessions sealed with it end, and the merchant signs in again.
"""

import hmac
import secrets
import time
from collections.abc import Callable, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

COOKIE: Final = "caixa_sessao"
PURPOSE: Final = b"caixa.pagina.sessao.v1"
MAIOR_COOKIE: Final = 4096


class Sessao(msgspec.Struct, frozen=True, kw_only=True):
    """A browser's session; without `comerciante_id` nobody has signed in yet. `csrf` is what its forms must send back.

    `fim` in Unix seconds: no use of the session makes it longer.
    """

    csrf: str
    fim: int
    comerciante_id: str | None = None
    client_id: str = ""
    nome: str = ""
    fuso: str = ""


class Seal:
    """Makes and opens session cookies."""

    def __init__(self, keys: Sequence[bytes], *, seconds: int, now: Callable[[], float] = time.time) -> None:
        """Seal with the first key (URL-safe base64 of 32 bytes); a session lives for `seconds`."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self.seconds = seconds
        self._now = now

    def anonymous(self) -> Sessao:
        """Begin a session in which nobody has signed in."""
        return Sessao(csrf=secrets.token_urlsafe(24), fim=int(self._now()) + self.seconds)

    def signed_in(self, *, comerciante_id: str, client_id: str, nome: str, fuso: str) -> Sessao:
        """Begin a merchant's session, with a CSRF token of its own: none from before the sign-in is good after it."""
        blank = self.anonymous()
        return msgspec.structs.replace(blank, comerciante_id=comerciante_id, client_id=client_id, nome=nome, fuso=fuso)

    def seal(self, sessao: Sessao) -> str:
        """Give a session's cookie value."""
        return self._fernet.encrypt(msgspec.json.encode(sessao)).decode()

    def open(self, value: str | None) -> Sessao | None:
        """Give the session of a cookie value, or None where it was not sealed here, or has ended."""
        if not value or len(value) > MAIOR_COOKIE:
            return None
        try:
            sessao = msgspec.json.decode(self._fernet.decrypt(value.encode("utf-8", "surrogateescape")), type=Sessao)
        except (InvalidToken, msgspec.DecodeError):
            return None
        return sessao if sessao.fim > self._now() else None


def genuine(sessao: Sessao | None, csrf: str) -> bool:
    """Tell whether a form was made for this session (RFC 6749's `state` in spirit): its token is the session's."""
    return sessao is not None and hmac.compare_digest(sessao.csrf.encode(), csrf.encode("utf-8", "surrogateescape"))


def same_site(origin: str | None, fetch_site: str | None, host: str) -> bool:
    """Tell whether a form came from this very page, as far as the browser says; one that says nothing is left to the CSRF token."""
    if fetch_site not in {None, "same-origin", "none"}:
        return False
    return origin is None or urlsplit(origin).netloc == host
