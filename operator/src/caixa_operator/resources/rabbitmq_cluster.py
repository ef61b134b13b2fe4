"""RabbitMQ on three nodes or five: stable names, one cluster whatever starts first, and a queue that has a copy on each.

A node's name is that of its pod below a headless Service, so that its data stay its own wherever it runs. Peers come from a fixed list:
no pod asks the Kubernetes API. A new node waits until a peer serves, and joins it; only the first one, and only where no peer serves,
founds the cluster. So two halves that do not see each other yet never found one each.
"""

from typing import Any

import msgspec

from caixa_operator.manifest import Manifest
from caixa_operator.resources.identity import child, selector
from caixa_operator.resources.store import Store
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "rabbitmq"
EPMD_PORT = 4369
DISTRIBUTION_PORT = 25672
COMMAND_PORTS = range(35672, 35683)
"""Where `rabbitmqctl` waits for the answers of other nodes than its own (RabbitMQ's networking guide); without, it lists no queue."""
PEER_PORTS = (EPMD_PORT, DISTRIBUTION_PORT, *COMMAND_PORTS)
QUORUM_SECONDS = 60
"""How long a node that is told to end waits for the others to do without it."""
_DRAIN_SECONDS = 30
_STOP_SECONDS = 60
_DATA = "/var/lib/rabbitmq"
_PEERS = f"{_DATA}/peers"
_CONFIGURATION = """cluster_name = {name}
cluster_partition_handling = pause_minority
cluster_formation.peer_discovery_backend = classic_config
cluster_formation.discovery_retry_limit = 600
cluster_formation.discovery_retry_interval = 1000
cluster_formation.target_cluster_size_hint = {replicas}
quorum_queue.continuous_membership_reconciliation.enabled = true
quorum_queue.continuous_membership_reconciliation.target_group_size = {replicas}
"""
# Waits until this pod's own name leads to it, for until then the node could not find itself. Then, where it has no data yet, looks for
# a peer that serves. The cookie is read from HOME, and so is on no command line.
_LOOK = """
Again = fun(Wait) -> timer:sleep(500), Wait() end,
Here = fun() -> {ok, Found} = inet:getifaddrs(), [Address || {_, Of} <- Found, {addr, Address} <- Of] end,
Named = fun Wait() ->
  case inet:getaddr(os:getenv("NODE_HOST"), inet) of
    {ok, Address} -> lists:member(Address, Here()) orelse Again(Wait);
    {error, _} -> Again(Wait)
  end
end,
Named(),
Peers = [list_to_atom(Peer) || Peer <- init:get_plain_arguments(), Peer =/= os:getenv("RABBITMQ_NODENAME")],
Serves = fun(Peer) -> rpc:call(Peer, rabbit, is_running, [], 5000) =:= true end,
Found = fun() -> lists:any(Serves, Peers) end,
Joined = fun Wait() -> Found() orelse Again(Wait) end,
case {os:getenv("NEW"), os:getenv("FIRST")} of
  {"no", _} -> halt(0);
  {_, "no"} -> Joined(), halt(0);
  _ -> case Found() of true -> halt(0); false -> halt(3) end
end.
"""
_PREPARE = f"""
export NEW=no FIRST=no
[ -d "{_DATA}/mnesia/$RABBITMQ_NODENAME" ] || NEW=yes
[ "${{POD_NAME##*-}}" != 0 ] || FIRST=yes
mkdir -p {_PEERS}
set -- $PEERS
status=0
erl -noinput -hidden -name "look-$POD_NAME@127.0.0.1" -eval "$LOOK" -extra "$@" || status=$?
case $status in
  0) ;;
  3) set -- "$RABBITMQ_NODENAME" ;; # nobody is there yet: found the cluster
  *) exit $status ;;
esac
number=0
for peer in "$@"; do
  number=$((number + 1))
  echo "cluster_formation.classic_config.nodes.$number = $peer"
done > {_PEERS}/peers.conf
"""
# The node goes once the others keep every queue without it, or after a minute: who drains a node must not wait for ever.
_LEAVE = f"""rabbitmq-upgrade await_online_quorum_plus_one -t {QUORUM_SECONDS}
timeout {_DRAIN_SECONDS} rabbitmq-upgrade drain
true
"""
_OF_ONE = ("RABBITMQ_NODENAME", "ERL_EPMD_ADDRESS", "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS")
"""What keeps a single node from being one of several: its name, and that it listens to nobody."""


