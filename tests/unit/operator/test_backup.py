"""Copies: who makes them with which rights, where they lie, and how a new CashBox begins with one."""

import pytest

from caixa_comum import schemas
from caixa_operator.manifest import Ref, ref
from caixa_operator.reconcile.plan import decide
from caixa_operator.resources.credentials import BACKUP_SECRET, decoded, needed
from caixa_operator.spec.cashbox import CashBox
from tests.unit.operator.boxes import applied, cashbox, family, found

PLAIN = cashbox()
BOX = cashbox(mysql={"backup": {"schedule": "@daily", "keep": 3, "storage": {"size": "5Gi", "className": "slow"}}})
NEW = cashbox(mysql={"restoreFrom": {"claimName": "old-backup", "file": "caixa-20260101T031500Z.sql.gz"}})


def test_without_copies_nothing_is_there_for_them() -> None:
    """A CashBox of before there were copies has the same children, Secrets and statements as then."""
    assert not [ref(one) for one in family(PLAIN) if "backup" in str(one)]
    assert BACKUP_SECRET not in needed(PLAIN)
    assert schemas.BACKUP not in decoded(found(family(PLAIN), "Secret", "loja-mysql-init"))["init.sql"]
    assert decide(family(PLAIN), applied(family(PLAIN))).writes == 0


def test_copies_are_made_by_a_user_who_can_only_read() -> None:
    """Its password is generated, its rights are SELECT and SHOW VIEW, and MySQL makes it at its start."""
    sql = decoded(found(family(BOX), "Secret", "loja-mysql-init"))["init.sql"]
    grants = [line for line in sql.splitlines() if line.startswith("GRANT") and "'backup'@" in line]
    reads = [f"GRANT SELECT, SHOW VIEW ON `caixa_{one}`.* TO 'backup'@'%';" for one in ("fluxo", "saldo", "gateway")]
    assert grants == [*reads, "GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO 'backup'@'%';"], "and change its own password, as every user may"
    assert BACKUP_SECRET in needed(BOX)


def test_the_cronjob_copies_with_mysql_s_own_image_into_its_own_volume() -> None:
    """Schedule, number of copies, size and class are the CashBox's; one at a time; the password is referred to."""
    built = found(family(BOX), "CronJob", "loja-backup")["spec"]
    assert (built["schedule"], built["timeZone"], built["concurrencyPolicy"]) == ("@daily", "Etc/UTC", "Forbid")
    pod = built["jobTemplate"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    mysql = found(family(BOX), "StatefulSet", "loja-mysql")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == mysql["image"]
    env = {one["name"]: one.get("value", one.get("valueFrom")) for one in container["env"]}
    assert (env["CAIXA_BACKUP_KEEP"], env["CAIXA_DATABASE_HOST"], env["CAIXA_DATABASE_USER"]) == ("3", "loja-mysql", "backup")
    assert env["CAIXA_DATABASE_PASSWORD"] == {"secretKeyRef": {"name": "loja-mysql-backup", "key": "backup"}}
    assert {"name": "copies", "persistentVolumeClaim": {"claimName": "loja-backup"}} in pod["volumes"]
    claim = found(family(BOX), "PersistentVolumeClaim", "loja-backup")
    assert (claim["spec"]["resources"], claim["spec"]["storageClassName"]) == ({"requests": {"storage": "5Gi"}}, "slow")


def test_the_volume_of_copies_is_made_once() -> None:
    """One that people have grown is left, and one that is no longer wanted stays with its copies."""
    live = applied(family(BOX))
    live[Ref("PersistentVolumeClaim", "loja-backup")]["spec"]["resources"] = {"requests": {"storage": "50Gi"}}
    assert decide(family(BOX), live).writes == 0
    assert all(one.kind != "PersistentVolumeClaim" for one in decide(family(PLAIN), live).prune)
    assert Ref("CronJob", "loja-backup") in decide(family(PLAIN), live).prune


def test_a_running_cashbox_gets_copies_without_a_hand() -> None:
    """The volume, the account, the policy and the CronJob are added, and MySQL is told of the user."""
    plan = decide(family(BOX), applied(family(PLAIN)))
    added = {ref(one) for one in plan.apply}
    made = {Ref(kind, "loja-backup") for kind in ("PersistentVolumeClaim", "ServiceAccount", "CronJob", "NetworkPolicy")}
    assert added == made | {Ref("Secret", "loja-mysql-init"), Ref("StatefulSet", "loja-mysql"), Ref("NetworkPolicy", "loja-mysql")}


def test_the_network_lets_copies_reach_mysql_and_nothing_else() -> None:
    """One arrow more, at both of its ends."""
    policy = found(family(BOX), "NetworkPolicy", "loja-backup")["spec"]
    assert [rule["ports"] for rule in policy["egress"]] == [[{"port": 3306, "protocol": "TCP"}]]
    assert "ingress" not in policy
    sources = found(family(BOX), "NetworkPolicy", "loja-mysql")["spec"]["ingress"]
    assert any("'backup'" in str(rule["from"]) for rule in sources)


def test_a_restore_comes_before_mysql_and_leaves_data_alone() -> None:
    """The init container mounts the copies read-only, and does nothing once there is a data folder, which gets its name last."""
    pod = found(family(NEW), "StatefulSet", "loja-mysql")["spec"]["template"]["spec"]
    init = pod["initContainers"][0]
    assert {"name": "copies", "mountPath": "/backup", "readOnly": True} in init["volumeMounts"]
    assert {"name": "CAIXA_BACKUP_FILE", "value": "caixa-20260101T031500Z.sql.gz"} in init["env"]
    assert {"name": "copies", "persistentVolumeClaim": {"claimName": "old-backup"}} in pod["volumes"]
    script = init["command"][2].strip().splitlines()
    assert script[:2] == ["set -eu", "[ ! -d /var/lib/mysql/data ] || exit 0"]
    assert script[-1] == "mv /var/lib/mysql/data.new /var/lib/mysql/data"
    assert all(mount["name"] != "copies" for mount in pod["containers"][0]["volumeMounts"])


@pytest.mark.parametrize("box", [PLAIN, BOX])
def test_mysql_mounts_no_copies_unless_it_begins_with_one(box: CashBox) -> None:
    """The volume is the CronJob's alone, so that copies go on wherever MySQL runs."""
    pod = found(family(box), "StatefulSet", "loja-mysql")["spec"]["template"]["spec"]
    assert all(volume["name"] != "copies" for volume in pod["volumes"])
