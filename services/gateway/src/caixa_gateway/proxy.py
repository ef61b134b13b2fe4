"""The door itself: a request for a service is checked, counted, and streamed through in both directions (ASGI)."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from caixa_comum.authentication import identify
from caixa_comum.problems import Problem, problem
from caixa_comum.request_id import current_request_id
from caixa_comum.tokens import Verifier
from caixa_gateway.headers import to_client, to_service
from caixa_gateway.rate_limit import Allowance, RateLimit, refused
from caixa_gateway.routing import PREFIXES, AmbiguousPath, service_of
from caixa_gateway.upstream import SAFE, Outgoing, Upstream

MAIOR_CORPO: Final = 1024 * 1024
HELD_BYTES: Final = 64 * 1024
"""Bodies up to this size are held whole, so that they can be sent again over a fresh connection."""


class ClientGone(Exception):
    """The client hung up before its request was whole; nobody is left to answer."""


class Proxy:
    """Checks, counts and streams."""

    def __init__(self, upstreams: Mapping[str, Upstream], verifier: Verifier, limit: RateLimit) -> None:
        """Take the services by name, and what decides who may ask how often."""
        self._upstreams = upstreams
        self._verifier = verifier
        self._limit = limit

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises Problem for what is refused here."""
        headers = {name.lower(): value for name, value in scope["headers"]}
        raw_path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        try:
            service = service_of(raw_path)
        except AmbiguousPath:
            raise problem(400, "O endereço tem uma forma ambígua.") from None
        if service is None:
            raise problem(404, "Não há nada neste endereço.")
        claims = await identify(headers.get(b"authorization", b"").decode("latin-1") or None, self._verifier)
        allowance = await self._limit.take(claims.sub)
        if not allowance.allowed:
            raise refused(allowance)
        query = scope["query_string"].decode("latin-1")
        outgoing = Outgoing(
            method=scope["method"],
            target=f"{raw_path}?{query}" if query else raw_path,
            headers=to_service(
                scope["headers"],
                client=(scope.get("client") or ("", 0))[0],
                scheme=scope["scheme"],
                request_id=current_request_id() or "",
            ),
            body=await body_of(headers, receive),
            idempotent=scope["method"] in SAFE or b"idempotency-key" in headers,
        )
        async with self._upstreams[service].answer(outgoing) as answer:
            await _pass_on(answer, allowance, send)


async def body_of(headers: Mapping[bytes, bytes], receive: Receive) -> bytes | AsyncIterator[bytes] | None:
    """Give a small body whole and a large one as a stream, None where there is none. Raises Problem 413."""
    declared = headers.get(b"content-length", b"")
    if not declared and b"transfer-encoding" not in headers:
        return None
    if declared.isdigit() and int(declared) > MAIOR_CORPO:
        raise _too_large()
    chunks = _chunks(receive)
    held = bytearray()
    async for chunk in chunks:
        held += chunk
        if len(held) > HELD_BYTES:
            return _rest(bytes(held), chunks)
    return bytes(held)


async def _rest(first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for chunk in chunks:
        yield chunk


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    total = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        chunk: bytes = message.get("body", b"")
        total += len(chunk)
        if total > MAIOR_CORPO:
            raise _too_large()
        if chunk:
            yield chunk
        if not message.get("more_body", False):
            return


def _too_large() -> Problem:
    return problem(413, f"O corpo do pedido passa de {MAIOR_CORPO} bytes.", headers={"Connection": "close"})


async def _pass_on(answer: Any, allowance: Allowance, send: Send) -> None:  # Any: aiohttp's response
    told = [(name.lower().encode(), value.encode()) for name, value in allowance.headers().items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*to_client(answer.raw_headers), *told]})
    async for chunk in answer.content.iter_any():
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def proxy_routes(proxy: Proxy) -> list[ASGIRouteHandler]:
    """Mount the proxy at every prefix that a service has."""

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await proxy(cast("HTTPScope", scope), receive, send)
        except ClientGone:
            return

    return [asgi(prefix, is_mount=True, copy_scope=True)(door) for prefix in PREFIXES]
