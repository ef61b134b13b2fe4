"""NetworkPolicies: nothing may pass but the arrows below, which are those of the architecture's picture.

One policy denies everything to all pods of the CashBox but asking for names; each component then has one that names its arrows, so that
every arrow is allowed at both of its ends. A node may always reach its own pods, so probes need none.
"""

from typing import NamedTuple

from caixa_comum import schemas
from caixa_operator.manifest import Manifest
from caixa_operator.resources import (
    backup,
    external,
    gateway,
    mysql,
    rabbitmq,
    rabbitmq_cluster,
    reconciliation,
    reemission,
    rotation,
    saldo,
)
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.environment import AMQP_PORT, API_PORT, MYSQL_PORT
from caixa_operator.resources.identity import OWNER_LABEL, child, selector
from caixa_operator.resources.pods import MANAGEMENT_PORT
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "network"
OPERATOR_LABELS = {"app.kubernetes.io/name": "caixa-operator"}
"""On the operator's own pods, by the chart."""
_DNS: Manifest = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}


class Arrow(NamedTuple):
    """Who may open a connection to whom, at which port; an arrow points the way that connections are opened."""

    source: str
    target: str
    port: int


_MIGRATIONS = tuple(f"{service}-migration" for service in schemas.SERVICES)
_PROCESSES = ("fluxo", "fluxo-relay", "saldo", saldo.CONSUMER, gateway.COMPONENT)
ARROWS = (
    Arrow(gateway.COMPONENT, "fluxo", API_PORT),
    Arrow(gateway.COMPONENT, "saldo", API_PORT),
    Arrow("fluxo", gateway.COMPONENT, API_PORT),  # the keys of tokens
    Arrow("saldo", gateway.COMPONENT, API_PORT),  # the same
    Arrow("fluxo-relay", rabbitmq.COMPONENT, AMQP_PORT),
    Arrow(saldo.CONSUMER, rabbitmq.COMPONENT, AMQP_PORT),
    *(Arrow(source, mysql.COMPONENT, MYSQL_PORT) for source in (*_PROCESSES, *_MIGRATIONS, reconciliation.COMPONENT)),
)
_IDLE = "gateway-migration"
"""What has nothing to do before an external issuer's tokens."""
_OWN_ISSUER = frozenset({(gateway.COMPONENT, mysql.COMPONENT), ("fluxo", gateway.COMPONENT), ("saldo", gateway.COMPONENT)})
"""Arrows that are only there while the gateway issues tokens itself: to its database, and to it for its keys."""
COMPONENTS = (*_PROCESSES, *_MIGRATIONS, reconciliation.COMPONENT, mysql.COMPONENT, rabbitmq.COMPONENT)
_METRICS = {**dict.fromkeys(_PROCESSES, MANAGEMENT_PORT), rabbitmq.COMPONENT: rabbitmq.METRICS_PORT}


def _at_times(cashbox: CashBox, credentials: Credentials) -> list[str]:
    """Name the components that only some CashBoxes have, or only for a while; each asks MySQL."""
    spec = cashbox.spec.mysql
    wanted = {
        backup.COMPONENT: spec.backup is not None,
        reemission.COMPONENT: spec.restore_from is not None,
        rotation.COMPONENT: rotation.of_mysql(credentials),
    }
    return [component for component, there in wanted.items() if there]


def _arrows(cashbox: CashBox, more: list[str]) -> tuple[Arrow, ...]:
    issues = cashbox.spec.gateway.identity.issues
    ports = rabbitmq_cluster.PEER_PORTS if rabbitmq_cluster.replicas(cashbox) > 1 else ()
    nodes = (Arrow(rabbitmq.COMPONENT, rabbitmq.COMPONENT, port) for port in ports)
    keys = API_PORT if cashbox.spec.tls is None else MANAGEMENT_PORT
    drawn = (arrow._replace(port=keys) if arrow.target == gateway.COMPONENT else arrow for arrow in ARROWS)
    own = (arrow for arrow in drawn if issues or ((arrow.source, arrow.target) not in _OWN_ISSUER and arrow.source != _IDLE))
    return *own, *(Arrow(component, mysql.COMPONENT, MYSQL_PORT) for component in more), *nodes


