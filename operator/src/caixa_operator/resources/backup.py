"""Copies of all schemas as a CronJob, in a volume of their own that outlives the CashBox; see dump.py for what a copy is.

It runs on while the CashBox is paused: people who change things by hand want copies most.
"""

from caixa_comum import schemas
from caixa_operator.images import Images
from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import BACKUP_SECRET, Credentials
from caixa_operator.resources.dump import BACKUP
from caixa_operator.resources.environment import MYSQL_PORT, Environment
from caixa_operator.resources.identity import SERVICE_LABEL, child, kept, labels
from caixa_operator.resources.pods import (
    CONTAINER_SECURITY,
    CREDENTIALS_ANNOTATION,
    STORE_USER,
    empty_dir,
    pod,
    resource_requirements,
)
from caixa_operator.resources.process import service_account
from caixa_operator.resources.store import claimed
from caixa_operator.spec.backup import Backup
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "backup"
FOLDER = "/backup"


def claim_name(cashbox: CashBox) -> str:
    """Name the volume claim that holds the copies."""
    return f"{cashbox.name}-{COMPONENT}"


def children(cashbox: CashBox, images: Images, credentials: Credentials) -> list[Manifest]:
    """Build what copies need, or nothing where none are wanted."""
    backup = cashbox.spec.mysql.backup
    if backup is None:
        return []
    return [service_account(cashbox, COMPONENT), _claim(cashbox, backup), _cron_job(cashbox, images, credentials, backup)]


def _claim(cashbox: CashBox, backup: Backup) -> Manifest:
    return {**kept("v1", "PersistentVolumeClaim", cashbox, COMPONENT, claim_name(cashbox)), "spec": claimed(backup.storage)}


def _cron_job(cashbox: CashBox, images: Images, credentials: Credentials, backup: Backup) -> Manifest:
    built = child("batch/v1", "CronJob", cashbox, COMPONENT)
    built["metadata"]["labels"][SERVICE_LABEL] = "fluxo"  # there is nothing to copy before the entries' table is there
    job = {
        "backoffLimit": 2,
        "activeDeadlineSeconds": 6 * 3600,
        # A drained node is no failure.
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
        "template": {
            "metadata": {
                "labels": labels(cashbox, COMPONENT),
                "annotations": {CREDENTIALS_ANNOTATION: credentials.hash(*_environment(cashbox, backup).used)},
            },
            "spec": _pod(cashbox, images, backup),
        },
    }
    built["spec"] = {
        "schedule": backup.schedule,
        "timeZone": "Etc/UTC",
        "suspend": False,
        "concurrencyPolicy": "Forbid",
        "startingDeadlineSeconds": 3600,
        "successfulJobsHistoryLimit": 1,
        "failedJobsHistoryLimit": 2,
        "jobTemplate": {"metadata": {"labels": labels(cashbox, COMPONENT)}, "spec": job},
    }
    return built


def _environment(cashbox: CashBox, backup: Backup) -> Environment:
    plain = {
        "CAIXA_BACKUP_FOLDER": FOLDER,
        "CAIXA_BACKUP_KEEP": str(backup.keep),
        "CAIXA_DATABASE_HOST": f"{cashbox.name}-mysql",
        "CAIXA_DATABASE_PORT": str(MYSQL_PORT),
        "CAIXA_DATABASE_USER": schemas.BACKUP,
    }
    return Environment(plain, {"CAIXA_DATABASE_PASSWORD": (BACKUP_SECRET, schemas.BACKUP)})


def _pod(cashbox: CashBox, images: Images, backup: Backup) -> Manifest:
    tmp, tmp_mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own
    volumes = [tmp, {"name": "copies", "persistentVolumeClaim": {"claimName": claim_name(cashbox)}}]
    account = f"{cashbox.name}-{COMPONENT}"
    return {
        **pod(STORE_USER, backup, None, serviceAccountName=account, restartPolicy="Never", volumes=volumes),
        "containers": [
            {
                "name": COMPONENT,
                "image": images.mysql,
                "imagePullPolicy": images.pull_policy,
                "command": ["sh", "-c", BACKUP],
                "env": _environment(cashbox, backup).container(cashbox),
                "resources": resource_requirements(backup.resources),
                "securityContext": CONTAINER_SECURITY,
                "terminationMessagePolicy": "FallbackToLogsOnError",  # `kubectl describe pod` says why it failed
                "volumeMounts": [tmp_mount, {"name": "copies", "mountPath": FOLDER}],
            }
        ],
    }
