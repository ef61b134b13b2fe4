"""The operator's loop over one CashBox as a process of its own, with its metrics: `python -m` this, on a real API server and broker.

kopf's part is left out because it would look for the broker by a name that only a cluster's DNS knows.
"""

import asyncio
import os
import sys
from pathlib import Path

import aiohttp

from caixa_operator.api import connected
from caixa_operator.autoscaler.queue import Queue
from caixa_operator.heartbeat import Heartbeats, served
from caixa_operator.keeper import Keeper
from caixa_operator.settings import Settings


async def main(kubeconfig: str, namespace: str, name: str, management_url: str, port: str) -> None:
    """Turn once a second until killed; the broker's password is in OPERATOR_PASSWORD."""
    heartbeats = Heartbeats()
    async with connected(Path(kubeconfig)) as api, aiohttp.ClientSession() as session, served(heartbeats, "127.0.0.1", int(port)):
        queue = Queue(session, management_url, os.environ["OPERATOR_PASSWORD"])
        keeper = Keeper(api, Settings(), lambda _cashbox, _credentials: queue, namespace, name)
        while True:
            await keeper.turn(woken=True)
            heartbeats.beat(namespace, name)
            await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
