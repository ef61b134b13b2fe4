"""Posting at a constant rate, whatever answers take: what lags and latencies are measured under."""

import asyncio
import secrets
import time

import aiohttp


async def paced(port: int, token: str, rate: float, seconds: float) -> list[float]:
    """Post so many entries a second (open loop) and give the seconds that each took from when it was due, in ascending order.

    Raises RuntimeError when one was not recorded.
    """
    url, run, took = f"http://127.0.0.1:{port}/api/v1/lancamentos", secrets.token_hex(8), list[float]()
    body = {"tipo": "credito", "valor": 1}
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}, connector=aiohttp.TCPConnector(limit=64)) as session:

        async def post(number: int, due: float) -> None:
            async with session.post(url, json=body, headers={"Idempotency-Key": f"{run}-{number}"}) as answer:
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")
                await answer.read()
            took.append(time.perf_counter() - due)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in range(int(rate * seconds)):
                due = began + number / rate
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                group.create_task(post(number, due))
    return sorted(took)
