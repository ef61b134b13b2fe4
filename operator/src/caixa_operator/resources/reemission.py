"""What a restored copy cannot hold, handed over again: a Job that runs once after a restore.

Events that the broker had confirmed and nobody had applied when the copy was made are in no outbox and in no inbox. The Job's first
container names them as the user who reads both schemas and writes to neither; its second puts them into fluxo's outbox as fluxo.
Nothing but a list of ids passes between the two. Run again, it changes no balance.
"""

from caixa_operator.images import Images
from caixa_operator.manifest import Manifest
from caixa_operator.resources import reconciliation
from caixa_operator.resources.environment import Environment, database
from caixa_operator.resources.identity import child, labels
from caixa_operator.resources.pods import CONTAINER_SECURITY, SERVICE_USER, empty_dir, pod, resource_requirements
from caixa_operator.resources.process import service_account
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "reemission"
_LIST = "/tmp/faltantes"  # noqa: S108 - the pod's own


def children(cashbox: CashBox, images: Images) -> list[Manifest]:
    """Build the Job and its account, or nothing where the CashBox does not begin with a copy."""
    if cashbox.spec.mysql.restore_from is None:
        return []
    built = child("batch/v1", "Job", cashbox, COMPONENT)
    built["spec"] = {
        "backoffLimit": 5,
        "activeDeadlineSeconds": 6 * 3600,
        # A drained node is no failure.
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
        "template": {"metadata": {"labels": labels(cashbox, COMPONENT)}, "spec": _pod(cashbox, images)},
    }
    return [service_account(cashbox, COMPONENT), built]


def _pod(cashbox: CashBox, images: Images) -> Manifest:
    tmp, mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own, and its only writable folder
    account = f"{cashbox.name}-{COMPONENT}"
    spec = pod(SERVICE_USER, cashbox.spec.saldo.reconciliation, None, serviceAccountName=account, restartPolicy="Never", volumes=[tmp])

    def container(name: str, service: str, words: list[str], environment: Environment) -> Manifest:
        return {
            "name": name,
            "image": images.services[service],
            "imagePullPolicy": images.pull_policy,
            "command": [f"caixa-{service}", *words, _LIST],
            "env": environment.container(cashbox),
            "resources": resource_requirements(cashbox.spec.saldo.reconciliation.resources),
            "securityContext": CONTAINER_SECURITY,
            "terminationMessagePolicy": "FallbackToLogsOnError",  # `kubectl describe pod` says why it failed
            "volumeMounts": [mount],
        }

    return {
        **spec,
        "initContainers": [container("missing", "saldo", ["faltantes"], reconciliation.environment(cashbox))],
        "containers": [container(COMPONENT, "fluxo", ["reemitir"], database(cashbox, "fluxo", "fluxo"))],
    }
