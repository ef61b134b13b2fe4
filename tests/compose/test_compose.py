"""`docker compose up` on a real Docker daemon: it serves, forgets nothing when containers end, keeps secrets, leaves no trace."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from caixa_comum import schemas, topology
from tests.cluster.shop import Credentials, Shop, opened
from tests.compose import daemon
from tests.compose.inside import in_network_of
from tests.compose.project import Project, credentials
from tests.provision.command import run

GATEWAY = "http://127.0.0.1:8080"
PROCESSES = {"fluxo", "fluxo-relay", "saldo", "saldo-consumer", "gateway"}
LISTENING = "0A"


@asynccontextmanager
async def _shop(compose: Project) -> AsyncIterator[Shop]:
    """Open the gateway with the credentials that the head of compose.yaml says how to read."""
    admin = [compose.compose("exec", "-T", "gateway", "cat", f"/etc/caixa/admin/client_{part}").strip() for part in ("id", "secret")]
    async with opened(GATEWAY, Credentials(*admin)) as shop:
        yield shop


def _restarts(compose: Project, service: str) -> int:
    return int(compose.containers()[service]["RestartCount"])


def test_entries_are_added_up_even_when_containers_end_meanwhile(compose: Project) -> None:
    """A merchant's entries reach the balance; those posted while relay and consumer are away do when they are back, and each just once."""

    async def visit() -> None:
        async with _shop(compose) as shop:
            merchant = await shop.register("Padaria da Esquina")
            await shop.post(merchant, 12_345)
            await shop.caught_up([merchant], seconds=60)
            compose.compose("stop", "saldo-consumer")
            # As a crash: the restart policy alone brings it back.
            compose.compose("exec", "-T", "fluxo-relay", "python", "-c", "import os, signal; os.kill(1, signal.SIGTERM)")
            for centavos in (700, -45):
                assert (await shop.post(merchant, centavos)).last == 201
            assert await shop.balance(merchant) == 12_345
            compose.compose("start", "saldo-consumer")
            await shop.caught_up([merchant], seconds=90)

    in_network_of(daemon.pid(), lambda: asyncio.run(visit()))
    assert _restarts(compose, "fluxo-relay") == 1


def test_what_was_recorded_outlives_every_container(compose: Project) -> None:
    """`down` and `up` again: the same credentials sign in, and the balance is what it was."""

    async def visit() -> None:
        async with _shop(compose) as shop:
            merchant = await shop.register("Feira")
            await shop.post(merchant, 9_900)
            await shop.caught_up([merchant], seconds=60)
            before = credentials()
            compose.compose("down", timeout=300)
            compose.up()
            assert credentials() == before
        async with _shop(compose) as shop:
            assert await shop.balance(merchant) == 9_900

    in_network_of(daemon.pid(), lambda: asyncio.run(visit()))


def test_no_secret_is_in_a_containers_configuration_or_another_processs_reach(compose: Project) -> None:
    """`docker inspect` and `docker compose config` show none, no process reads another's file, and none what made them all."""
    shown = json.dumps(compose.containers()) + compose.compose("config")
    longest_name = len(topology.ADMINISTRATOR)  # names of users stand beside their passwords, and are no secret
    secrets = [text for of in credentials().values() for text in of.values() if len(text) > longest_name]
    assert len(secrets) > len(schemas.USERS) + len(topology.USERS)
    assert not [secret for secret in secrets if secret in shown or json.dumps(secret)[1:-1] in shown]
    assert "Permission denied" in compose.refused("fluxo", "cat", "/etc/caixa/environment/saldo")
    assert "Permission denied" in compose.refused("gateway", "cat", "/etc/caixa/credentials.json")
    assert "Permission denied" in compose.refused("saldo", "cat", "/etc/caixa/signing-key/key.pem")


def test_processes_have_no_privilege(compose: Project) -> None:
    """The kernel itself says that no process of the platform is root, has or can get a capability, or may write to its image."""
    for service in (*sorted(PROCESSES), "mysql", "rabbitmq"):
        status = dict(
            line.split(":", 1) for line in compose.compose("exec", "-T", service, "cat", "/proc/1/status").splitlines() if ":" in line
        )
        assert "0" not in status["Uid"].split(), service
        assert {int(status[of], 16) for of in ("CapEff", "CapPrm", "CapBnd")} == {0}, service
        assert status["NoNewPrivs"].strip() == "1", service
        assert "Read-only file system" in compose.refused(service, "touch", "/new")


def test_only_the_gateways_port_is_published_and_on_the_loopback_address_only(compose: Project) -> None:
    """On the machine's side nothing else listens than Docker's own resolver and 127.0.0.1:8080."""
    assert compose.containers()["mysql"]["NetworkSettings"]["Ports"].get("3306/tcp") is None
    lines = [line.split() for line in Path(f"/proc/{daemon.pid()}/net/tcp").read_text().splitlines()[1:]]
    assert [line[1] for line in lines if line[3] == LISTENING] == ["0100007F:1F90"]
    other = Path(f"/proc/{daemon.pid()}/net/tcp6").read_text().splitlines()[1:]
    assert [line for line in other if line.split()[3] == LISTENING] == []


def test_down_leaves_no_container_network_or_volume_and_this_machines_network_was_never_touched(compose: Project) -> None:
    """After `down --volumes` Docker has nothing of the project; bridges and packet filter chains were in the daemon's own network."""
    filters = [run([command], timeout=60) for command in ("iptables-save", "ip6tables-save")]
    bridges = [path.name for path in Path("/sys/class/net").iterdir()]
    compose.compose("down", "--volumes", timeout=300)
    assert run(["docker", "ps", "--all", "--quiet"], environ=daemon.client()) == ""
    assert run(["docker", "volume", "ls", "--quiet"], environ=daemon.client()) == ""
    networks = run(["docker", "network", "ls", "--format", "{{.Name}}"], environ=daemon.client())
    assert sorted(networks.split()) == ["bridge", "host", "none"]
    assert not [name for name in bridges if name.startswith(("docker", "br-"))]
    assert not [text for text in filters if "DOCKER" in text]
