"""The platform team's story on a real cluster: install, apply, look, get it wrong, break it, put load on it."""

import json

import pytest

from tests.cluster import ledger
from tests.cluster.installation import Installation
from tests.cluster.shop import all_of, opened
from tests.demo.demo_cashbox import condition
from tests.kubernetes.waiting import until
from tests.provision.command import CommandFailed

BACKLOG = 600


def test_the_readme_s_commands_install_a_platform_that_serves(platform: Installation) -> None:
    """After helm install and kubectl apply the CashBox is Ready, and `kubectl get cashbox` has the columns that say so."""
    header = next(line for line in platform.printed.splitlines() if line.startswith("NAME") and "BACKLOG" in line)
    assert header.split()[:5] == ["NAME", "READY", "VERSION", "CONSUMERS", "BACKLOG"]
    for kind in ("DatabaseReady", "BrokerReady", "MigrationsApplied", "Ready"):
        assert condition(platform.cashbox(), kind)["status"] == "True", kind


async def test_an_entry_becomes_a_balance_through_the_gateway(platform: Installation) -> None:
    """A registered merchant posts entries, and the balance is their sum."""
    async with opened(platform.gateway, platform.admin) as shop:
        merchant = await shop.register("Padaria")
        await all_of(shop, [merchant], 20, at_once=5)
        assert [post.last for post in shop.posts] == [201] * 20
        await shop.caught_up([merchant], seconds=120)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({"saldo": {"consumer": {"autoscaling": {"minReplicas": 5, "maxReplicas": 2}}}}, "raise maxReplicas or lower minReplicas"),
        ({"gateway": {"rateLimit": "fast"}}, "such as 200/second"),
        ({"gateway": {"expose": {"nodePort": 80}}}, "write a port from 30000 to 32767"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(platform: Installation, spec: dict[str, object], says: str) -> None:
    """The API server itself refuses, and its message says what is accepted."""
    with pytest.raises(CommandFailed) as refused:
        platform.patch(spec)
    assert says in str(refused.value)


def test_what_was_changed_or_deleted_by_hand_is_repaired(platform: Installation) -> None:
    """A deleted Service and a Deployment with another number of pods and another command are put back."""
    fluxo = f"{platform.name}-fluxo"
    was = platform.kubectl.get("deployment", fluxo)["spec"]
    platform.kubectl("delete", "service", fluxo)
    container = {"name": "fluxo", "command": ["sleep", "infinity"]}
    drift = {"spec": {"replicas": 5, "template": {"spec": {"containers": [container]}}}}
    platform.kubectl("patch", "deployment", fluxo, f"--patch={json.dumps(drift)}")

    def repaired() -> bool:
        now = platform.kubectl.get("deployment", fluxo)["spec"]
        return platform.kubectl.find("service", fluxo) is not None and now["replicas"] == was["replicas"] and _command(now) == _command(was)

    until("the drift is repaired", repaired, seconds=150, pause=0.5)
    platform.ready()


async def test_a_backlog_brings_consumers_and_its_end_takes_them_away(platform: Installation) -> None:
    """With a backlog there are more consumers, which drain it to exact balances; with none there is one again, and status says why."""
    fixed = {"replicas": 0, "autoscaling": {"mode": "Fixed"}}
    platform.patch({"saldo": {"consumer": fixed}})
    until("no consumer runs", lambda: not platform.pods("saldo-consumer"), seconds=120)
    async with opened(platform.gateway, platform.admin) as shop:
        merchant = await shop.register("Mercado")
        await shop.post_together(merchant, BACKLOG)  # one by one, a quick machine would meet the merchant's limit

        autoscaling = {
            "mode": "Operator",
            "minReplicas": 1,
            "maxReplicas": 3,
            "drainSeconds": 5,
            "assumedRatePerReplica": 20,
            "scaleDown": {"stabilizationSeconds": 5, "maxPercent": 100},
        }
        platform.patch({"saldo": {"consumer": {"replicas": None, "autoscaling": autoscaling}}})
        until("the consumers are scaled up", lambda: platform.replicas("saldo-consumer") > 1, seconds=120)
        await shop.caught_up([merchant], seconds=120)
        until("the consumers are scaled down", lambda: platform.replicas("saldo-consumer") == 1, seconds=150)
    scaling = platform.cashbox()["status"]["saldo"]["scaling"]
    assert scaling["desired"] == 1
    assert scaling["reason"]
    assert ledger.entries(platform.kubectl, platform.name) == ledger.balances(platform.kubectl, platform.name)


def _command(deployment: dict[str, object]) -> object:
    found = json.loads(json.dumps(deployment))
    return found["template"]["spec"]["containers"][0]["command"]
