"""One screen that says what is ready, what is not, what to do, and why there are as many consumers as there are: pure."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from caixa_operator.manifest import Manifest
from caixa_operator.spec.status import Condition, SaldoStatus, Status

GOOD_WHEN_FALSE = frozenset({"CredentialsRotating", "Degraded", "Progressing", "ReconciliationPaused", "ScalingLimited"})
"""Conditions that tell of something out of the ordinary: all others are well while they are True."""
NOT_YET = "NotYetRun"
"""The reason of a condition that waits for its first time: nothing to look at."""
LESS_TO_SPARE = "NodeMissing"
"""The reason of a condition that is True and yet has something to look at."""
DECISIONS = 5
_STEPS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A CashBox and what belongs to it, as the API server has them now."""

    cashbox: Manifest
    deployments: Sequence[Manifest] = ()
    stateful_sets: Sequence[Manifest] = ()
    events: Sequence[Manifest] = ()


def screen(found: Found, now: datetime) -> str:
    """Write the screen, without a trailing newline; times are ages before `now` (UTC)."""
    metadata = found.cashbox["metadata"]
    status = msgspec.convert(found.cashbox.get("status") or {}, Status)
    head = f"CashBox {metadata['name']} in {metadata['namespace']}, {age(metadata.get('creationTimestamp'), now)} old"
    blocks = [
        [head, f"{status.version or 'no version serves yet'} · {status.summary or 'the operator has not looked at it yet'}"],
        _conditions(status.conditions),
        _to_do(found.cashbox, status),
        _parts(found),
        _consumers(status.saldo),
        _decisions(found.events, now),
        _passwords(status, now),
        _doors(metadata, status),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block)


def well(condition: Condition) -> bool:
    """Whether a condition tells nothing that anybody must look at."""
    if condition.reason == LESS_TO_SPARE:
        return False
    return condition.reason == NOT_YET or condition.status == ("False" if condition.type in GOOD_WHEN_FALSE else "True")


def age(stamp: str | None, now: datetime) -> str:
    """Say how long ago an RFC 3339 instant was, in its largest unit: 90 s are 1m."""
    if not stamp:
        return "unknown time"
    seconds = max(int((now - datetime.fromisoformat(stamp)).total_seconds()), 0)
    return next((f"{seconds // size}{unit}" for size, unit in _STEPS if seconds >= size), "0s")


def _conditions(conditions: Sequence[Condition]) -> list[str]:
    width = max((len(one.type) for one in conditions), default=0)
    return [f"  {_mark(one)} {one.type:<{width}}  {one.status:<7}  {one.reason}" for one in conditions]


def _mark(condition: Condition) -> str:
    if condition.reason == NOT_YET:
        return "·"
    return "✓" if well(condition) else "✗"


def _to_do(cashbox: Manifest, status: Status) -> list[str]:
    """Tell what each condition that is not well says, once each; and whether the operator has seen the spec at all."""
    told = dict.fromkeys(one.message for one in status.conditions if not well(one))
    generation = cashbox["metadata"].get("generation")
    if status.observed_generation != generation:
        told[f"the operator has not carried out generation {generation} yet: if this lasts, see that it runs (its pod and its log)"] = None
    return ["To look at:", *(f"  - {one}" for one in told)] if told else ["Nothing to do."]


def _parts(found: Found) -> list[str]:
    rows = [("PART", "READY", "IMAGE")]
    for one in (*found.deployments, *found.stateful_sets):
        ready = (one.get("status") or {}).get("readyReplicas") or 0
        image = one["spec"]["template"]["spec"]["containers"][0]["image"]
        rows.append((one["metadata"]["name"], f"{ready}/{one['spec'].get('replicas', 1)}", image))
    return _table(sorted(rows[1:]), rows[0]) if len(rows) > 1 else []


def _consumers(saldo: SaldoStatus | None) -> list[str]:
    if saldo is None:
        return []
    lines = [f"Consumers {saldo.consumers or 'unknown'}, backlog {'unknown' if saldo.backlog is None else f'{saldo.backlog:,}'}"]
    if (scaling := saldo.scaling) is not None:
        drained = "it grows" if scaling.drain_estimate_seconds is None else f"gone in about {scaling.drain_estimate_seconds} s"
        lines.append(f"  {scaling.arrival_rate:g}/s arrive, {scaling.rate_per_replica:g}/s a consumer: {drained}; {scaling.desired} wanted")
    return lines


def _decisions(events: Sequence[Manifest], now: datetime) -> list[str]:
    scaled = sorted((one for one in events if one.get("reason") == "Scaled"), key=lambda one: str(one.get("lastTimestamp")))
    lines = [f"  {age(one.get('lastTimestamp'), now):>4} ago  {one['message']}" for one in reversed(scaled[-DECISIONS:])]
    return ["Last scaling decisions:", *lines] if lines else []


def _passwords(status: Status, now: datetime) -> list[str]:
    """Tell how old the passwords are, and how far a rotation is."""
    if (found := status.credentials) is None or found.rotated_at is None:
        return []
    step = "" if found.phase is None else f"; they are being replaced, step {found.phase}"
    return [f"Passwords {age(found.rotated_at, now)} old{step}"]


def _doors(metadata: Manifest, status: Status) -> list[str]:
    if (found := status.endpoints) is None:
        return []
    lines = [f"Gateway {found.gateway}" + (f", on every node at port {found.node_port}" if found.node_port else "")]
    if found.url:
        lines.append(f"  for clients: {found.url}")
    if found.load_balancer:
        lines.append(f"  outside the cluster: {found.load_balancer}")
    if found.admin_secret:
        lines.append(f"  the administrator's credentials: kubectl get secret {found.admin_secret} --namespace {metadata['namespace']}")
    return lines


def _table(rows: Sequence[tuple[str, ...]], heads: tuple[str, ...]) -> list[str]:
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    return ["  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in (heads, *rows)]
