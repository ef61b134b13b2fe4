"""NetworkPolicies as packet filter rules, judged by a reader of those rules that knows nothing of policies."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kubernetes.policies import CHAIN, Pod, chains, pods, rules, selects

WEB = Pod("shop", "web", "10.244.0.5", {"app": "web"})
DB = Pod("shop", "db", "10.244.0.6", {"app": "db"})
STRANGER = Pod("other", "web", "10.244.0.7", {"app": "web"})
ALL = (WEB, DB, STRANGER)
NAMESPACES = [{"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}} for name in ("shop", "other")]


def policy(selector: dict[str, Any], /, namespace: str = "shop", **spec: Any) -> dict[str, Any]:
    """Return a policy."""
    return {"metadata": {"namespace": namespace, "name": "p"}, "spec": {"podSelector": selector, **spec}}


def from_web(port: int = 3306) -> dict[str, Any]:
    """Return a policy that lets web reach db at a port and nobody else."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": "web"}}}], "ports": [{"port": port, "protocol": "TCP"}]}
    return policy({"matchLabels": {"app": "db"}}, policyTypes=["Ingress"], ingress=[rule])


def passes(text: str, source: str, target: str, port: int, protocol: str = "tcp") -> bool:
    """Walk the rules as the packet filter does for the first packet of a connection."""
    lines = [line.split() for line in text.splitlines() if line.startswith("-A")]

    def walk(chain: str) -> bool:
        for words in (line[2:] for line in lines if line[1] == chain):
            given = {one: two for one, two in pairwise(words) if one.startswith("-")}
            if "--ctstate" in given or given.get("-p", protocol) != protocol:
                continue
            if given.get("-s", f"{source}/32") != f"{source}/32" or given.get("-d", f"{target}/32") != f"{target}/32":
                continue
            first, _, last = given.get("--dport", str(port)).partition(":")
            if not int(first) <= port <= int(last or first):
                continue
            match given["-j"]:
                case "RETURN":
                    return True
                case "REJECT":
                    return False
                case jump if not walk(jump):
                    return False
        return True

    return walk(CHAIN)


def test_what_no_policy_selects_is_free() -> None:
    """Without a policy everything passes, and a policy of one direction confines that direction only."""
    assert passes(rules([], ALL, NAMESPACES), WEB.address, DB.address, 3306)
    text = rules([from_web()], ALL, NAMESPACES)
    assert passes(text, DB.address, WEB.address, 8080)
    assert passes(text, WEB.address, STRANGER.address, 8080)


def test_only_the_named_peer_reaches_the_named_port() -> None:
    """The same labels in another namespace open nothing; neither does another port or protocol."""
    text = rules([from_web()], ALL, NAMESPACES)
    assert passes(text, WEB.address, DB.address, 3306)
    assert not passes(text, WEB.address, DB.address, 3307)
    assert not passes(text, WEB.address, DB.address, 3306, "udp")
    assert not passes(text, STRANGER.address, DB.address, 3306)


def test_policies_add_up_and_both_ends_must_allow() -> None:
    """A second policy opens a second port; what the target allows is refused where the source's own policy does not."""
    text = rules([from_web(), from_web(3307)], ALL, NAMESPACES)
    assert passes(text, WEB.address, DB.address, 3306)
    assert passes(text, WEB.address, DB.address, 3307)
    closed = policy({"matchLabels": {"app": "web"}}, policyTypes=["Egress"])
    assert not passes(rules([from_web(), closed], ALL, NAMESPACES), WEB.address, DB.address, 3306)


def test_namespaces_blocks_ranges_and_no_peer_at_all() -> None:
    """Each form of a rule allows what it says."""
    of_other = {"from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}]}
    text = rules([policy({}, policyTypes=["Ingress"], ingress=[of_other])], ALL, NAMESPACES)
    assert passes(text, STRANGER.address, DB.address, 1)
    assert not passes(text, WEB.address, DB.address, 1)
    anywhere = policy({}, policyTypes=["Egress"], egress=[{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 80, "endPort": 90}]}])
    text = rules([anywhere], ALL, NAMESPACES)
    assert passes(text, WEB.address, "10.244.0.1", 53, "udp")
    assert not passes(text, WEB.address, "10.244.0.1", 53)
    assert passes(text, WEB.address, "10.244.0.1", 85)
    block = {"to": [{"ipBlock": {"cidr": "10.0.0.0/30", "except": ["10.0.0.1/32"]}}]}
    text = rules([policy({}, policyTypes=["Egress"], egress=[block])], ALL, NAMESPACES)
    assert "-d 10.0.0.0/32 " in text
    assert "-d 10.0.0.2/31 " in text
    assert "10.0.0.1/32" not in text


def test_a_rule_whose_peers_are_none_of_the_pods_and_a_named_port_allow_nothing() -> None:
    """What cannot be said in rules is closed, never open."""
    nobody = policy({}, policyTypes=["Ingress"], ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "gone"}}}]}])
    named = policy({}, policyTypes=["Ingress"], ingress=[{"ports": [{"port": "http"}]}])
    for one in (nobody, named):
        assert not passes(rules([one], ALL, NAMESPACES), WEB.address, DB.address, 8080)


SOME = st.lists(st.sampled_from(ALL), unique_by=lambda pod: pod.address)


@given(SOME, SOME)
def test_chains_of_pods_that_are_gone_are_taken_away(before: list[Pod], now: list[Pod]) -> None:
    """Rules for what runs now declare its chains, and delete every other one that an earlier load made."""
    everything = policy({}), policy({}, namespace="other")
    old = chains(rules(everything, before, NAMESPACES))
    text = rules(everything, now, NAMESPACES, old)
    deleted = {line.split()[1] for line in text.splitlines() if line.startswith("-X")}
    assert deleted == set(old) - set(chains(text))
    assert len(chains(text)) == 1 + len(now)


def test_pods_without_an_address_of_their_own_are_left_alone() -> None:
    """Pods of the node's network, those that wait and those that have ended have no rule."""
    meta = {"namespace": "shop", "name": "web", "labels": {"app": "web"}}
    running: dict[str, Any] = {"metadata": meta, "spec": {}, "status": {"podIP": WEB.address, "phase": "Running"}}
    assert pods([running]) == [WEB]
    others = [
        {**running, "status": {"phase": "Pending"}},
        {**running, "spec": {"hostNetwork": True}},
        {**running, "status": {"podIP": WEB.address, "phase": "Succeeded"}},
    ]
    assert pods(others) == []


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ({"key": "app", "operator": "In", "values": ["web", "db"]}, True),
        ({"key": "app", "operator": "NotIn", "values": ["web"]}, False),
        ({"key": "app", "operator": "Exists"}, True),
        ({"key": "app", "operator": "DoesNotExist"}, False),
        ({"key": "zone", "operator": "NotIn", "values": ["a"]}, True),
    ],
)
def test_expressions_are_as_kubernetes_defines_them(expression: dict[str, Any], holds: bool) -> None:  # noqa: FBT001 - a table's column
    """Each operator, on a label that is there and one that is not."""
    assert selects({"matchExpressions": [expression]}, WEB.labels) is holds
