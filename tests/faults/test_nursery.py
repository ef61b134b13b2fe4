"""Processes that a nursery forks are processes like any other."""

import asyncio
import signal
from pathlib import Path

from tests.faults.servers import Servers
from tests.faults.services import Platform
from tests.local.environment import minimal


def test_a_child_has_only_the_environment_that_it_is_given(servers: Servers, tmp_path: Path) -> None:
    """Without its settings a program ends by itself, not in order, and its log names the variable that is missing."""
    child = servers.nursery.process("caixa-saldo", "consumer", log=tmp_path / "child.log", environ=minimal())
    child.start()
    assert child.wait(60) > 0
    assert not child.alive()
    assert "CAIXA_DATABASE_URL" in child.tail()


async def test_a_child_is_ended_in_order_and_killed_like_any_process(platform: Platform) -> None:
    """SIGTERM ends it with 0 once it is ready; SIGKILL ends it at once, and its status says so."""
    first, second = platform.consumer(), platform.consumer()
    await asyncio.gather(first.until_ready(), second.until_ready())
    assert first.process.pid != second.process.pid
    await first.end()
    second.kill()
    assert second.process.wait(60) == -signal.SIGKILL
