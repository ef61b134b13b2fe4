"""What stores and Jobs are told in each phase of a rotation."""

import json

import msgspec

from caixa_comum import schemas, topology
from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import Credentials, decoded, user_key
from caixa_operator.resources.family import children
from caixa_operator.resources.pods import CREDENTIALS_ANNOTATION
from caixa_operator.resources.store import CONFIGURATION_ANNOTATION
from caixa_operator.rotation.note import noted
from tests.unit.operator.boxes import CREDENTIALS, found, images
from tests.unit.operator.rotation.test_record import BOX, VALUES, promoted, rotation

ROTATION = rotation()
AFTER = promoted(ROTATION)
NOTES = {secret: noted(VALUES[secret], AFTER[secret], None) for secret in ("mysql-users", "mysql-backup", "rabbitmq-users")}
PHASES = {
    "before": Credentials(VALUES),
    "prepared": Credentials(VALUES, rotation=ROTATION),
    "promoted": Credentials(AFTER, notes=NOTES, rotation=ROTATION),
    "discarding": Credentials(AFTER, notes=NOTES, rotation=msgspec.structs.replace(ROTATION, discarding=True)),
    "after": Credentials(AFTER, notes=NOTES),
}


def family(credentials: Credentials, start: str = "") -> list[Manifest]:
    """Return every child."""
    return children(BOX, images(BOX), credentials, operator_namespace="caixa-system", mysql_start=start)


def configuration(credentials: Credentials, store: str) -> str:
    """Return what restarts a store."""
    template = found(family(credentials), "StatefulSet", f"loja-{store}")["spec"]["template"]
    text: str = template["metadata"]["annotations"][CONFIGURATION_ANNOTATION]
    return text


def statements(credentials: Credentials, user: str) -> list[str]:
    """Return what MySQL is told at its start about a user's password."""
    sql = decoded(found(family(credentials), "Secret", "loja-mysql-init"))["init.sql"]
    return [line for line in sql.splitlines() if line.startswith(f"ALTER USER '{user}'@")]


def users(credentials: Credentials) -> dict[str, str]:
    """Return what RabbitMQ is told at its start: the hash of each user's password."""
    body = json.loads(decoded(found(family(credentials), "Secret", "loja-rabbitmq-definitions"))["definitions.json"])
    return {one["name"]: one["password_hash"] for one in body["users"]}


def test_no_store_restarts_in_any_phase() -> None:
    """The fingerprint of what they read at their start is the same from before to after."""
    for store in ("mysql", "rabbitmq"):
        assert {configuration(credentials, store) for credentials in PHASES.values()} == {configuration(CREDENTIALS, store)}


def test_a_password_that_a_person_writes_restarts_its_store_before_and_after_a_rotation() -> None:
    """That is how it takes effect."""
    for secret, store in (("mysql-users", "mysql"), ("mysql-backup", "mysql"), ("rabbitmq-users", "rabbitmq")):
        for phase in ("before", "after"):
            was = PHASES[phase]
            key = "backup" if secret == "mysql-backup" else "fluxo"
            by_hand = {**was.values, secret: {**was.values[secret], key: "mine"}}
            assert configuration(msgspec.structs.replace(was, values=by_hand), store) != configuration(was, store), (secret, phase)
    assert configuration(Credentials(VALUES, notes=NOTES), "mysql") != configuration(PHASES["after"], "mysql"), "old ones, written back"


def test_a_mysql_that_starts_accepts_both_passwords_until_they_are_discarded() -> None:
    """First the old one alone, then the new one that retains it; before and after, one password, and no other is left."""
    for user in (*schemas.USERS, schemas.BACKUP):
        secret = "mysql-backup" if user == schemas.BACKUP else "mysql-users"
        old, new = VALUES[secret][user], AFTER[secret][user]
        both = [
            f"ALTER USER '{user}'@'%' IDENTIFIED BY '{old}';",
            f"ALTER USER '{user}'@'%' IDENTIFIED BY '{new}' RETAIN CURRENT PASSWORD;",
        ]
        assert statements(PHASES["prepared"], user)[-2:] == both
        assert statements(PHASES["promoted"], user)[-2:] == both
        for phase, password in (("before", old), ("discarding", new), ("after", new)):
            alone = [f"ALTER USER '{user}'@'%' IDENTIFIED BY '{password}';", f"ALTER USER '{user}'@'%' DISCARD OLD PASSWORD;"]
            assert statements(PHASES[phase], user) == alone, phase


def test_a_rabbitmq_that_starts_knows_both_users_until_they_are_discarded() -> None:
    """The same role under both of its names, each with its own password."""
    for role in topology.ROLES:
        key = user_key(role)
        pairs = [(values["rabbitmq-users"][key], values["rabbitmq-users"][role]) for values in (VALUES, AFTER)]
        old, new = ({name: topology.password_hash(name, password)} for name, password in pairs)
        both = {**old, **new}
        for phase, expected in (("before", old), ("prepared", both), ("promoted", both), ("discarding", new), ("after", new)):
            assert {name: one for name, one in users(PHASES[phase]).items() if name in both} == expected, phase


def test_the_job_is_another_after_each_start_of_mysql_and_for_each_task() -> None:
    """A restart may have lost what was taught; without a rotation there is no Job, no account and no arrow."""
    names = {
        (phase, start): {one["metadata"]["name"] for one in family(PHASES[phase], start) if "rotation" in one["metadata"]["name"]}
        for phase in PHASES
        for start in ("a", "b")
    }
    assert names["before", "a"] == names["after", "a"] == set()
    assert names["prepared", "a"] == names["promoted", "a"]
    jobs = {name for found in names.values() for name in found if name != "loja-rotation"}
    assert len(jobs) == 4
    peers = found(family(PHASES["prepared"]), "NetworkPolicy", "loja-mysql")["spec"]["ingress"]
    assert any("rotation" in str(peer) for peer in peers)


def test_pods_are_replaced_by_promotion_and_by_nothing_else() -> None:
    """Deployments, CronJobs and migrations carry the digits of what they read, so that it can be told who has the old values."""
    for kind in ("Deployment", "CronJob", "Job"):
        for one in family(PHASES["before"]):
            if one["kind"] != kind:
                continue
            digits = {phase: _digits(found(family(credentials), kind, one["metadata"]["name"])) for phase, credentials in PHASES.items()}
            assert digits["before"] == digits["prepared"] != digits["promoted"] == digits["discarding"] == digits["after"]


def _digits(one: Manifest) -> str:
    spec = one["spec"]["jobTemplate"]["spec"] if one["kind"] == "CronJob" else one["spec"]
    text: str = spec["template"]["metadata"]["annotations"][CREDENTIALS_ANNOTATION]
    return text
