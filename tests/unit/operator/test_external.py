"""Stores that somebody else runs."""

import json
import subprocess
import sys

import pytest

from caixa_comum import schemas, topology
from caixa_operator.images import resolved
from caixa_operator.manifest import Manifest, ref
from caixa_operator.reconcile.assess import assess
from caixa_operator.reconcile.plan import decide
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.external import Incomplete, port, verified
from caixa_operator.resources.family import children
from tests.kubernetes.certificates import Authority
from tests.unit.operator.boxes import CREDENTIALS, IMAGES_OF, NOW, applied, cashbox, found

MYSQL = {"url": "mysql://db.example:3307", **dict.fromkeys(schemas.USERS, "p")}
AUTHORITY = Authority("teste").certificate.decode()
RABBITMQ = {"url": "amqps://mq.example/caixa", "management_url": "https://mq.example:15671", **dict.fromkeys(topology.USERS, "p")}
BOX = cashbox(
    mysql={"mode": "External", "external": {"secret": "their-mysql"}},
    rabbitmq={"mode": "External", "external": {"secret": "their-rabbitmq"}},
)
BUILT = children(BOX, resolved(BOX.spec, IMAGES_OF), Credentials({**CREDENTIALS.values, "mysql-users": MYSQL, "rabbitmq-users": RABBITMQ}))


def env(manifest: Manifest) -> dict[str, object]:
    """Return a Deployment's variables."""
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    return {one["name"]: one.get("value") or one["valueFrom"]["secretKeyRef"] for one in container["env"]}


def test_no_child_of_a_store_is_made() -> None:
    """Neither its StatefulSet nor its Service, its configuration, its account or its policy."""
    assert not [ref(one) for one in BUILT if one["metadata"]["name"].startswith(("loja-mysql", "loja-rabbitmq"))]


def test_processes_read_the_existing_secrets() -> None:
    """The URL and the passwords come from the Secrets that people made; the schema is added to the server's URL by Kubernetes."""
    relay = env(found(BUILT, "Deployment", "loja-fluxo-relay"))
    assert relay["CAIXA_DATABASE_URL"] == "$(CAIXA_MYSQL_SERVER)/caixa_fluxo"
    assert relay["CAIXA_MYSQL_SERVER"] == {"name": "their-mysql", "key": "url"}
    assert relay["CAIXA_DATABASE_PASSWORD"] == {"name": "their-mysql", "key": "fluxo"}
    assert relay["CAIXA_BROKER_URL"] == {"name": "their-rabbitmq", "key": "url"}
    assert relay["CAIXA_BROKER_PASSWORD"] == {"name": "their-rabbitmq", "key": "fluxo"}
    order = list(relay)
    assert order.index("CAIXA_MYSQL_SERVER") < order.index("CAIXA_DATABASE_URL"), "only what comes before can be referred to"


def test_a_store_s_own_authority_is_read_where_its_secret_has_one() -> None:
    """By every process of the store, as an optional key; another one replaces the pods, and none changes nothing."""
    relay = found(BUILT, "Deployment", "loja-fluxo-relay")
    read = env(relay)
    assert read["CAIXA_DATABASE_CA"] == {"name": "their-mysql", "key": "ca.crt", "optional": True}
    assert read["CAIXA_BROKER_CA"] == {"name": "their-rabbitmq", "key": "ca.crt", "optional": True}
    migration = next(one for one in BUILT if one["kind"] == "Job")
    assert "CAIXA_DATABASE_CA" in env(migration)
    assert not [one for one in children(cashbox(), resolved(BOX.spec, IMAGES_OF), CREDENTIALS) if "CAIXA_DATABASE_CA" in str(one)]
    values = {**CREDENTIALS.values, "mysql-users": {**MYSQL, "ca.crt": AUTHORITY}, "rabbitmq-users": RABBITMQ}
    other = children(BOX, resolved(BOX.spec, IMAGES_OF), Credentials(values))
    assert found(other, "Deployment", "loja-fluxo-relay")["spec"]["template"] != relay["spec"]["template"]


@pytest.mark.parametrize(
    ("secret", "values", "says"),
    [
        (
            "mysql-users",
            {**MYSQL, "ca.crt": "no certificate"},
            "ca.crt of Secret their-mysql must be certificates as PEM, or the word system",
        ),
        (
            "rabbitmq-users",
            {**RABBITMQ, "url": "amqp://mq.example/caixa", "ca.crt": AUTHORITY},
            "ca.crt of Secret their-rabbitmq is for a server with TLS: write a url that begins with amqps://, or remove it",
        ),
    ],
)
def test_an_authority_that_is_none_is_told(secret: str, values: dict[str, str], says: str) -> None:
    """Before a pod fails on it; the right ones are taken."""
    with pytest.raises(Incomplete, match=says):
        verified(BOX, secret, values)
    for right in (AUTHORITY, "system"):
        verified(BOX, "mysql-users", {**MYSQL, "ca.crt": right})
        verified(BOX, "rabbitmq-users", {**RABBITMQ, "ca.crt": right})