def policies(cashbox: CashBox, credentials: Credentials, *, operator_namespace: str) -> list[Manifest]:
    """Build every policy, or none where spec.networkPolicy says so. Without its namespace, the operator may come from any."""
    if not cashbox.spec.network_policy.enabled:
        return []
    issues = cashbox.spec.gateway.identity.issues
    more = _at_times(cashbox, credentials)
    arrows = _arrows(cashbox, more)
    everything = _policy(cashbox, COMPONENT, {OWNER_LABEL: cashbox.name}, ingress=None, egress=[_DNS])
    outside = _outside(cashbox, credentials)
    inside = [component for component in (*COMPONENTS, *more) if component not in outside and (issues or component != _IDLE)]
    return [everything, *(_of(cashbox, component, operator_namespace, outside, arrows) for component in inside)]


def _outside(cashbox: CashBox, credentials: Credentials) -> dict[str, int]:
    """Return the ports of the stores that somebody else runs; where those are, only names say, so any address is allowed."""
    stores = {"mysql-users": mysql.COMPONENT, "rabbitmq-users": rabbitmq.COMPONENT}
    return {stores[secret]: external.port(credentials.value(secret, external.URL)) for secret in external.secrets(cashbox)}


def _of(cashbox: CashBox, component: str, operator_namespace: str, outside: dict[str, int], arrows: tuple[Arrow, ...]) -> Manifest:
    ingress = [_rule("from", [_peer(cashbox, arrow.source)], arrow.port) for arrow in arrows if arrow.target == component]
    egress = [
        _rule("to", [], outside[arrow.target]) if arrow.target in outside else _rule("to", [_peer(cashbox, arrow.target)], arrow.port)
        for arrow in arrows
        if arrow.source == component
    ]
    spec = cashbox.spec.network_policy
    if component == gateway.COMPONENT:
        ingress.append(_rule("from", list(spec.gateway_from), API_PORT))
    if component == rabbitmq.COMPONENT:
        ingress.append(_rule("from", [_operator(operator_namespace)], rabbitmq.MANAGEMENT_PORT))
    if component in _METRICS and spec.metrics_from:
        ingress.append(_rule("from", list(spec.metrics_from), _METRICS[component]))
    if component in _PROCESSES:
        egress += spec.extra_egress
    return _policy(cashbox, component, selector(cashbox, component), ingress=ingress, egress=egress)


def _policy(cashbox: CashBox, part: str, chosen: dict[str, str], *, ingress: list[Manifest] | None, egress: list[Manifest]) -> Manifest:
    """Write one policy. Empty lists are left out, as the API server leaves them out: the type alone denies."""
    built = child("networking.k8s.io/v1", "NetworkPolicy", cashbox, part)
    built["spec"] = {"podSelector": {"matchLabels": chosen}, "policyTypes": ["Ingress", "Egress"]}
    built["spec"] |= {direction: rules for direction, rules in (("ingress", ingress), ("egress", egress)) if rules}
    return built


def _rule(direction: str, peers: list[Manifest], port: int) -> Manifest:
    """Allow a port; no peer means anybody."""
    rule: Manifest = {"ports": [{"port": port, "protocol": "TCP"}]}
    return {direction: peers, **rule} if peers else rule


def _peer(cashbox: CashBox, component: str) -> Manifest:
    return {"podSelector": {"matchLabels": selector(cashbox, component)}}


def _operator(namespace: str) -> Manifest:
    where: Manifest = {"matchLabels": {"kubernetes.io/metadata.name": namespace}} if namespace else {}
    return {"namespaceSelector": where, "podSelector": {"matchLabels": OPERATOR_LABELS}}
