"""fluxo's own recording route with only the database write left out: what P1 divides by.

Tokens, decoding, rules, the gathering into batches and the rendering are the product's; a batch is answered as if it were committed.
"""

import asyncio
import os
from collections.abc import Sequence

from caixa_comum import logs
from caixa_comum.application import create_app, serve
from caixa_comum.jwks import published_verifier
from caixa_comum.management import management_app
from caixa_comum.process import stop_event
from caixa_comum.settings import load
from caixa_fluxo.api import clock
from caixa_fluxo.group_commit import GroupCommit, Limits
from caixa_fluxo.recording_routes import recording_routes
from caixa_fluxo.registrar import KeysInFlight, Registrar
from caixa_fluxo.registration import Answer, Registration
from caixa_fluxo.settings import ApiSettings


async def unwritten(batch: Sequence[Registration]) -> list[Answer | Exception]:
    """Answer a batch without writing it."""
    return [wanted.claim.answer for wanted in batch]


async def main() -> None:
    """Serve until told to stop."""
    settings = load(ApiSettings, os.environ)
    logs.configure(settings.server.log_level, "fluxo-without-database")
    limits = Limits(rows=settings.group_commit_rows, wait_seconds=settings.group_commit_wait_seconds)
    async with published_verifier(settings.tokens) as verifier, GroupCommit(unwritten, limits) as group:
        app = create_app(recording_routes(Registrar(group, KeysInFlight()), clock), title="bench", verifier=verifier)
        await serve(app, settings.server, management_app({}), stop_event())


if __name__ == "__main__":
    asyncio.run(main())
