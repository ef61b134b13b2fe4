"""All that `make up` decides before anything runs: ports, passwords, folders, programs."""

import os
import secrets
from dataclasses import dataclass, field

from caixa_comum import topology
from tests.local import broker, database, mariadb, rabbitmq, services
from tests.local.environment import minimal
from tests.local.layout import Layout
from tests.local.ports import free_port
from tests.local.supervision import Control, Supervised, configuration

SERVERS, SERVICES = "servers", "services"


@dataclass(frozen=True)
class Plan:
    """One run: its servers have folders with their configuration already, but nothing runs."""

    layout: Layout
    engine: mariadb.Engine
    rabbit: rabbitmq.Programs
    rabbit_ports: rabbitmq.Ports
    rabbit_admin_password: str = field(repr=False)
    wiring: services.Wiring
    control: Control
    programs: list[services.Program]

    @property
    def management_ports(self) -> dict[str, int]:
        """Where each process tells its readiness."""
        return {program.name: program.management_port for program in self.programs}

    def supervised(self) -> list[Supervised]:
        """Return what supervisor runs: the servers at once, and Caixa's own processes when told."""
        nodes = rabbitmq.environment(self.layout.rabbitmq, self.rabbit_ports)
        commands = {
            "epmd": (rabbitmq.epmd_arguments(self.rabbit, self.rabbit_ports), nodes),
            "rabbitmq": ([str(self.rabbit.server)], nodes),
            "mysql": (mariadb.arguments(self.engine, self.layout.mysql, self.wiring.database.port), minimal()),
        }
        return [
            *(Supervised(name, argv, environ, SERVERS, at_once=True, orderly=False) for name, (argv, environ) in commands.items()),
            *(Supervised(program.name, program.argv, program.environ, SERVICES, at_once=False) for program in self.programs),
        ]

    def supervisor_configuration(self) -> str:
        """Render supervisor's file, which holds secrets."""
        return configuration(self.layout.up, self.control, self.supervised(), as_root=os.geteuid() == 0)


def prepare(layout: Layout) -> Plan:
    """Decide everything and make the servers' folders. Raises debian.CannotInstall when a server is missing and may not be installed."""
    engine, programs = mariadb.find(), rabbitmq.find()
    root_password = mariadb.initialise(engine, layout.mysql)
    databases = database.DatabaseAddress(free_port(), {**database.new_passwords(), mariadb.ROOT: root_password})
    ports, admin_password, users = rabbitmq.Ports(), secrets.token_urlsafe(18), broker.new_passwords()
    rabbitmq.configure(layout.rabbitmq, ports, broker.with_admin(topology.definitions(users), admin_password))
    wiring = services.Wiring(databases, broker.BrokerAddress(ports.amqp, users), services.new_identity(layout.up))
    control = Control(free_port(), secrets.token_urlsafe(18))
    return Plan(layout, engine, programs, ports, admin_password, wiring, control, services.services(wiring))
