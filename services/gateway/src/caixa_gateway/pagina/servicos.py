"""The services as the merchant of a session asks them: through the gateway's own way out, with a short token of their own."""

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import aiohttp
import msgspec

from caixa_comum.authentication import identify
from caixa_comum.problems import Problem, problem
from caixa_comum.request_id import HEADER, current_request_id
from caixa_comum.tokens import Verifier
from caixa_gateway.pagina.respostas import Problema
from caixa_gateway.pagina.sessao import Sessao
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.routing import PATIENT, Patience
from caixa_gateway.upstream import Outgoing, Upstream

T = TypeVar("T")
TOKEN_SECONDS: Final = 120
REMEMBERED: Final = 10_000
MAIOR_RESPOSTA: Final = 4 * 1024 * 1024
Mint = Callable[[Sessao, int], str]
"""Signs a token for a session's merchant, good for so many seconds."""


class Resposta(msgspec.Struct, frozen=True):
    """A service's answer, whole; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def as_(self, kind: type[T]) -> T:
        """Decode a good answer. Raises Problem: 502 where it is not what the service promises."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except msgspec.DecodeError as error:
            raise problem(502, "O serviço respondeu algo que não se entende.") from error

    def checked(self) -> "Resposta":
        """Give the answer itself where it is a good one. Raises the Problem that the service told otherwise."""
        if self.status < 400:  # noqa: PLR2004  RFC 9110, section 15
            return self
        try:
            told = msgspec.json.decode(self.body, type=Problema)
        except msgspec.DecodeError:
            told = Problema()
        raise Problem(self.status, told.title, told.detail)


class Servicos:
    """Asks fluxo and saldo for the merchants of sessions; every request counts for its merchant, as in the API."""

    def __init__(
        self, upstreams: Mapping[str, Upstream], verifier: Verifier, limit: RateLimit, mint: Mint, *, answer_seconds: float
    ) -> None:
        """Take the services by name, what decides who may ask how often, and what signs."""
        self._upstreams = upstreams
        self._verifier = verifier
        self._limit = limit
        self._mint = mint
        self._answer_seconds = answer_seconds
        self._tokens: dict[str, tuple[str, float]] = {}
        self._down_since: dict[str, float] = {}

    def down_since(self, service: str) -> float | None:
        """Tell since when (Unix seconds) a service has not answered this process; None where its last answer was one."""
        return self._down_since.get(service)

    async def ask(
        self,
        sessao: Sessao,
        service: str,
        target: str,
        *,
        method: str = "GET",
        content: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Resposta:
        """Ask, and give the whole answer whatever it says. Raises Problem where there is none: 401, 429, 502, 503, 504."""
        body = None if content is None else msgspec.json.encode(content)
        keyed = method == "POST" and "idempotency-key" in (headers or {})
        async with self.streamed(sessao, service, target, method=method, body=body, headers=headers, keyed=keyed) as answer:
            whole = bytearray()
            async for chunk in answer.content.iter_any():
                whole += chunk
                if len(whole) > MAIOR_RESPOSTA:
                    raise problem(502, "A resposta é grande demais para a página. Peça um período menor.")
            told = {name.lower(): value for name, value in answer.headers.items()}
            return Resposta(answer.status, told, bytes(whole))

    @asynccontextmanager
    async def streamed(
        self,
        sessao: Sessao,
        service: str,
        target: str,
        *,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        keyed: bool = False,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask, and give the answer with its body unread; failures while it is read are Problems too."""
        upstream = self._upstreams[service]
        authorization = f"Bearer {self._token(sessao)}"
        claims = await identify(authorization, self._verifier)
        sent = {"authorization": authorization, HEADER.lower(): current_request_id() or "", "accept": "*/*", **(headers or {})}
        if body is not None:
            sent["content-type"] = "application/json"
        outgoing = Outgoing(method, target, list(sent.items()), body, keyed)
        patience = PATIENT.get((method, target.partition("?")[0]), Patience(0, 0))
        async with self._limit.counted(claims.sub):
            try:
                async with upstream.answer(outgoing, seconds=max(patience.silent, self._answer_seconds)) as answer:
                    if answer.status >= 500:  # noqa: PLR2004  RFC 9110, section 15.6
                        self._down_since.setdefault(service, time.time())
                    else:
                        self._down_since.pop(service, None)
                    yield answer
            except Problem as failure:
                if failure.status >= 500:  # noqa: PLR2004  as above
                    self._down_since.setdefault(service, time.time())
                raise
            except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
                self._down_since.setdefault(service, time.time())
                raise upstream.timed_out(error) from error

    def _token(self, sessao: Sessao) -> str:
        """Give a token that is good for another while; one is signed per merchant and minute, not per request."""
        subject = sessao.comerciante_id or ""
        held = self._tokens.get(subject)
        if held is None or held[1] < time.monotonic():
            if len(self._tokens) >= REMEMBERED:
                del self._tokens[next(iter(self._tokens))]
            self._tokens.pop(subject, None)
            held = (self._mint(sessao, TOKEN_SECONDS), time.monotonic() + TOKEN_SECONDS / 2)
            self._tokens[subject] = held
        return held[0]
