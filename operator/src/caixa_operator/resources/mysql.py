"""The managed MySQL: `mysqld` by explicit command, so that the official image and one of Debian's packages run alike.

An init container makes the data folder on the first start. Schemas and users come from `--init-file` at every start, so a changed
password or a new user takes one restart and no hand. A rotation needs none: until it has ended, the statements make both passwords
valid, and afterwards the old one is discarded again, so that they are right whenever MySQL starts.
"""

from collections.abc import Iterator

from caixa_comum import schemas
from caixa_operator.images import Images
from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.quantities import amount
from caixa_operator.resources import backup, dump
from caixa_operator.resources.credentials import BACKUP_SECRET, MYSQL_ROOT, MYSQL_SECRETS, MYSQL_USERS, Credentials, encoded
from caixa_operator.resources.environment import MYSQL_PORT
from caixa_operator.resources.identity import child
from caixa_operator.resources.pods import CONTAINER_SECURITY, empty_dir, resource_requirements
from caixa_operator.resources.store import Store
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "mysql"
_DATA = "/var/lib/mysql"
_SOCKET = "/run/mysqld/mysqld.sock"
_MEBIBYTE = 2**20
# A crash half-way leaves `data.new`, never a half-made `data`.
_INITIALISE = f"""set -eu
[ ! -d {_DATA}/data ] || exit 0
rm -rf {_DATA}/data.new
mysqld --no-defaults --initialize-insecure --datadir={_DATA}/data.new --tmpdir=/tmp --innodb-redo-log-capacity=64M
mv {_DATA}/data.new {_DATA}/data
"""

_SERVER = f"""
mysqld --no-defaults --datadir={_DATA}/data.new --tmpdir=/tmp --socket=/tmp/restore.sock --pid-file=/tmp/restore.pid --skip-networking \\
  --mysqlx=OFF --skip-log-bin --secure-file-priv=NULL --character-set-server=utf8mb4 --innodb-redo-log-capacity=256M \\
  --innodb-flush-log-at-trx-commit=0 &
server=$!
printf '[client]\\nuser=root\\nsocket=/tmp/restore.sock\\n' > "$options"
until ask "SELECT 1" > /dev/null 2>&1; do
  kill -0 $server || fail "MySQL did not start"
  sleep 1
done
"""
_INTO_PLACE = f"""
ask SHUTDOWN
wait $server
sync
mv {_DATA}/data.new {_DATA}/data
"""
_GUARD, _, _MAKE = _INITIALISE.partition("rm -rf")
# The copy is loaded before the new data folder gets its name: killed half-way, all of it begins anew.
_RESTORE = f"{_GUARD}{dump.FIND}rm -rf{_MAKE.rpartition('mv ')[0]}{_SERVER}{dump.LOAD}{_INTO_PLACE}"


def init_secret(cashbox: CashBox, credentials: Credentials) -> Manifest:
    """Build the Secret of the statements that MySQL runs at every start: root's password, then schemas and least-privileged users."""
    passwords = _passwords(cashbox, credentials)
    statements = [*_statements(passwords), *_second_passwords(passwords, credentials)]
    lines = [statement.replace("\n", " ").rstrip("; ") + ";\n" for statement in statements]
    secret = child("v1", "Secret", cashbox, COMPONENT, f"{cashbox.name}-mysql-init")
    return {**secret, "type": "Opaque", "data": encoded({"init.sql": "".join(lines)})}


def _passwords(cashbox: CashBox, credentials: Credentials) -> dict[str, str]:
    """Return the password of every user that there should be."""
    found = {user: credentials.value("mysql-users", user) for user in MYSQL_USERS}
    if cashbox.spec.mysql.backup is not None:
        found[schemas.BACKUP] = credentials.value(BACKUP_SECRET, schemas.BACKUP)
    return found


