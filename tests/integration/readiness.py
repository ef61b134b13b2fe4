"""What a process says of its readiness, and of each thing that it needs."""

from collections.abc import Mapping

import aiohttp

from tests.faults.services import Service
from tests.local.waiting import eventually


async def readiness(service: Service) -> tuple[str, Mapping[str, str]]:
    """Give what the process says of itself and of each thing that it needs; nothing while it does not answer."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{service.management}/saude/pronta") as answer:
            body = await answer.json()
            assert (answer.status == 200) == (body["situacao"] == "pronta")
            return body["situacao"], body["verificacoes"]
    except aiohttp.ClientError:
        return "", {}


async def until_missing(service: Service, *names: str) -> Mapping[str, str]:
    """Wait until the process is unready for exactly these reasons, and give them."""
    found: dict[str, str] = {}

    async def missing() -> bool:
        service.process.check()
        situacao, checks = await readiness(service)
        found.update(checks)
        return situacao == "indisponivel" and {name for name, told in checks.items() if told != "ok"} == set(names)

    await eventually(f"{names} are named, and nothing else", missing)
    return found