def replicas(cashbox: CashBox) -> int:
    """Return how many nodes there are; of an external RabbitMQ nobody knows, so it counts as one."""
    spec = cashbox.spec.rabbitmq
    return spec.replicas if spec.mode == "Managed" else 1


def majority(count: int) -> int:
    """Return how many of the nodes must answer."""
    return count // 2 + 1


def nodes_service(cashbox: CashBox) -> str:
    """Name the headless Service that gives each node its name."""
    return f"{cashbox.name}-{COMPONENT}-nodes"


def node_host(cashbox: CashBox, pod: str) -> str:
    """Return a node's host name, without the cluster's domain, which nobody told us."""
    return f"{pod}.{nodes_service(cashbox)}.{cashbox.namespace}"


def configuration(cashbox: CashBox) -> str:
    """Return what rabbitmq.conf says beyond that of a single node."""
    count = replicas(cashbox)
    return "" if count == 1 else _CONFIGURATION.format(name=cashbox.name, replicas=count)


def copied(definitions: dict[str, Any], count: int) -> dict[str, Any]:  # Any: RabbitMQ's JSON
    """Return the definitions with every queue on all nodes from its first moment."""
    if count == 1:
        return definitions
    queues = [{**queue, "arguments": {**queue["arguments"], "x-quorum-initial-group-size": count}} for queue in definitions["queues"]]
    return {**definitions, "queues": queues}


def clustered(cashbox: CashBox, store: Store) -> Store:
    """Return RabbitMQ's pod as one of several nodes; a single one stays as it is."""
    count = replicas(cashbox)
    if count == 1:
        return store
    nodes = [f"rabbit@{node_host(cashbox, f'{cashbox.name}-{COMPONENT}-{number}')}" for number in range(count)]
    named = [
        {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "NODE_HOST", "value": node_host(cashbox, "$(POD_NAME)")},
        {"name": "RABBITMQ_NODENAME", "value": "rabbit@$(NODE_HOST)"},
        {"name": "RABBITMQ_USE_LONGNAME", "value": "true"},
    ]
    looking = [{"name": "HOME", "value": _DATA}, {"name": "PEERS", "value": " ".join(nodes)}, {"name": "LOOK", "value": _LOOK}]
    joined = [
        *named,
        {"name": "RABBITMQ_DIST_PORT", "value": str(DISTRIBUTION_PORT)},
        {"name": "RABBITMQ_CONFIG_FILES", "value": _PEERS},
        *(variable for variable in store.serve["env"] if variable["name"] not in _OF_ONE),
    ]
    shell, option, cookie = store.prepare["command"]
    leave = {"preStop": {"exec": {"command": ["sh", "-c", _LEAVE]}}}
    return msgspec.structs.replace(
        store,
        replicas=count,
        governing=nodes_service(cashbox),
        prepare={**store.prepare, "command": [shell, option, f"{cookie}{_PREPARE}"], "env": [*named, *looking]},
        serve={**store.serve, "env": joined, "lifecycle": leave},
        grace_seconds=QUORUM_SECONDS + _DRAIN_SECONDS + _STOP_SECONDS,
    )


def children(cashbox: CashBox) -> list[Manifest]:
    """Build what several nodes need and a single one does not: their names, and a budget."""
    if replicas(cashbox) == 1:
        return []
    chosen = selector(cashbox, COMPONENT)
    names = child("v1", "Service", cashbox, COMPONENT, nodes_service(cashbox))
    ports = {"epmd": EPMD_PORT, "distribution": DISTRIBUTION_PORT}
    names["spec"] = {
        "type": "ClusterIP",
        "clusterIP": "None",
        "publishNotReadyAddresses": True,  # a node must find the others before it is ready
        "selector": chosen,
        "ports": [{"name": name, "port": port, "targetPort": port, "protocol": "TCP"} for name, port in ports.items()],
    }
    budget = child("policy/v1", "PodDisruptionBudget", cashbox, COMPONENT)
    budget["spec"] = {"maxUnavailable": 1, "unhealthyPodEvictionPolicy": "AlwaysAllow", "selector": {"matchLabels": chosen}}
    return [names, budget]
