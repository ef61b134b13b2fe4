"""`make up`: the whole platform on this machine, without Kubernetes, under a supervisor that restarts what dies."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from caixa_comum import schemas
from tests.cluster import shop
from tests.local import broker, mariadb, marked, notes, rabbitmq, services
from tests.local.environment import minimal
from tests.local.layout import Layout
from tests.local.marked import mark
from tests.local.plan import SERVICES, Plan, prepare
from tests.local.platform import readiness
from tests.local.ports import is_listening
from tests.local.private_file import write_private
from tests.local.process import TAIL_BYTES
from tests.local.waiting import TimedOut, until
from tests.provision.progress import step

MERCHANT = "Padaria da Esquina"
READY_SECONDS = 180.0


class StartFailed(RuntimeError):
    """The platform did not come up; the message says which part and holds the end of its log."""


def is_running(layout: Layout) -> notes.Notes | None:
    """Return the notes of a platform that runs, its gateway listening, else None."""
    found = notes.read(layout.notes)
    if found is None or not is_listening(int(found.gateway.rpartition(":")[2])) or not marked.living(layout.root):
        return None
    return found


def bring_up(layout: Layout) -> notes.Notes:
    """Start everything, wait until it serves, register a merchant, and return where and who.

    Raises StartFailed when a part does not live; debian.CannotInstall when a server is missing and may not be installed.
    """
    with step("private database, broker and keys"):
        plan = prepare(layout)
        _start_supervisor(plan)
    with step("database: schemas, users, migrations (the broker starts meanwhile)"):
        passwords = plan.wiring.database.passwords
        _await(plan, "mysql", lambda: mariadb.accepts(plan.wiring.database.port, passwords[mariadb.ROOT]))
        _make_schemas(plan)
        _migrate(plan)
    with step("RabbitMQ"):
        _await(plan, "rabbitmq", lambda: rabbitmq.is_ready(plan.rabbit_ports, broker.ADMIN, plan.rabbit_admin_password))
    with step(", ".join(services.NAMES)):
        plan.control.connect().startProcessGroup(SERVICES, False)
        for name, port in plan.management_ports.items():
            _await(plan, name, lambda port=port: readiness(port)[0] == 200)  # type: ignore[misc] # a default binds the loop's variable
    with step(f"a merchant, {MERCHANT}, registered through the gateway"):
        made = asyncio.run(_introduce(plan))
    notes.write(made, layout.notes)
    return made


def take_down(layout: Layout) -> None:
    """End every process of the run, in order where a supervisor lives, and remove its folder and notes."""
    living = marked.living(layout.root)
    supervisor = next((pid for pid in living if _is_supervisor(pid)), None)
    marked.end(layout.root, supervisor, grace=45)
    shutil.rmtree(layout.up, ignore_errors=True)
    layout.notes.unlink(missing_ok=True)


def _start_supervisor(plan: Plan) -> None:
    layout = plan.layout
    path, printed = layout.up / "supervisord.conf", layout.up / "supervisord.out"
    write_private(path, plan.supervisor_configuration())
    notes.write(notes.State(plan.control.port, plan.control.password, plan.management_ports), layout.state)
    with printed.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(path)],
            env={**minimal(), **mark(layout.root)},
            cwd=layout.up,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until("supervisor listens", lambda: is_listening(plan.control.port) or process.poll() is not None)
    if process.poll() is not None:
        raise StartFailed(f"supervisor ended with {process.returncode}:\n{_tail(printed)}")
    process.returncode = 0  # it is to outlive this program: no warning when the object goes


def _make_schemas(plan: Plan) -> None:
    passwords = dict(plan.wiring.database.passwords)
    root = passwords.pop(mariadb.ROOT)
    with mariadb.connected(plan.wiring.database.port, root) as connection, connection.cursor() as cursor:
        for statement in schemas.statements(passwords):
            cursor.execute(statement)


def _migrate(plan: Plan) -> None:
    begun = []
    for program in services.migrations(plan.wiring):
        log = plan.layout.up / f"{program.name}.log"
        with log.open("wb") as out:
            environ = {**program.environ, **mark(plan.layout.root)}
            begun.append((log, subprocess.Popen(program.argv, env=environ, stdout=out, stderr=subprocess.STDOUT)))
    for log, process in begun:
        if process.wait(120):
            raise StartFailed(f"{log.stem} ended with {process.returncode}:\n{_tail(log)}")


def _await(plan: Plan, name: str, holds: Callable[[], bool]) -> None:
    try:
        until(f"{name} is ready", holds, seconds=READY_SECONDS)
    except TimedOut as late:
        raise StartFailed(f"{late}; the end of its log:\n{_tail(plan.layout.up / f'{name}.log')}") from late


async def _introduce(plan: Plan) -> notes.Notes:
    """Register the merchant, as the administrator does it."""
    identity, gateway = plan.wiring.identity, plan.wiring.url("gateway")
    async with shop.opened(gateway, shop.Credentials(identity.admin_id, identity.admin_secret)) as opened:
        merchant = await opened.register(MERCHANT)
    return notes.Notes(
        gateway,
        notes.Credentials(identity.admin_id, identity.admin_secret),
        notes.Merchant(merchant.id, merchant.credentials.client_id, merchant.credentials.client_secret),
    )


def _is_supervisor(pid: int) -> bool:
    with suppress(OSError):
        return b"supervisor.supervisord" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-TAIL_BYTES:].decode(errors="replace")
    except OSError:
        return "(nothing was printed)"
