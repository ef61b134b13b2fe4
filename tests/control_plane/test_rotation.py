"""A rotation of passwords on a real API server and a real RabbitMQ: step by step, and with an operator that dies after every write."""

import random
import secrets
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from caixa_comum import topology
from caixa_operator.api import KubernetesApi, connected
from caixa_operator.keeper import Keeper
from tests.control_plane.cluster import Cluster
from tests.control_plane.controllers import controllers
from tests.control_plane.installed import Installed
from tests.control_plane.recorded import Recorded
from tests.control_plane.rotating import ROTATED, Killed, Life, Platform
from tests.control_plane.test_reconcile import condition, served
from tests.kubernetes.control_plane import ControlPlane
from tests.kubernetes.kubectl import Kubectl
from tests.local.broker import ADMIN, with_admin
from tests.local.rabbitmq import RabbitMq, running

SEED = 20261126


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMq]:
    """Give a RabbitMQ with nobody but the test's administrator."""
    password = secrets.token_hex(16)
    definitions = with_admin(topology.definitions({}), password)
    with running(tmp_path_factory.mktemp("rabbit"), definitions, admin=ADMIN, admin_password=password) as server:
        yield server


@pytest.fixture
async def platform(cluster: Cluster, node: RabbitMq) -> AsyncIterator[Platform]:
    """Give a namespace with its RabbitMQ."""
    async with aiohttp.ClientSession() as session:
        yield Platform(cluster, node, session)


@pytest.fixture
async def admin(least: Installed, server: ControlPlane) -> AsyncIterator[KubernetesApi]:
    """Give the administrator's client, once the operator's rights are there."""
    assert least.user
    async with connected(server.kubeconfig) as made:
        yield made


ALL, NONE = [True] * len(topology.ROLES), [False] * len(topology.ROLES)


async def test_the_stores_accept_both_passwords_before_anybody_gets_the_new_ones(api: Recorded, platform: Platform) -> None:
    """The Secrets change only once MySQL's Job is complete and RabbitMQ has both users, and each of them as a whole."""
    cluster = platform.cluster
    await served(api, cluster)
    platform.broker_starts()
    kept, old = platform.keeper(api.api), platform.values()
    await kept.full()
    assert (platform.phase(), condition(cluster, "CredentialsRotating")["status"]) == (None, "False")
    platform.ask()
    await kept.full()
    assert (platform.phase(), platform.values()) == ("Prepare", old)
    await kept.full()
    assert platform.phase() == "Teach"
    assert len(platform.jobs()) == 1
    assert platform.users() == {name for role in topology.ROLES for name in topology.slots(role)}
    platform.broker_starts()  # one that starts now knows both as well
    assert len(platform.users()) == 2 * len(topology.ROLES)
    assert platform.values() == old, "nobody gets a password before MySQL has it"
    cluster.migrations_complete()  # every Job
    await kept.full()
    new = platform.values()
    assert platform.phase() == "Promote"
    assert {name: {key for key, value in new[name].items() if value == old[name][key]} for name in ROTATED} == ROTATED
    assert [platform.accepts(values["rabbitmq-users"]) for values in (old, new)] == [ALL, ALL]


async def promoted(api: Recorded, platform: Platform) -> Keeper:
    """Bring a rotation to where the Secrets have the new values."""
    await served(api, platform.cluster)
    platform.broker_starts()
    kept = platform.keeper(api.api)
    platform.ask()
    for _ in range(2):
        await kept.full()
    platform.cluster.migrations_complete()
    await kept.full()
    assert platform.phase() == "Promote"
    return kept


