"""fluxo: the API that records entries, and the relay of its outbox."""

from caixa_operator.resources.environment import broker, database, tokens
from caixa_operator.resources.process import Process
from caixa_operator.spec.cashbox import CashBox


def api(cashbox: CashBox) -> Process:
    """Describe the API's process: it knows no broker."""
    spec = cashbox.spec.fluxo
    return Process(
        component="fluxo",
        service="fluxo",
        command="api",
        environment=database(cashbox, "fluxo", "fluxo") | tokens(cashbox),
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas,
        serves=True,
    )


def relay(cashbox: CashBox) -> Process:
    """Describe the relay's process."""
    spec = cashbox.spec.fluxo.relay
    return Process(
        component="fluxo-relay",
        service="fluxo",
        command="relay",
        environment=database(cashbox, "fluxo", "fluxo") | broker(cashbox, "fluxo"),
        placement=spec,
        resources=spec.resources,
        replicas=spec.replicas,
        serves=False,
    )
