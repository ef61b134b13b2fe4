"""The proof that balances equal entries, as a CronJob: its last Job that ended is what the condition Reconciled tells.

`caixa-saldo reconciliar` ends with 0 where everything is proven, 1 where a balance differs, 2 where its configuration is wrong and 3
where it could not finish. Only the last is worth another attempt, so the others end the Job at once.
"""

from caixa_comum import schemas
from caixa_operator.images import Images
from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.environment import Environment, database, database_url
from caixa_operator.resources.identity import SERVICE_LABEL, child, labels
from caixa_operator.resources.pods import (
    CONTAINER_SECURITY,
    CREDENTIALS_ANNOTATION,
    SERVICE_USER,
    empty_dir,
    pod,
    resource_requirements,
)
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "reconciliation"
DIFFERENT = 1
_MISCONFIGURED = 2


def environment(cashbox: CashBox) -> Environment:
    """Reach both schemas as the one user who reads both and writes to neither."""
    own = Environment(
        {
            "CAIXA_FLUXO_DATABASE_URL": database_url(cashbox, "fluxo"),
            "CAIXA_PATIENCE_SECONDS": str(cashbox.spec.saldo.reconciliation.patience_seconds),
        }
    )
    return database(cashbox, "saldo", schemas.RECONCILIATION) | own


def cron_job(cashbox: CashBox, images: Images, credentials: Credentials) -> Manifest:
    """Build the CronJob. The jobs that it makes carry the CashBox's labels, so that their ends wake the operator."""
    built = child("batch/v1", "CronJob", cashbox, COMPONENT)
    built["metadata"]["labels"][SERVICE_LABEL] = "saldo"
    built["spec"] = {
        "schedule": cashbox.spec.saldo.reconciliation.schedule,
        "timeZone": "Etc/UTC",
        "suspend": cashbox.spec.paused,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 2,
        "jobTemplate": {"metadata": {"labels": labels(cashbox, COMPONENT)}, "spec": _job(cashbox, images, credentials)},
    }
    return built


def _job(cashbox: CashBox, images: Images, credentials: Credentials) -> Manifest:
    rules = [
        {"action": "FailJob", "onExitCodes": {"containerName": COMPONENT, "operator": "In", "values": [DIFFERENT]}},
        {"action": "FailJob", "onExitCodes": {"containerName": COMPONENT, "operator": "In", "values": [_MISCONFIGURED]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},  # a drained node is no failure
    ]
    return {
        "backoffLimit": 3,
        "activeDeadlineSeconds": 3600,
        "podFailurePolicy": {"rules": rules},
        "template": {
            "metadata": {
                "labels": labels(cashbox, COMPONENT),
                "annotations": {CREDENTIALS_ANNOTATION: credentials.hash(*environment(cashbox).used)},
            },
            "spec": _pod(cashbox, images),
        },
    }


def _pod(cashbox: CashBox, images: Images) -> Manifest:
    spec = cashbox.spec.saldo.reconciliation
    volume, mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own, and its only writable folder
    account = f"{cashbox.name}-{COMPONENT}"
    return {
        **pod(SERVICE_USER, spec, None, serviceAccountName=account, restartPolicy="Never", volumes=[volume]),
        "containers": [
            {
                "name": COMPONENT,
                "image": images.services["saldo"],
                "imagePullPolicy": images.pull_policy,
                "command": ["caixa-saldo", "reconciliar"],
                "env": environment(cashbox).container(cashbox),
                "resources": resource_requirements(spec.resources),
                "securityContext": CONTAINER_SECURITY,
                "terminationMessagePolicy": "FallbackToLogsOnError",  # `kubectl describe pod` shows what differs
                "volumeMounts": [mount],
            }
        ],
    }
