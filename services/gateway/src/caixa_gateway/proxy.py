"""The door itself: a request for a service is checked, counted, and streamed through in both directions (ASGI)."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, cast

import aiohttp
import structlog
from litestar import asgi
from litestar.handlers import ASGIRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from caixa_comum.authentication import identify
from caixa_comum.problems import problem
from caixa_comum.request_id import current_request_id
from caixa_comum.tokens import Verifier
from caixa_gateway.headers import has_control_characters, to_client, to_service
from caixa_gateway.incoming import ClientGone, Incoming, slow_body
from caixa_gateway.rate_limit import RateLimit
from caixa_gateway.routing import PREFIXES, AmbiguousPath, Destination, destination_of
from caixa_gateway.upstream import Outgoing, Upstream

HUNG_UP = 499
"""What the log and the metrics say of a client that left before its answer; nobody receives it."""

_log = structlog.get_logger(__name__)


class Proxy:
    """Checks, counts and streams."""

    def __init__(self, upstreams: Mapping[str, Upstream], verifier: Verifier, limit: RateLimit, *, answer_seconds: float) -> None:
        """Take the services by name, what decides who may ask how often, and how long an answer may take."""
        self._upstreams = upstreams
        self._verifier = verifier
        self._limit = limit
        self._answer_seconds = answer_seconds

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises Problem for what is refused here."""
        destination = _destination(scope)
        headers = {name.lower(): value for name, value in scope["headers"]}
        claims = await identify(headers.get(b"authorization", b"").decode("latin-1") or None, self._verifier)
        async with self._limit.counted(claims.sub) as told:
            incoming = Incoming(headers, receive, maior=destination.maior)
            sent = _for_service(scope)
            keyed = destination.keyed and scope["method"] == "POST" and any(name == "idempotency-key" for name, _ in sent)
            outgoing = Outgoing(scope["method"], destination.target, sent, await incoming.body(), keyed)
            await _unless(incoming.gone(), self._through(destination, outgoing, told, send))

    async def _through(self, destination: Destination, outgoing: Outgoing, told: Mapping[str, str], send: Send) -> None:
        """Ask the service and pass its answer on. One that breaks off half-way breaks off for the client too, and is seen to."""
        upstream, began = self._upstreams[destination.service], False
        patience = destination.patient(self._answer_seconds)
        own = [(name.lower().encode(), value.encode()) for name, value in told.items()]
        try:
            async with (
                asyncio.timeout(patience.whole),
                upstream.answer(outgoing, seconds=patience.silent) as answer,
            ):
                began = True
                await send({"type": "http.response.start", "status": answer.status, "headers": [*to_client(answer.raw_headers), *own]})
                more = True
                while more:
                    chunk = await answer.content.readany()
                    more = not answer.content.at_eof()  # told with the last bytes, so that a short answer is one message
                    await send({"type": "http.response.body", "body": chunk, "more_body": more})
        except (TimeoutError, aiohttp.ClientError, ConnectionError) as error:
            if not began:
                raise (slow_body() if outgoing.waits_for_client() else upstream.timed_out(error)) from error
            # Without the last message the server closes the connection, and a client sees that the body is not whole.
            _log.warning("upstream_broke_off", service=upstream.name, error=repr(error))


def _destination(scope: HTTPScope) -> Destination:
    try:
        found = destination_of(
            scope["raw_path"].partition(b"?")[0].decode("latin-1"), scope["query_string"].decode("latin-1"), scope["method"]
        )
    except AmbiguousPath:
        raise problem(400, "O endereço tem uma forma ambígua.") from None
    if found is None:
        raise problem(404, "Não há nada neste endereço.")
    if has_control_characters(scope["headers"]):
        raise problem(400, "Um cabeçalho do pedido contém um caractere de controle.")
    return found


def _for_service(scope: HTTPScope) -> list[tuple[str, str]]:
    client = (scope.get("client") or ("", 0))[0]
    return to_service(scope["headers"], client=client, scheme=scope["scheme"], request_id=current_request_id() or "")


async def _unless(gone: Coroutine[Any, Any, None], work: Coroutine[Any, Any, None]) -> None:
    """Do the work unless the client goes first: then it is cut short, so that no service works for nobody. Raises ClientGone."""
    serving, over, left = asyncio.current_task(), False, False

    def leave(_: "asyncio.Task[None]") -> None:
        nonlocal left
        if serving is not None and not over:
            left = True
            serving.cancel()

    watching = asyncio.create_task(gone)
    watching.add_done_callback(leave)
    try:
        await work
    except asyncio.CancelledError:
        if left and serving is not None and not serving.uncancel():
            raise ClientGone from None
        raise
    finally:
        over = True
        watching.cancel()


def proxy_routes(proxy: Proxy) -> list[ASGIRouteHandler]:
    """Mount the proxy at every prefix that a service has."""

    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await proxy(cast("HTTPScope", scope), receive, send)
        except ClientGone:
            await send({"type": "http.response.start", "status": HUNG_UP, "headers": []})

    return [asgi(prefix, is_mount=True, copy_scope=True)(door) for prefix in PREFIXES]