def _statements(passwords: dict[str, str]) -> list[str]:
    root = f"ALTER USER 'root'@'localhost' IDENTIFIED BY {schemas.quoted(passwords[MYSQL_ROOT])}"
    copying = schemas.backup_statements(passwords[schemas.BACKUP]) if schemas.BACKUP in passwords else []
    own = [f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO '{user}'@'%'" for user in passwords if user != MYSQL_ROOT]
    return [root, *schemas.statements({user: passwords[user] for user in schemas.USERS}), *copying, *own]


def _second_passwords(passwords: dict[str, str], credentials: Credentials) -> Iterator[str]:
    """Make both passwords valid of those users whose passwords are being rotated, and one of all others."""
    rotation = credentials.rotation
    changes = () if rotation is None or rotation.discarding else rotation.of(*MYSQL_SECRETS)
    both = {change.name: change for change in changes if change.followed(credentials.values)}
    for user in (one for one in passwords if one != MYSQL_ROOT and one not in both):
        yield f"ALTER USER '{user}'@'%' DISCARD OLD PASSWORD"
    for user, change in both.items():
        if user in passwords:
            old, new = (schemas.quoted(values[user]) for values in (change.old, change.new))
            yield f"ALTER USER '{user}'@'%' IDENTIFIED BY {old}"
            yield f"ALTER USER '{user}'@'%' IDENTIFIED BY {new} RETAIN CURRENT PASSWORD"


def _fingerprint(cashbox: CashBox, credentials: Credentials) -> str:
    """Return digits that change when MySQL must restart: for other users and rights, and for passwords that it does not know yet."""
    passwords = _passwords(cashbox, credentials)
    secrets = MYSQL_SECRETS if schemas.BACKUP in passwords else ("mysql-users",)
    users = _statements(dict.fromkeys(passwords, ""))
    return fingerprint([config_map(cashbox)["data"], users, [credentials.standing(secret) for secret in secrets]])


def config_map(cashbox: CashBox) -> Manifest:
    """Build my.cnf: durable, UTC, no binary log (there is no replica), half of the memory for InnoDB."""
    limits = cashbox.spec.mysql.resources.limits
    memory = int(amount(limits.memory)) // _MEBIBYTE if limits.memory is not None else 512
    built = child("v1", "ConfigMap", cashbox, COMPONENT)
    return {**built, "data": {"my.cnf": _configuration(pool=max(64, memory // 2 // 64 * 64))}}


def _configuration(*, pool: int) -> str:
    return f"""[mysqld]
datadir = {_DATA}/data
socket = {_SOCKET}
pid-file = /run/mysqld/mysqld.pid
tmpdir = /tmp
secure-file-priv = NULL
init-file = /etc/caixa/init/init.sql
port = {MYSQL_PORT}
bind-address = *
mysqlx = OFF
skip-name-resolve
local-infile = OFF
skip-log-bin
character-set-server = utf8mb4
default-time-zone = +00:00
transaction-isolation = READ-COMMITTED
innodb-flush-log-at-trx-commit = 1
innodb-buffer-pool-size = {pool}M
innodb-redo-log-capacity = 256M
max-connections = 400
performance-schema = OFF
"""


def store(cashbox: CashBox, images: Images, credentials: Credentials) -> Store:
    """Describe MySQL's pod."""
    image = {"image": images.mysql, "imagePullPolicy": images.pull_policy, "securityContext": CONTAINER_SECURITY}
    resources = resource_requirements(cashbox.spec.mysql.resources)
    data = {"name": "data", "mountPath": _DATA}
    tmp, tmp_mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own
    run, run_mount = empty_dir("run", "/run/mysqld")
    ping = {"exec": {"command": ["mysqladmin", "--no-defaults", f"--socket={_SOCKET}", "--connect-timeout=3", "ping"]}, "timeoutSeconds": 5}
    return Store(
        component=COMPONENT,
        spec=cashbox.spec.mysql,
        ports={"mysql": MYSQL_PORT},
        prepare={
            "name": "initialise",
            **image,
            "resources": resources,
            **_prepared(cashbox, [data, tmp_mount]),
        },
        serve={
            "name": COMPONENT,
            **image,
            "command": ["mysqld", "--defaults-file=/etc/caixa/my.cnf"],
            "resources": resources,
            "startupProbe": {**ping, "periodSeconds": 2, "failureThreshold": 300},
            "readinessProbe": {**ping, "periodSeconds": 5, "failureThreshold": 3},
            "livenessProbe": {**ping, "periodSeconds": 15, "failureThreshold": 8},
            "volumeMounts": [
                data,
                tmp_mount,
                run_mount,
                {"name": "configuration", "mountPath": "/etc/caixa/my.cnf", "subPath": "my.cnf", "readOnly": True},
                {"name": "init", "mountPath": "/etc/caixa/init", "readOnly": True},
            ],
        },
        volumes=[
            tmp,
            run,
            {"name": "configuration", "configMap": {"name": f"{cashbox.name}-{COMPONENT}"}},
            {"name": "init", "secret": {"secretName": f"{cashbox.name}-mysql-init", "defaultMode": 0o440}},
            *_copies(cashbox),
        ],
        configuration=_fingerprint(cashbox, credentials),
        grace_seconds=120,
    )


def _prepared(cashbox: CashBox, mounts: list[Manifest]) -> Manifest:
    """Write how the data folder is made: empty, or with the copy that the CashBox begins with."""
    source = cashbox.spec.mysql.restore_from
    if source is None:
        return {"command": ["sh", "-c", _INITIALISE], "volumeMounts": mounts}
    environment = {"CAIXA_BACKUP_FOLDER": backup.FOLDER, **({"CAIXA_BACKUP_FILE": source.file} if source.file else {})}
    return {
        "command": ["sh", "-c", _RESTORE],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "volumeMounts": [*mounts, {"name": "copies", "mountPath": backup.FOLDER, "readOnly": True}],
    }


def _copies(cashbox: CashBox) -> list[Manifest]:
    source = cashbox.spec.mysql.restore_from
    return [] if source is None else [{"name": "copies", "persistentVolumeClaim": {"claimName": source.claim_name}}]
