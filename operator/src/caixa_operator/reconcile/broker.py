"""The condition BrokerReady: pure. Of several nodes more than half must answer; those that do not are named."""

from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.claims import LOOK, Claim, claim
from caixa_operator.reconcile.plan import Live
from caixa_operator.reconcile.progress import answering
from caixa_operator.resources.rabbitmq_cluster import COMPONENT, majority, replicas
from caixa_operator.spec.cashbox import CashBox

_ALL_THE_SAME = "entries are recorded all the same"


def broker(cashbox: CashBox, live: Live) -> Claim:
    """Tell whether RabbitMQ answers; `live` holds its pods where not all of several do."""
    if cashbox.spec.rabbitmq.mode == "External":
        message = "RabbitMQ is run by somebody else: the pods' readiness and ScalingActive tell whether it answers"
        return claim("BrokerReady", holds=True, reason="External", message=message)
    count = replicas(cashbox)
    ready = answering(live.get(Ref("StatefulSet", f"{cashbox.name}-{COMPONENT}")))
    if ready >= count:
        said = "RabbitMQ answers" if count == 1 else f"all {count} nodes of RabbitMQ answer"
        return claim("BrokerReady", holds=True, reason="Answering", message=said)
    missing = _missing(cashbox, live)
    look = f"{LOOK} `kubectl describe pod {missing[0]}`"
    if count == 1:
        return claim("BrokerReady", holds=False, reason="NotAnswering", message=f"RabbitMQ does not answer yet; {_ALL_THE_SAME}: {look}")
    said = f"{ready} of {count} nodes of RabbitMQ answer, {', '.join(missing)} not"
    if ready >= majority(count):
        return claim("BrokerReady", holds=True, reason="NodeMissing", message=f"{said}; it works, with less to spare: {look}")
    return claim("BrokerReady", holds=False, reason="NoMajority", message=f"{said}; more than half must, but {_ALL_THE_SAME}: {look}")


def incomplete(cashbox: CashBox, live: Live) -> bool:
    """Tell whether some of several nodes do not answer, so that their pods are worth a look."""
    return 1 < replicas(cashbox) != answering(live.get(Ref("StatefulSet", f"{cashbox.name}-{COMPONENT}")))


def _missing(cashbox: CashBox, live: Live) -> list[str]:
    """Name the nodes whose pods are not there or not ready; the first, where nobody has looked at the pods."""
    names = [f"{cashbox.name}-{COMPONENT}-{number}" for number in range(replicas(cashbox))]
    return [name for name in names if not _is_ready(live.get(Ref("Pod", name)))] or names[:1]


def _is_ready(pod: Manifest | None) -> bool:
    conditions = ((pod or {}).get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
