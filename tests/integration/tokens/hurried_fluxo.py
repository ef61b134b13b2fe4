"""fluxo's API as a process whose key cache lives two hundred times faster: ten minutes of fresh keys pass in three seconds.

Everything else is the product's; a test waits for what production waits hours for.
"""

import asyncio
import os
import time

import aiohttp

from caixa_comum import logs
from caixa_comum.application import serve
from caixa_comum.database import create_engine
from caixa_comum.jwks import RemoteKeys
from caixa_comum.management import management_app
from caixa_comum.process import stop_event
from caixa_comum.settings import load
from caixa_comum.tokens import Verifier
from caixa_fluxo.api import POOL, application
from caixa_fluxo.group_commit import Limits
from caixa_fluxo.settings import ApiSettings

TIMES_FASTER = 200.0


async def main() -> None:
    """Serve until told to stop."""
    settings = load(ApiSettings, os.environ)
    logs.configure(settings.server.log_level, "fluxo-hurried")
    engine = create_engine(settings.database, pool=POOL)
    async with aiohttp.ClientSession() as session:
        keys = RemoteKeys(settings.tokens.jwks_url, session, now=lambda: time.monotonic() * TIMES_FASTER)
        verifier = Verifier(settings.tokens.token_issuer, settings.tokens.token_audience, keys)
        async with application(engine, verifier, Limits()) as app:
            await serve(app, settings.server, management_app({}), stop_event())
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