async def test_the_old_passwords_go_once_nobody_has_them_and_nothing_is_left(api: Recorded, platform: Platform) -> None:
    """Every process is replaced and no store; a pod that has old values holds everything up; then all is at rest and costs no write."""
    kept, cluster = await promoted(api, platform), platform.cluster
    new, stores, processes = platform.values(), platform.templates("statefulsets"), platform.templates("deployments")
    old_users = platform.users() - {new["rabbitmq-users"][f"{role}_user"] for role in topology.ROLES}
    await kept.full()
    assert platform.phase() == "Wait"
    assert all(platform.templates("deployments")[name] != template for name, template in processes.items())
    metadata = {"name": "old-fluxo", **{key: processes["loja-fluxo"]["metadata"][key] for key in ("labels", "annotations")}}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [{"name": "c", "image": "caixa"}]}})
    cluster.pods_answer()
    await kept.full()
    assert "pod old-fluxo ends" in condition(cluster, "CredentialsRotating")["message"]
    assert old_users < platform.users()
    cluster.run("delete", "pod", "old-fluxo", "--now")
    await kept.full()
    assert platform.phase() == "Retire"
    await kept.full()
    assert platform.phase() == "Discard"
    assert platform.users().isdisjoint(old_users)
    assert platform.accepts(new["rabbitmq-users"]) == ALL
    cluster.migrations_complete()
    await kept.full()
    assert platform.phase() == "Finish"
    for _ in range(2):
        await kept.full()
    status = cluster.get("cashbox", "loja")["status"]
    assert (status["summary"], status["credentials"]["rotatedAt"] > "2026-06", platform.phase()) == ("Serving", True, None)
    assert cluster.find("secret", "loja-rotation") is None
    assert platform.jobs() == []
    assert cluster.names("serviceaccounts", "networkpolicies").isdisjoint({"serviceaccount/loja-rotation", "networkpolicy/loja-rotation"})
    assert platform.templates("statefulsets") == stores, "no store restarts"
    before = cluster.versions()
    await kept.full()
    assert cluster.versions() == before
    platform.broker_starts()
    assert platform.accepts(new["rabbitmq-users"]) == ALL
    told = [(one["type"], one["reason"]) for one in cluster.get("events")["items"]]
    assert {("Normal", "Prepare"), ("Normal", "Resting")} <= set(told)


async def rotated(api: KubernetesApi, admin: KubernetesApi, platform: Platform, lives: Iterator[int]) -> tuple[object, int]:
    """Rotate with operators that live for so many writes each (0: for ever); return what is there in the end, and how many died."""
    cluster, deaths = platform.cluster, 0
    seen: list[dict[str, dict[str, str]]] = [platform.values()]
    async with controllers(admin, cluster.namespace):
        for writes in lives:
            life = Life(writes) if writes else None
            kept = platform.keeper(api, life)
            try:
                for _ in range(6):
                    await kept.full()
            except Killed:
                deaths += 1
            if (now := platform.values()) != seen[-1]:
                seen.append(now)
            if platform.ended():
                break
            assert deaths < 200, condition(cluster, "CredentialsRotating")["message"]
        for _ in range(4):  # what was cut off is repaired, and the last Jobs are pruned
            await platform.keeper(api).full()
    changed = [{name: {key for key, value in one[name].items() if value != seen[0][name][key]} for name in ROTATED} for one in seen]
    every = {name: {*seen[0][name]} - stays for name, stays in ROTATED.items()}
    assert all(one[name] in (set(), every[name]) for one in changed for name in ROTATED), "a Secret changes as a whole"
    assert all(len({one[name]["saldo"] for one in seen}) == 2 for name in ROTATED), "one rotation, and not two"
    return platform.picture(), deaths


