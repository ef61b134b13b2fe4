"""PodDisruptionBudgets: a node that is drained takes one pod of a process at a time, where there is more than one."""

from caixa_operator.manifest import Manifest
from caixa_operator.resources.identity import child, selector
from caixa_operator.resources.process import Process
from caixa_operator.spec.cashbox import CashBox

FEWEST = 2
"""With a single pod a budget would only keep nodes from being drained."""


def budget(cashbox: CashBox, process: Process) -> Manifest | None:
    """Build the budget of a process that always has two pods or more; pods that do not answer may always go."""
    if (process.replicas if process.replicas is not None else process.least) < FEWEST:
        return None
    built = child("policy/v1", "PodDisruptionBudget", cashbox, process.component)
    built["spec"] = {
        "maxUnavailable": 1,
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector(cashbox, process.component)},
    }
    return built
