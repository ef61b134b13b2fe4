"""The status, composed of what was assessed and how the consumers are scaled: pure; it is written only when it differs."""

from datetime import datetime

import msgspec

from caixa_operator.autoscaler.scaler import Scaled
from caixa_operator.manifest import Manifest, Ref
from caixa_operator.reconcile.assess import Assessment
from caixa_operator.reconcile.claims import conditions
from caixa_operator.reconcile.plan import Live
from caixa_operator.resources import http_route, ingress
from caixa_operator.resources.credentials import needed
from caixa_operator.resources.environment import inside
from caixa_operator.resources.existing import name_of
from caixa_operator.spec.cashbox import CashBox
from caixa_operator.spec.status import CredentialsStatus, Endpoints, SaldoStatus, Status


def status(
    cashbox: CashBox,
    assessment: Assessment,
    scaled: Scaled,
    previous: Status,
    *,
    version: str,
    endpoints: Endpoints | None,
    credentials: CredentialsStatus | None = None,
    now: datetime,
) -> Status:
    """Compose the status; what was not looked at (None) stays as it was said last."""
    newer = {one.type for one in scaled.claims}
    claims = (*(one for one in assessment.claims if one.type not in newer), *scaled.claims)
    saldo = SaldoStatus(consumers=scaled.consumers, backlog=scaled.backlog, scaling=scaled.scaling)
    return Status(
        observed_generation=cashbox.generation,
        version=version if assessment.rolled_out else previous.version,
        summary=assessment.summary,
        conditions=conditions(claims, previous.conditions, generation=cashbox.generation, now=now),
        saldo=saldo if saldo != SaldoStatus() else None,  # an apply that empties an object makes it null, which is refused
        credentials=credentials if credentials is not None else previous.credentials,
        endpoints=endpoints if endpoints is not None else previous.endpoints,
    )


def endpoints(cashbox: CashBox, live: Live) -> Endpoints:
    """Tell where the platform answers, and with whose credentials."""
    service: Manifest = live.get(Ref("Service", f"{cashbox.name}-gateway")) or {}
    ports = (service.get("spec") or {}).get("ports") or [{}]
    addresses = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or [{}]
    return Endpoints(
        gateway=inside(cashbox),
        node_port=ports[0].get("nodePort"),
        load_balancer=addresses[0].get("hostname") or addresses[0].get("ip"),
        url=_url(cashbox, live),
        admin_secret=name_of(cashbox, "admin") if "admin" in needed(cashbox) else None,
    )


def _url(cashbox: CashBox, live: Live) -> str | None:
    """Tell where clients reach the gateway, once what lets them is there."""
    expose, name = cashbox.spec.gateway.expose, f"{cashbox.name}-gateway"
    if expose.ingress is not None and Ref(ingress.KIND, name) in live:
        return ingress.url(expose.ingress)
    if expose.http_route is not None and Ref(http_route.KIND, name) in live:
        return http_route.url(expose.http_route)
    return None


def read(body: Manifest) -> Status:
    """Read the status that was written last; one that cannot be read counts as none."""
    try:
        return msgspec.convert(body.get("status") or {}, Status)
    except msgspec.ValidationError:
        return Status()