async def test_an_operator_that_dies_after_every_write_ends_where_an_undisturbed_one_does(
    api: Recorded, admin: KubernetesApi, platform: Platform, kubectl: Kubectl
) -> None:
    """One that dies after each single write, and one that dies at random ones: the same rotation, once, and the same end."""
    pictures = []
    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    forever = iter(lambda: 0, 1)
    for lives, fewest in ((forever, 0), (iter(lambda: 1, 0), 20), (iter(lambda: moments.randint(2, 6), 0), 5)):
        cluster = Cluster(kubectl, f"caixa-{secrets.token_hex(4)}")
        kubectl("create", "namespace", cluster.namespace)
        one = Platform(cluster, platform.node, platform.session)
        await served(api, cluster)
        one.broker_starts()
        one.ask()
        picture, deaths = await rotated(api.api, admin, one, lives)
        assert deaths >= fewest
        pictures.append(picture)
    assert pictures[1] == pictures[0]
    assert pictures[2] == pictures[0]


async def test_a_paused_cashbox_is_not_rotated_and_goes_on_where_it_was(api: Recorded, platform: Platform) -> None:
    """Neither does a rotation begin nor does one go on."""
    cluster = platform.cluster
    await served(api, cluster)
    platform.broker_starts()
    platform.ask()
    kept = platform.keeper(api.api)
    await kept.full()
    cluster.cashbox(paused=True)
    await kept.full()
    before = cluster.versions()
    await kept.full()
    assert cluster.versions() == before
    assert platform.phase() == "Prepare"
    cluster.cashbox(paused=False)
    await kept.full()
    assert platform.phase() == "Teach"


async def test_a_job_that_fails_is_told_and_the_rotation_can_be_given_up(api: Recorded, platform: Platform) -> None:
    """Degraded says what to look at and what to do; with the record gone, the passwords in use are still the old ones."""
    cluster = platform.cluster
    await served(api, cluster)
    platform.broker_starts()
    old = platform.values()
    platform.ask()
    kept = platform.keeper(api.api)
    await kept.full()
    await kept.full()
    (job,) = platform.jobs()
    stamp = "2026-01-01T00:00:02Z"
    failed = [
        {"type": one, "status": "True", "reason": "BackoffLimitExceeded", "message": "x", "lastTransitionTime": stamp}
        for one in ("FailureTarget", "Failed")
    ]
    cluster.status("job", job.partition("/")[2], {"startTime": stamp, "failed": 4, "conditions": failed})
    await kept.full()
    assert condition(cluster, "Degraded")["status"] == "True"
    assert "kubectl delete secret loja-rotation" in condition(cluster, "Degraded")["message"]
    cluster.run("delete", "job", job.partition("/")[2])
    await kept.full()
    assert platform.jobs() == [job], "tried again"
    cluster.edit("cashbox", "loja", {"metadata": {"annotations": {"caixa.dev/rotate": None}}})
    cluster.run("delete", "secret", "loja-rotation")
    await kept.full()
    assert (platform.phase(), platform.values()) == (None, old)
    assert condition(cluster, "Degraded")["status"] == "False"


async def test_passwords_are_rotated_by_their_age(api: Recorded, platform: Platform) -> None:
    """With rotateEvery, those that are older are; the condition says when the next time is."""
    await served(api, platform.cluster, credentials={"rotateEvery": "720h"})
    platform.broker_starts()
    kept = platform.keeper(api.api)
    await kept.full()
    assert "they are replaced at" in condition(platform.cluster, "CredentialsRotating")["message"]
    platform.cluster.edit("secret", "loja-mysql-users", {"metadata": {"annotations": {"caixa.dev/rotated": "2026-01-01T00:00:00Z"}}})
    await kept.full()
    assert platform.phase() == "Prepare"


async def test_a_change_of_the_spec_comes_before_a_rotation(api: Recorded, platform: Platform) -> None:
    """A rotation that is due begins once everything runs as the spec says, never during an upgrade."""
    cluster = platform.cluster
    await served(api, cluster)
    platform.broker_starts()
    cluster.cashbox(gateway={"replicas": 3})
    platform.ask()
    kept = platform.keeper(api.api)
    await kept.full()
    assert (platform.phase(), condition(cluster, "CredentialsRotating")["reason"]) == (None, "Due")
    cluster.pods_answer()
    await kept.full()
    assert platform.phase() == "Prepare"
