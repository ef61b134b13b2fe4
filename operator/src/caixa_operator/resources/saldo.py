"""saldo: the API that answers balances, and the consumers that keep them."""

from caixa_operator.resources.environment import Environment, broker, database, tokens
from caixa_operator.resources.process import Process
from caixa_operator.spec.cashbox import CashBox

CONSUMER = "saldo-consumer"
PREFETCH = 200
"""How many events one consumer holds at most; the autoscaler reckons with it."""


def api(cashbox: CashBox) -> Process:
    """Describe the API's process: it knows no broker."""
    spec = cashbox.spec.saldo
    return Process(
        component="saldo",
        service="saldo",
        command="api",
        environment=database(cashbox, "saldo", "saldo") | tokens(cashbox),
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas,
        serves=True,
    )


def consumer(cashbox: CashBox) -> Process:
    """Describe the consumers' process; unless the mode is Fixed, their number belongs to an autoscaler."""
    spec = cashbox.spec.saldo.consumer
    return Process(
        component=CONSUMER,
        service="saldo",
        command="consumer",
        environment=database(cashbox, "saldo", "saldo") | broker(cashbox, "saldo") | Environment({"CAIXA_PREFETCH": str(PREFETCH)}),
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas if spec.autoscaling.mode == "Fixed" else None,
        least=spec.autoscaling.min_replicas if spec.autoscaling.mode == "Operator" else 0,
        serves=False,
    )