def test_another_password_or_server_replaces_the_pods() -> None:
    """A Secret that people rotate takes effect."""
    moved = {**MYSQL, "url": "mysql://other.example"}
    values = {**CREDENTIALS.values, "mysql-users": moved, "rabbitmq-users": RABBITMQ}
    other = children(BOX, resolved(BOX.spec, IMAGES_OF), Credentials(values))
    for built in (BUILT, other):
        assert found(built, "Deployment", "loja-fluxo")["spec"]["template"]["metadata"]["annotations"]
    before, after = (found(built, "Deployment", "loja-fluxo")["spec"]["template"]["metadata"] for built in (BUILT, other))
    assert before != after


def test_the_way_out_is_open_at_the_stores_ports_alone() -> None:
    """Where an external store is, only its name says, so its port is what a policy can name."""
    relay = found(BUILT, "NetworkPolicy", "loja-fluxo-relay")["spec"]["egress"]
    assert relay == [{"ports": [{"port": 5671, "protocol": "TCP"}]}, {"ports": [{"port": 3307, "protocol": "TCP"}]}]
    assert [port(url) for url in ("mysql://a", "amqp://a/caixa", "amqps://a/caixa", "mysql://a:1")] == [3306, 5672, 5671, 1]


def test_migrations_start_at_once_and_stores_count_as_ready() -> None:
    """There is no StatefulSet to wait for; whether the servers answer, migrations and pods tell."""
    plan = decide(BUILT, {})
    assert {one["kind"] for one in plan.apply} >= {"Job"}
    live = applied(BUILT)
    made = assess(BOX, decide(BUILT, live), live, [], served_before=True, now=NOW)
    assert made.summary == "Serving"
    assert {one.reason for one in made.claims if one.type in ("DatabaseReady", "BrokerReady")} == {"External"}


@pytest.mark.parametrize(
    ("secret", "values", "told"),
    [
        ("mysql-users", None, "there is no Secret their-mysql: make one with the keys url, fluxo, "),
        ("mysql-users", {**MYSQL, "saldo": ""}, "Secret their-mysql lacks saldo: add what is missing"),
        ("mysql-users", {**MYSQL, "url": "mysql://root:x@db"}, "url of Secret their-mysql must be such as mysql://db.example:3306"),
        ("mysql-users", {**MYSQL, "url": "mysql://db/caixa"}, "without credentials or anything else"),
        ("rabbitmq-users", {**RABBITMQ, "url": "amqp://mq/"}, "such as amqps://mq.example:5671/caixa"),
        ("rabbitmq-users", {**RABBITMQ, "management_url": ""}, "lacks management_url"),
        ("rabbitmq-users", {**RABBITMQ, "management_url": "mq:15672"}, "such as https://mq.example:15671"),
    ],
)
def test_a_secret_that_cannot_work_is_told_without_its_values(secret: str, values: dict[str, str] | None, told: str) -> None:
    """Its name, the key and the form are said; a password never is."""
    with pytest.raises(Incomplete) as refused:
        verified(BOX, secret, values)
    assert told in str(refused.value)
    assert "root:x" not in str(refused.value)


def test_the_management_url_is_only_for_the_autoscaler() -> None:
    """In mode Fixed nobody needs the queue's figures."""
    fixed = cashbox(
        rabbitmq={"mode": "External", "external": {"secret": "their-rabbitmq"}},
        saldo={"consumer": {"replicas": 2, "autoscaling": {"mode": "Fixed"}}},
    )
    less = {key: RABBITMQ[key] for key in ("url", "fluxo", "saldo")}
    assert verified(fixed, "rabbitmq-users", less) == less


@pytest.mark.parametrize(
    ("store", "users", "told"), [("mysql", schemas.USERS, "CREATE USER"), ("rabbitmq", topology.USERS, "saldo.eventos")]
)
def test_the_command_prints_what_a_store_needs(store: str, users: tuple[str, ...], told: str) -> None:
    """With every password it prints what to load; without one it names the user and ends with 2."""
    argv = [sys.executable, "-m", "caixa_operator.stores", store]
    whole = subprocess.run(argv, input=json.dumps(dict.fromkeys(users, "p")), capture_output=True, text=True, check=True, timeout=60)
    assert told in whole.stdout
    part = subprocess.run(argv, input="{}", capture_output=True, text=True, check=False, timeout=60)
    assert (part.returncode, users[0] in part.stderr, part.stdout) == (2, True, "")
