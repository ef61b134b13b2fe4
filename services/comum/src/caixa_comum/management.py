"""Health and metrics, on a port of their own: the gateway cannot reach them, and a busy API still answers its probes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

import structlog
from litestar import Litestar, Response, get
from litestar.types import ControllerRouterHandler
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

CHECK_SECONDS: Final = 3.0
_log = structlog.get_logger(__name__)


class Life:
    """Whether the process is draining; readiness tells it before the API stops accepting."""

    def __init__(self) -> None:
        """Begin alive."""
        self.draining = False


async def outcome(check: Callable[[], Awaitable[None]]) -> str:
    """Run one check: `ok`, or what to do."""
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except TimeoutError:
        return f"no answer within {CHECK_SECONDS:.0f} s"
    except Exception as error:  # noqa: BLE001  a check may fail in any way, and each is the same to a probe
        return str(error) or type(error).__name__
    return "ok"


def management_app(
    checks: Mapping[str, Callable[[], Awaitable[None]]],
    *,
    life: Life | None = None,
    informational: Mapping[str, Callable[[], Awaitable[None]]] | None = None,
    more: Sequence[ControllerRouterHandler] = (),
) -> Litestar:
    """Make the app of /saude/viva, /saude/pronta and /metrics, and of `more` that is for neighbours only.

    `informational` checks are told but never make a process unready.
    """

    @get("/saude/viva", sync_to_thread=False)
    def viva() -> dict[str, str]:
        return {"situacao": "viva"}

    @get("/saude/pronta")
    async def pronta() -> Response[dict[str, object]]:
        told = {**checks, **(informational or {})}
        found = dict(zip(told, await asyncio.gather(*(outcome(check) for check in told.values())), strict=True))
        draining = life is not None and life.draining
        ready = not draining and all(found[name] == "ok" for name in checks)
        situacao = "encerrando" if draining else "pronta" if ready else "indisponivel"
        return Response({"situacao": situacao, "verificacoes": found}, status_code=200 if ready else 503)

    @get("/metrics", sync_to_thread=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Litestar([viva, pronta, metrics, *more], openapi_config=None, logging_config=None)
