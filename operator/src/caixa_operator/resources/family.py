"""All children of a CashBox, in the order in which they are applied."""

import itertools

from caixa_operator.images import Images
from caixa_operator.manifest import Manifest
from caixa_operator.resources import (
    backup,
    fluxo,
    gateway,
    migration,
    mysql,
    rabbitmq,
    rabbitmq_cluster,
    reconciliation,
    reemission,
    rotation,
    saldo,
)
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.disruption import budget
from caixa_operator.resources.network import policies
from caixa_operator.resources.process import Process, deployment, service, service_account
from caixa_operator.resources.store import Store, stateful_set
from caixa_operator.resources.store import service as store_service
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.placement import Placement


def children(
    cashbox: CashBox, images: Images, credentials: Credentials, *, operator_namespace: str = "", mysql_start: str = ""
) -> list[Manifest]:
    """Build every child but the generated Secrets: what pods refer to, and what confines them, comes before them.

    `mysql_start` are digits that change when MySQL starts: it is then taught anew what a rotation has taught it.
    """
    return [
        *policies(cashbox, credentials, operator_namespace=operator_namespace),
        *_stores(cashbox, images, credentials),
        *itertools.chain.from_iterable(_process(cashbox, images, credentials, process) for process in processes(cashbox)),
        *_jobs(cashbox, images, credentials),
        service_account(cashbox, reconciliation.COMPONENT),
        reconciliation.cron_job(cashbox, images, credentials),
        *backup.children(cashbox, images, credentials),
        *reemission.children(cashbox, images),
        *rotation.children(cashbox, images, credentials, mysql_start),
    ]


def processes(cashbox: CashBox) -> list[Process]:
    """Describe the platform's processes."""
    return [fluxo.api(cashbox), fluxo.relay(cashbox), saldo.api(cashbox), saldo.consumer(cashbox), gateway.process(cashbox)]


def _stores(cashbox: CashBox, images: Images, credentials: Credentials) -> list[Manifest]:
    """Build the stores that the operator runs itself."""
    stores: list[Store] = []
    built: list[Manifest] = []
    if cashbox.spec.mysql.mode == "Managed":
        stores.append(mysql.store(cashbox, images, credentials))
        built += [mysql.init_secret(cashbox, credentials), mysql.config_map(cashbox)]
    if cashbox.spec.rabbitmq.mode == "Managed":
        stores.append(rabbitmq.store(cashbox, images, credentials))
        built += [rabbitmq.definitions_secret(cashbox, credentials), rabbitmq.config_map(cashbox), *rabbitmq_cluster.children(cashbox)]
    return [
        *built,
        *(service_account(cashbox, store.component) for store in stores),
        *(store_service(cashbox, store) for store in stores),
        *(stateful_set(cashbox, store) for store in stores),
    ]


def _jobs(cashbox: CashBox, images: Images, credentials: Credentials) -> list[Manifest]:
    placements: dict[str, Placement] = {"fluxo": cashbox.spec.fluxo, "saldo": cashbox.spec.saldo, "gateway": cashbox.spec.gateway}
    if not cashbox.spec.gateway.identity.issues:
        placements.pop("gateway")  # it has no schema then
    return [migration.job(cashbox, images, credentials, service, placement) for service, placement in placements.items()]


def _process(cashbox: CashBox, images: Images, credentials: Credentials, process: Process) -> list[Manifest]:
    built = [service_account(cashbox, process.component)]
    if process.component == gateway.COMPONENT:
        built += gateway.exposed(cashbox)
    elif process.serves:
        built.append(service(cashbox, process.component))
    if (limited := budget(cashbox, process)) is not None:
        built.append(limited)
    return [*built, deployment(cashbox, images, credentials, process)]
