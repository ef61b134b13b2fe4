"""The Jobs of a rotation: MySQL's users change their own passwords in one, and discard the old ones in another. See rotation/."""

from caixa_operator.images import Images
from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.resources.credentials import MYSQL_SECRETS, Credentials, secret_name
from caixa_operator.resources.environment import MYSQL_PORT, Environment
from caixa_operator.resources.identity import child, labels
from caixa_operator.resources.pods import CONTAINER_SECURITY, STORE_USER, empty_dir, pod, resource_requirements
from caixa_operator.resources.process import service_account
from caixa_operator.rotation.record import RECORD, USERS_KEY, Rotation
from caixa_operator.rotation.script import DISCARD, TEACH
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.placement import resources

COMPONENT = "rotation"
_FOLDER = "/etc/caixa/rotation"
_RESOURCES = resources("50m", "64Mi", limit="256Mi")


def of_mysql(credentials: Credentials) -> bool:
    """Tell whether passwords of MySQL's are being rotated."""
    return credentials.rotation is not None and bool(credentials.rotation.of(*MYSQL_SECRETS))


def job_name(cashbox: CashBox, rotation: Rotation, mysql_start: str) -> str:
    """Name the Job that the rotation needs now: one that ran before MySQL's last start does not count."""
    task = "discard" if rotation.discarding else "teach"
    return f"{cashbox.name}-{COMPONENT}-{task}-{fingerprint([rotation.started, mysql_start], 8)}"


def children(cashbox: CashBox, images: Images, credentials: Credentials, mysql_start: str) -> list[Manifest]:
    """Build what a rotation of MySQL's passwords needs while it is under way."""
    if credentials.rotation is None or not of_mysql(credentials):
        return []
    return [service_account(cashbox, COMPONENT), _job(cashbox, images, credentials.rotation, mysql_start)]


def _job(cashbox: CashBox, images: Images, rotation: Rotation, mysql_start: str) -> Manifest:
    built = child("batch/v1", "Job", cashbox, COMPONENT, job_name(cashbox, rotation, mysql_start))
    built["spec"] = {
        "backoffLimit": 3,
        "activeDeadlineSeconds": 600,
        # A drained node is no failure.
        "podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]},
        "template": {
            "metadata": {"labels": labels(cashbox, COMPONENT)},
            "spec": _pod(cashbox, images, DISCARD if rotation.discarding else TEACH),
        },
    }
    return built


def _pod(cashbox: CashBox, images: Images, script: str) -> Manifest:
    tmp, tmp_mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own
    secret = {"secretName": secret_name(cashbox.name, RECORD), "defaultMode": 0o440, "items": [{"key": USERS_KEY, "path": USERS_KEY}]}
    volumes = [tmp, {"name": "users", "secret": secret}]
    account = f"{cashbox.name}-{COMPONENT}"
    return {
        **pod(STORE_USER, cashbox.spec.mysql, None, serviceAccountName=account, restartPolicy="Never", volumes=volumes),
        "containers": [
            {
                "name": COMPONENT,
                "image": images.mysql,
                "imagePullPolicy": images.pull_policy,
                "command": ["sh", "-c", script],
                "env": _environment(cashbox).container(cashbox),
                "resources": resource_requirements(_RESOURCES),
                "securityContext": CONTAINER_SECURITY,
                "terminationMessagePolicy": "FallbackToLogsOnError",  # `kubectl describe pod` says why it failed
                "volumeMounts": [tmp_mount, {"name": "users", "mountPath": _FOLDER, "readOnly": True}],
            }
        ],
    }


def _environment(cashbox: CashBox) -> Environment:
    return Environment(
        {
            "CAIXA_DATABASE_HOST": f"{cashbox.name}-mysql",
            "CAIXA_DATABASE_PORT": str(MYSQL_PORT),
            "CAIXA_ROTATION_FILE": f"{_FOLDER}/{USERS_KEY}",
        }
    )
