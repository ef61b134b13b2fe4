"""NetworkPolicies as rules of the packet filter: pure, from pods, namespaces and policies to what iptables-restore reads.

One chain per pod and direction that some policy selects: each allowed peer and port returns, all else is refused, with an ICMP message
by which a test tells a policy from a port where nobody listens. Every packet of a connection's own direction is judged, so that a new
policy also ends what was open before; answers pass. What the node itself sends (probes, and the ways in through its ports) is free, as
Kubernetes defines it. Ports by name are not known here, and so allow nothing.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

Object = Mapping[str, Any]  # Any: Kubernetes objects are free-form JSON
CHAIN = "KUBE-NETWORK-POLICIES"
PREFIXES = {"Ingress": "KUBE-NP-I-", "Egress": "KUBE-NP-E-"}
ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Pod:
    """A pod that has an address of its own."""

    namespace: str
    name: str
    address: str
    labels: Mapping[str, str]


def pods(objects: Iterable[Object]) -> list[Pod]:
    """Pick the pods that can send and receive; those on the node's own address are not policies' business."""
    return [
        Pod(found["metadata"]["namespace"], found["metadata"]["name"], found["status"]["podIP"], found["metadata"].get("labels") or {})
        for found in objects
        if found["status"].get("podIP") and not found["spec"].get("hostNetwork") and found["status"].get("phase") not in ENDED
    ]


def rules(policies: Sequence[Object], running: Sequence[Pod], namespaces: Iterable[Object], before: Iterable[str] = ()) -> str:
    """Return what iptables-restore --noflush is to read; `before` names the chains that an earlier answer made."""
    labels = {found["metadata"]["name"]: found["metadata"].get("labels") or {} for found in namespaces}
    chains: dict[str, list[str]] = {}
    jumps: list[str] = []
    for pod in sorted(running, key=lambda one: (one.namespace, one.name)):
        for direction, flag in (("Egress", "-s"), ("Ingress", "-d")):
            chosen = [policy for policy in policies if _confines(policy, pod, direction)]
            if chosen:
                chain = PREFIXES[direction] + hashlib.sha256(f"{pod.namespace}/{pod.name}".encode()).hexdigest()[:12]
                jumps.append(f"-A {CHAIN} {flag} {pod.address}/32 -m comment --comment {pod.namespace}/{pod.name} -j {chain}")
                chains[chain] = sorted({rule for policy in chosen for rule in _allowed(policy, direction, running, labels)})
    lines = ["*filter", f":{CHAIN} - [0:0]", *(f":{chain} - [0:0]" for chain in chains)]
    stale = sorted(set(before) - {CHAIN, *chains})
    lines += [f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED --ctdir REPLY -j RETURN", *jumps]
    for chain, allowed in chains.items():
        lines += [f"-A {chain} {rule}-j RETURN" for rule in allowed] + [f"-A {chain} -j REJECT --reject-with icmp-admin-prohibited"]
    lines += [f"-F {chain}" for chain in stale] + [f"-X {chain}" for chain in stale] + ["COMMIT"]
    return "".join(f"{line}\n" for line in lines)


def chains(text: str) -> list[str]:
    """Name the chains that `rules` declared."""
    return [line[1:].split()[0] for line in text.splitlines() if line.startswith(":")]


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Evaluate a label selector: an empty one selects all."""
    exact = all(labels.get(key) == value for key, value in (selector.get("matchLabels") or {}).items())
    return exact and all(_expression(one, labels) for one in selector.get("matchExpressions") or [])


def _expression(expression: Object, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case _:
            return key not in labels


def _confines(policy: Object, pod: Pod, direction: str) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return direction in types and policy["metadata"]["namespace"] == pod.namespace and selects(spec.get("podSelector") or {}, pod.labels)


def _allowed(policy: Object, direction: str, running: Sequence[Pod], namespaces: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Give the beginnings of the rules that let something pass: an address, a protocol and a port, each where one is named."""
    key, peers, flag = ("ingress", "from", "-s") if direction == "Ingress" else ("egress", "to", "-d")
    for rule in policy["spec"].get(key) or []:
        addresses = [f"{flag} {one} " for one in _addresses(rule[peers], policy, running, namespaces)] if rule.get(peers) else [""]
        for address in addresses:
            for port in _ports(rule.get("ports") or []):
                yield address + port


def _ports(ports: Sequence[Object]) -> Iterator[str]:
    if not ports:
        yield ""
    for port in ports:
        protocol, number, end = port.get("protocol", "TCP").lower(), port.get("port"), port.get("endPort")
        if number is None:
            yield f"-p {protocol} "
        elif isinstance(number, int):
            yield f"-p {protocol} --dport {number}:{end} " if end else f"-p {protocol} --dport {number} "


def _addresses(
    peers: Sequence[Object], policy: Object, running: Sequence[Pod], namespaces: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for peer in peers:
        if block := peer.get("ipBlock"):
            yield from map(str, _without(IPv4Network(block["cidr"]), [IPv4Network(one) for one in block.get("except") or []]))
            continue
        where = peer.get("namespaceSelector")
        for pod in running:
            at_home = pod.namespace == policy["metadata"]["namespace"] if where is None else selects(where, namespaces[pod.namespace])
            if at_home and selects(peer.get("podSelector") or {}, pod.labels):
                yield f"{pod.address}/32"


def _without(network: IPv4Network, excepted: Sequence[IPv4Network]) -> list[IPv4Network]:
    left = [network]
    for hole in excepted:
        left = [part for one in left for part in (one.address_exclude(hole) if hole.subnet_of(one) else [one])]
    return left
