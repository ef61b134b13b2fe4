"""What makes NetworkPolicies hold on the node: watches pods, namespaces and policies, and loads the packet filter's rules anew.

A process of the node: `python -m tests.kubernetes.policy_agent SERVER CERTIFICATES`, with a client certificate that may only read.
"""

import asyncio
import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp

from tests.kubernetes import iptables
from tests.kubernetes.policies import CHAIN, PREFIXES, chains, pods, rules
from tests.provision.command import CommandFailed, run

NAME = "network-policies"
USER = "caixa:network-policies"
ROOT = Path(__file__).resolve().parents[2]
PATHS = ("/api/v1/pods", "/api/v1/namespaces", "/apis/networking.k8s.io/v1/networkpolicies")
JUMPS = ("FORWARD", "INPUT")
"""From a pod to another, and from a pod to the node."""
SETTLE_SECONDS = 0.02
AGAIN_SECONDS = 0.5
WATCH_SECONDS = 300
DIRECT = aiohttp.ClientTimeout(total=None, connect=5)


def command(server: str, certificates: Path) -> list[str | Path]:
    """Return the agent's command line."""
    return ["env", "-C", ROOT, sys.executable, "-m", "tests.kubernetes.policy_agent", server, certificates]


def manifests() -> list[dict[str, Any]]:  # Any: Kubernetes objects are free-form JSON
    """Return the agent's right to read what it enforces."""
    verbs = ["get", "list", "watch"]
    reads = [
        {"apiGroups": [""], "resources": ["pods", "namespaces"], "verbs": verbs},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": verbs},
    ]
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "ClusterRole", "metadata": {"name": USER}, "rules": reads},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": USER},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": USER},
            "subjects": [{"apiGroup": group, "kind": "User", "name": USER}],
        },
    ]


def enforces() -> bool:
    """Whether rules have been loaded."""
    return any(CHAIN in line for line in iptables.left())


def load(text: str) -> None:
    """Load the rules, in one step, and have every packet of a pod meet them. Raises CommandFailed."""
    run(["iptables-restore", "--wait", "--noflush"], stdin=text)
    for chain in JUMPS:
        there = subprocess.run(["iptables", "--wait", "-C", chain, "-j", CHAIN], capture_output=True, check=False).returncode == 0
        if not there:
            run(["iptables", "--wait", "-I", chain, "1", "-j", CHAIN])


async def follow(session: aiohttp.ClientSession, path: str, changed: asyncio.Event) -> None:
    """Set `changed` whenever an object of a kind changes; a watch that ends begins anew, and its first answer counts as a change."""
    while True:
        try:
            async with session.get(path, params={"watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}) as answer:
                answer.raise_for_status()
                async for _ in answer.content.iter_any():
                    changed.set()
        except (aiohttp.ClientError, OSError) as error:
            print(f"{path}: {error!r}", flush=True)
            await asyncio.sleep(AGAIN_SECONDS)


async def listed(session: aiohttp.ClientSession, path: str) -> list[dict[str, Any]]:
    """Return the objects of a kind."""
    async with session.get(path) as answer:
        answer.raise_for_status()
        found: list[dict[str, Any]] = (await answer.json())["items"]
        return found


async def enforce(session: aiohttp.ClientSession) -> None:
    """Keep the rules as policies, pods and namespaces are, for ever."""
    changed = asyncio.Event()
    changed.set()
    watches = [asyncio.create_task(follow(session, path, changed)) for path in PATHS]
    loaded, known = "", [one.rpartition("/")[2] for one in iptables.left() if any(prefix in one for prefix in PREFIXES.values())]
    while all(not watch.done() for watch in watches):
        await changed.wait()
        await asyncio.sleep(SETTLE_SECONDS)
        changed.clear()
        try:
            running, namespaces, policies = await asyncio.gather(*(listed(session, path) for path in PATHS))
            wanted = rules(policies, pods(running), namespaces)
            if wanted != loaded:
                await asyncio.to_thread(load, rules(policies, pods(running), namespaces, known))
                loaded, known = wanted, chains(wanted)
        except (aiohttp.ClientError, OSError, CommandFailed) as error:
            print(repr(error), flush=True)
            await asyncio.sleep(AGAIN_SECONDS)
            changed.set()


async def main(server: str, certificates: Path) -> None:
    """Enforce until ended by a signal."""
    context = ssl.create_default_context(cafile=str(certificates / "authority.crt"))
    context.load_cert_chain(certificates / f"{NAME}.crt", certificates / f"{NAME}.key")
    connector = aiohttp.TCPConnector(ssl=context)
    async with aiohttp.ClientSession(server, connector=connector, timeout=DIRECT, trust_env=False) as session:
        await enforce(session)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
