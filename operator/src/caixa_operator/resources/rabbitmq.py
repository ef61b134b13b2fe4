"""The managed RabbitMQ: `rabbitmq-server` by explicit command, topology and users from definitions, never from the services."""

import msgspec

from caixa_comum import topology
from caixa_operator.images import Images
from caixa_operator.manifest import Manifest, fingerprint
from caixa_operator.resources import rabbitmq_cluster
from caixa_operator.resources.credentials import COOKIE, Credentials, encoded, user_key
from caixa_operator.resources.environment import AMQP_PORT
from caixa_operator.resources.existing import name_of
from caixa_operator.resources.identity import child
from caixa_operator.resources.pods import CONTAINER_SECURITY, empty_dir, resource_requirements
from caixa_operator.resources.store import Store
from caixa_operator.spec.cashbox import CashBox

COMPONENT = "rabbitmq"
MANAGEMENT_PORT = 15672
METRICS_PORT = 15692
_DATA = "/var/lib/rabbitmq"
_CONFIGURATION = f"""listeners.tcp.default = {AMQP_PORT}
management.tcp.port = {MANAGEMENT_PORT}
prometheus.tcp.port = {METRICS_PORT}
load_definitions = /etc/caixa/definitions/definitions.json
log.console = true
log.console.level = info
log.file = false
disk_free_limit.absolute = 100MB
heartbeat = 30
"""
_PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"
# Erlang insists that only its owner can read the cookie; a Secret's volume cannot promise that.
_COOKIE = f"""set -eu
umask 077
rm -f {_DATA}/.erlang.cookie
cp /etc/caixa/cookie/{COOKIE} {_DATA}/.erlang.cookie
chmod 400 {_DATA}/.erlang.cookie
"""
_ENVIRONMENT = {
    "HOME": _DATA,
    "RABBITMQ_NODENAME": "rabbit@localhost",  # stable: the data folder is named after it
    "RABBITMQ_MNESIA_BASE": f"{_DATA}/mnesia",
    "RABBITMQ_CONFIG_FILE": "/etc/caixa/configuration/rabbitmq.conf",
    "RABBITMQ_ENABLED_PLUGINS_FILE": "/etc/caixa/configuration/enabled_plugins",
    "RABBITMQ_GENERATED_CONFIG_DIR": "/tmp/rabbitmq",  # noqa: S108 - the pod's own
    "RABBITMQ_LOG_BASE": "/tmp/rabbitmq/log",  # noqa: S108 - the pod's own
    "RABBITMQ_LOGS": "-",
    # Nothing but this pod may speak Erlang's distribution protocol to it.
    "ERL_EPMD_ADDRESS": "127.0.0.1",
    "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    "LANG": "C.UTF-8",
}


def definitions_secret(cashbox: CashBox, credentials: Credentials) -> Manifest:
    """Build the Secret of the definitions: vhost, least-privileged users, exchanges, queues, bindings."""
    definitions = rabbitmq_cluster.copied(topology.definitions(_passwords(credentials)), rabbitmq_cluster.replicas(cashbox))
    body = msgspec.json.encode(definitions, order="deterministic").decode()
    secret = child("v1", "Secret", cashbox, COMPONENT, f"{cashbox.name}-rabbitmq-definitions")
    return {**secret, "type": "Opaque", "data": encoded({"definitions.json": body})}


def _passwords(credentials: Credentials) -> dict[str, str]:
    """Return the password of every user that there should be: while passwords are rotated, each role has two."""
    rotation = credentials.rotation
    changes = () if rotation is None or rotation.discarding else rotation.of("rabbitmq-users")
    both = [(values[user_key(change.name)], values[change.name]) for change in changes for values in (change.old, change.new)]
    return dict([*both, *credentials.broker_users.values()])


def config_map(cashbox: CashBox) -> Manifest:
    """Build rabbitmq.conf and the list of plugins."""
    conf = _CONFIGURATION + rabbitmq_cluster.configuration(cashbox)
    return {**child("v1", "ConfigMap", cashbox, COMPONENT), "data": {"rabbitmq.conf": conf, "enabled_plugins": _PLUGINS}}


def store(cashbox: CashBox, images: Images, credentials: Credentials) -> Store:
    """Describe RabbitMQ's pod: the one, or one of several."""
    return rabbitmq_cluster.clustered(cashbox, _single(cashbox, images, credentials))


def _single(cashbox: CashBox, images: Images, credentials: Credentials) -> Store:
    image = {"image": images.rabbitmq, "imagePullPolicy": images.pull_policy, "securityContext": CONTAINER_SECURITY}
    resources = resource_requirements(cashbox.spec.rabbitmq.resources)
    data = {"name": "data", "mountPath": _DATA}
    tmp, tmp_mount = empty_dir("tmp", "/tmp")  # noqa: S108 - the pod's own
    alive = {"tcpSocket": {"port": "amqp"}, "timeoutSeconds": 5}
    read_only = {"readOnly": True}
    return Store(
        component=COMPONENT,
        spec=cashbox.spec.rabbitmq,
        ports={"amqp": AMQP_PORT, "management": MANAGEMENT_PORT, "metrics": METRICS_PORT},
        prepare={
            "name": "cookie",
            **image,
            "command": ["sh", "-c", _COOKIE],
            "resources": resources,
            "volumeMounts": [data, {"name": "cookie", "mountPath": "/etc/caixa/cookie", **read_only}],
        },
        serve={
            "name": COMPONENT,
            **image,
            "command": ["rabbitmq-server"],
            "env": [{"name": name, "value": value} for name, value in _ENVIRONMENT.items()],
            "resources": resources,
            # The AMQP port opens last, after definitions were loaded.
            "startupProbe": {**alive, "periodSeconds": 2, "failureThreshold": 300},
            "readinessProbe": {**alive, "periodSeconds": 5, "failureThreshold": 3},
            "livenessProbe": {**alive, "periodSeconds": 20, "failureThreshold": 6},
            "volumeMounts": [
                data,
                tmp_mount,
                {"name": "configuration", "mountPath": "/etc/caixa/configuration", **read_only},
                {"name": "definitions", "mountPath": "/etc/caixa/definitions", **read_only},
            ],
        },
        volumes=[
            tmp,
            {"name": "configuration", "configMap": {"name": f"{cashbox.name}-{COMPONENT}"}},
            {"name": "definitions", "secret": {"secretName": f"{cashbox.name}-rabbitmq-definitions", "defaultMode": 0o440}},
            {
                "name": "cookie",
                "secret": {
                    "secretName": name_of(cashbox, "rabbitmq-users"),
                    "defaultMode": 0o440,
                    "items": [{"key": COOKIE, "path": COOKIE}],
                },
            },
        ],
        configuration=fingerprint(
            [
                config_map(cashbox)["data"],
                topology.definitions(dict.fromkeys(topology.ROLES, "")),
                credentials.standing("rabbitmq-users"),
            ]
        ),
        grace_seconds=60,
    )
