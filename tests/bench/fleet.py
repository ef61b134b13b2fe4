"""O1 to O5: what 200 CashBoxes cost the operator's real process, on a real API server without nodes.

Each has a managed MySQL and an external broker, whose management API is played here: a name that only a cluster's DNS knows would
otherwise be looked up in vain at every turn, and the machine's resolver be measured.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from aiohttp import web

from caixa_comum import topology
from caixa_operator.api import ApiUnreachable, KubernetesApi, connected
from caixa_operator.spec.cashbox import API_VERSION, KIND
from tests.bench.figure import Figure, Target, single
from tests.bench.requests import answered
from tests.bench.usage import cpu_seconds, resident_mebibytes
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import installed
from tests.control_plane.running_operator import RunningOperator
from tests.kubernetes.binaries import binaries
from tests.kubernetes.control_plane import control_plane
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.ports import free_ports

CASHBOXES = 200
NAMESPACES = 10
RESYNC_SECONDS = 60  # the chart's default: each CashBox is looked at whole once within the window
WINDOW_SECONDS = 65.0
SETTLE_SECONDS = 600.0
CHART_MEMORY = 384  # MiB, the chart's limit

O1 = Target("O1", f"seconds until {CASHBOXES} CashBoxes serve", None)
O2 = Target("O2", f"the operator's processor with {CASHBOXES} that serve, cores", None)
O3 = Target("O3", f"its memory with {CASHBOXES}, MiB (the chart's limit)", CHART_MEMORY, at_most=True)
O4 = Target("O4", "reads of the API per second and CashBox that serves", None)
O5 = Target("O5", f"writes to the API while {CASHBOXES} unchanged CashBoxes are looked at whole", 0, at_most=True)
_IDLE = {"messages_ready": 0, "messages_unacknowledged": 0}


async def measure(folder: Path, say: Callable[[str], None]) -> list[Figure]:
    """Let the operator bring up all CashBoxes at once, then look on while nothing happens."""
    (port,) = free_ports(1)
    with _server(folder) as (kubectl, operator, kubeconfig):
        async with connected(kubeconfig) as api, _broker(port):
            await _make(api, port)
            say(f"{CASHBOXES} CashBoxes made")
            began = time.monotonic()
            async with controllers(api, "", pause=2.0):
                operator.start()
                await _settled(api, operator, say)
                settled = time.monotonic() - began
                await asyncio.sleep(10)  # the last statuses are news for the operator once more
            return [
                single(O1, settled, f"from the operator's start, with {operator.starts - 1} restarts"),
                *await _steady(kubectl, operator, say),
            ]


@contextmanager
def _server(folder: Path) -> Iterator[tuple[Kubectl, RunningOperator, Path]]:
    """Run an API server with the CashBox's definition and the chart's rights, and an operator that does not run yet."""
    with control_plane() as server:
        kubectl = Kubectl(binaries()["kubectl"], server.kubeconfig)
        kubectl("apply", "--server-side", "--filename=k8s/crds")
        kubectl("wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinition/cashboxes.caixa.dev")
        operator = RunningOperator(installed(kubectl, server), folder / "operator.log", RESYNC_SECONDS)
        try:
            yield kubectl, operator, server.kubeconfig
        finally:
            operator.end()


@asynccontextmanager
async def _broker(port: int) -> AsyncIterator[None]:
    """Answer as the management API of a broker whose queue is empty."""

    async def queue(_: web.Request) -> web.Response:
        return web.json_response(_IDLE)

    app = web.Application()
    app.add_routes([web.get(f"/api/queues/{topology.VHOST}/{topology.QUEUE}", queue)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield
    finally:
        await runner.cleanup()


async def _make(api: KubernetesApi, port: int) -> None:
    secret = {
        "url": f"amqp://127.0.0.1:{port}/{topology.VHOST}",
        "management_url": f"http://127.0.0.1:{port}",
        **dict.fromkeys(topology.USERS, "x"),
    }
    rabbitmq = {"mode": "External", "external": {"secret": "broker"}}
    for number in range(NAMESPACES):
        namespace = f"praca-{number}"
        await api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "namespace": ""}})
        await api.create(
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "broker", "namespace": namespace}, "stringData": secret}
        )
        for one in range(CASHBOXES // NAMESPACES):
            metadata = {"name": f"loja-{one}", "namespace": namespace}
            await api.create({"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": {"rabbitmq": rabbitmq}})


async def _settled(api: KubernetesApi, operator: RunningOperator, say: Callable[[str], None]) -> None:
    """Wait until all CashBoxes serve. Raises RuntimeError when they do not."""
    deadline, serving = time.monotonic() + SETTLE_SECONDS, 0
    while time.monotonic() < deadline:
        if operator.ended:  # as the kubelet would
            operator.start()
        with contextlib.suppress(ApiUnreachable):  # it has enough to do
            serving = sum((one.get("status") or {}).get("summary") == "Serving" for one in await api.list(KIND, ""))
            say(f"{serving} of {CASHBOXES} serve")
        if serving == CASHBOXES:
            return
        await asyncio.sleep(2)
    raise RuntimeError(f"the CashBoxes do not settle:\n{operator.log.read_text()[-3000:]}")


async def _steady(kubectl: Kubectl, operator: RunningOperator, say: Callable[[str], None]) -> list[Figure]:
    assert operator.process is not None
    pid = operator.process.pid
    before, used, began = answered(kubectl), cpu_seconds(pid), time.monotonic()
    say(f"looking on for {WINDOW_SECONDS:.0f} s")
    await asyncio.sleep(WINDOW_SECONDS)
    seconds = time.monotonic() - began
    cores = (cpu_seconds(pid) - used) / seconds
    asked = answered(kubectl)
    asked.subtract(before)
    memory = resident_mebibytes(pid)
    return [
        single(O2, cores, f"over {seconds:.0f} s, {cores / CASHBOXES * 1000:.2g} thousandths of a core each"),
        single(O3, memory, "at the end"),
        single(O4, asked.reads / seconds / CASHBOXES, f"{asked.reads / seconds:,.4g} a second in all"),
        single(O5, asked.writes, f"over {seconds:.0f} s, of {asked.reads:,} requests that read"),
    ]
