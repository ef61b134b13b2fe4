"""Rotation of every password under load: nobody is refused, no store restarts, and the old passwords are worth nothing afterwards."""

import asyncio
import json
from pathlib import Path

from caixa_comum import schemas, topology
from caixa_operator.rotation.script import DISCARD, TEACH
from tests.cluster import ledger
from tests.cluster.installation import Installation
from tests.cluster.test_new_version import under_load
from tests.demo.demo_cashbox import condition, decoded
from tests.kubernetes.waiting import until
from tests.provision.command import CommandFailed, run

PLUGIN = Path(__file__).parents[2] / ".venv" / "bin" / "kubectl-caixa"
OLD, NEW, OTHER = "old-1", "new-2", "other-3"


def secret(platform: Installation, name: str) -> dict[str, str]:
    """Return the values of one of the CashBox's Secrets."""
    return decoded(platform.kubectl.get("secret", f"{platform.name}-{name}"))


def stores(platform: Installation) -> list[tuple[str, int]]:
    """Return the identity of each store's pod, and how often its container has started again."""
    pods = [pod for store in ("mysql", "rabbitmq") for pod in platform.pods(store)]
    return [(pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"]) for pod in pods]


def in_mysql(platform: Installation, script: str, stdin: str) -> str:
    """Run a shell script in MySQL's container. Raises CommandFailed."""
    words = ("exec", "--stdin", f"{platform.name}-mysql-0", "--container=mysql", "--", "sh", "-c", script)
    return platform.kubectl(*words, stdin=stdin, timeout=120)


def accepts(platform: Installation, user: str, password: str) -> bool:
    """Tell whether MySQL lets a user in with a password."""
    client = "IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec mysql --protocol=tcp --host=127.0.0.1 --execute='SELECT 1' --user="
    try:
        in_mysql(platform, client + user, f"{password}\n")
    except CommandFailed as error:
        assert "Access denied" in str(error)
        return False
    return True


def brokers_users(platform: Installation) -> set[str]:
    """Return the names of RabbitMQ's users."""
    listed = (
        "exec",
        f"{platform.name}-rabbitmq-0",
        "--container=rabbitmq",
        "--",
        "rabbitmqctl",
        "--quiet",
        "list_users",
        "--formatter=json",
    )
    return {one["user"] for one in json.loads(platform.kubectl(*listed, timeout=60))}


async def test_a_rotation_under_load_refuses_nobody_and_restarts_no_store(platform: Installation) -> None:
    """Every entry meanwhile is accepted at once and counted exactly once; then old passwords and old users are gone."""
    mysql, rabbitmq, pods = secret(platform, "mysql-users"), secret(platform, "rabbitmq-users"), stores(platform)
    assert brokers_users(platform) == {rabbitmq[f"{role}_user"] for role in topology.ROLES}
    born = platform.cashbox()["status"]["credentials"]["rotatedAt"]

    def rotated() -> bool:
        found = platform.cashbox()["status"]["credentials"]
        return found["rotatedAt"] > born and "phase" not in found

    async with under_load(platform) as (shop, merchant):
        await asyncio.sleep(2)
        run([PLUGIN, "rotate", platform.name, "--namespace=default", f"--kubeconfig={platform.kubectl.kubeconfig}"])
        await asyncio.to_thread(until, "the passwords are rotated", rotated, seconds=420, pause=1)
        await asyncio.sleep(2)
    posted = ledger.Sum(len(shop.posts), sum(post.centavos for post in shop.posts))
    assert ledger.entries(platform.kubectl, platform.name)[merchant.id.replace("-", "")] == posted
    assert ledger.entries(platform.kubectl, platform.name) == ledger.balances(platform.kubectl, platform.name)
    assert stores(platform) == pods
    now = secret(platform, "mysql-users")
    for user in schemas.USERS:
        assert now[user] != mysql[user]
        assert accepts(platform, user, now[user])
        assert not accepts(platform, user, mysql[user])
    assert brokers_users(platform) == {secret(platform, "rabbitmq-users")[f"{role}_user"] for role in topology.ROLES}
    assert brokers_users(platform).isdisjoint({rabbitmq[f"{role}_user"] for role in topology.ROLES})
    assert platform.kubectl.find("secret", f"{platform.name}-rotation") is None
    assert condition(platform.cashbox(), "CredentialsRotating")["status"] == "False"
    platform.ready()


async def test_the_rotated_passwords_outlive_a_restart_of_the_stores(platform: Installation) -> None:
    """What the stores read at their start is what they were taught: after both are gone and back, entries become balances as before."""
    before = stores(platform)
    for store in ("mysql", "rabbitmq"):
        platform.kubectl("delete", "pod", f"{platform.name}-{store}-0", "--wait=true", "--timeout=150s")
    until("both stores are back", lambda: len(stores(platform)) == 2 and stores(platform) != before, seconds=120)
    await asyncio.to_thread(platform.ready)
    async with under_load(platform):
        await asyncio.sleep(2)
    now = secret(platform, "mysql-users")
    assert all(accepts(platform, user, now[user]) for user in schemas.USERS)


def test_a_user_is_taught_right_from_every_state_that_a_kill_may_leave(platform: Installation) -> None:
    """Whatever a user's two passwords were, both the old and the new are valid afterwards and no other is; then the new one alone."""
    states = {
        "p1": (OLD, None),
        "p2": (NEW, None),
        "p3": (NEW, OLD),
        "p4": (OLD, NEW),
        "p5": (OLD, OTHER),
        "p6": (OTHER, OLD),
        "p7": (NEW, OTHER),
    }
    sql = []
    for user, (first, second) in states.items():
        sql.append(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{second or first}'")
        sql += [f"ALTER USER '{user}'@'%' IDENTIFIED BY '{first}' RETAIN CURRENT PASSWORD"] if second else []
        sql.append(f"GRANT APPLICATION_PASSWORD_ADMIN ON *.* TO '{user}'@'%'")
    root = "IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec mysql --user=root --socket=/run/mysqld/mysqld.sock"
    password = secret(platform, "mysql-users")["root"]
    in_mysql(platform, root, "\n".join([password, *(f"{one};" for one in sql)]) + "\n")
    users = "".join(f"{user}\n{OLD}\n{NEW}\n" for user in states)
    where = "export CAIXA_DATABASE_HOST=127.0.0.1 CAIXA_DATABASE_PORT=3306 CAIXA_ROTATION_FILE=/tmp/users TMPDIR=/tmp; cat > /tmp/users\n"
    try:
        for _ in range(2):
            in_mysql(platform, where + TEACH, users)
            assert [[accepts(platform, user, one) for one in (OLD, NEW, OTHER)] for user in states] == [[True, True, False]] * len(states)
        for _ in range(2):
            in_mysql(platform, where + DISCARD, users)
            assert [[accepts(platform, user, one) for one in (OLD, NEW, OTHER)] for user in states] == [[False, True, False]] * len(states)
        try:
            in_mysql(platform, where + TEACH, "p1\nwrong\nwrong-too\n")
        except CommandFailed as error:
            assert "did somebody change it by hand?" in str(error)
        else:
            raise AssertionError("a user with neither password was passed over")
    finally:
        in_mysql(platform, root, f"{password}\n" + "".join(f"DROP USER '{user}'@'%';\n" for user in states))
