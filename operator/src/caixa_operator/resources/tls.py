"""The gateway's certificate: a Secret that people, or cert-manager, make and renew.

The keys of tokens are then read at the management port, in plain HTTP within the cluster as ever: a public name's certificate could not
prove that the gateway's name within the cluster is its own.
"""

from collections.abc import Mapping

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from caixa_operator.manifest import Manifest
from caixa_operator.resources.environment import Environment
from caixa_operator.resources.external import Incomplete
from caixa_operator.resources.identity import child, selector
from caixa_operator.resources.pods import MANAGEMENT_PORT
from caixa_operator.spec.cashbox import CashBox

SECRET = "tls"  # noqa: S105 - what the values are known by
CERTIFICATE, KEY = "tls.crt", "tls.key"
_FOLDER = "/etc/caixa/tls"


def secrets(cashbox: CashBox) -> dict[str, str]:
    """Return the name of the certificate's Secret by what it stands for; nothing where there is none."""
    return {} if cashbox.spec.tls is None else {SECRET: cashbox.spec.tls.secret_name}


def used(found: Manifest) -> Manifest:
    """Return the Secret with only what is read of it: cert-manager may put key stores beside it, which are no text."""
    data = found.get("data") or {}
    return {**found, "data": {key: data[key] for key in (CERTIFICATE, KEY) if key in data}}


def verified(cashbox: CashBox, values: Mapping[str, str] | None) -> Mapping[str, str]:
    """Return the Secret's values, if the gateway could serve with them. Raises Incomplete, with what to write."""
    name = secrets(cashbox)[SECRET]
    if values is None:
        raise Incomplete(f"there is no Secret {name}: make one of type kubernetes.io/tls with the keys {CERTIFICATE}, {KEY}")
    if lacking := [key for key in (CERTIFICATE, KEY) if not values.get(key)]:
        raise Incomplete(f"Secret {name} lacks {', '.join(lacking)}: add what is missing")
    try:
        certificate = x509.load_pem_x509_certificates(values[CERTIFICATE].encode())[0]
    except ValueError:
        raise Incomplete(f"{CERTIFICATE} of Secret {name} must be a certificate as PEM, its issuers after it") from None
    try:
        key = serialization.load_pem_private_key(values[KEY].encode(), password=None)
    except (ValueError, TypeError):
        raise Incomplete(f"{KEY} of Secret {name} must be a private key as PEM, not encrypted") from None
    if key.public_key() != certificate.public_key():
        raise Incomplete(f"{KEY} of Secret {name} is not the key of its {CERTIFICATE}: renew both together")
    return values


def environment(cashbox: CashBox) -> Environment:
    """Tell the gateway where its certificate is."""
    files = {"CAIXA_TLS_CERTIFICATE": f"{_FOLDER}/{CERTIFICATE}", "CAIXA_TLS_KEY": f"{_FOLDER}/{KEY}"}
    return Environment(files if secrets(cashbox) else {})


def volumes(cashbox: CashBox) -> tuple[tuple[Manifest, Manifest], ...]:
    """Mount the certificate and its key, and nothing else of the Secret."""
    items = [{"key": key, "path": key} for key in (CERTIFICATE, KEY)]
    mount = {"name": SECRET, "mountPath": _FOLDER, "readOnly": True}
    return tuple(
        ({"name": SECRET, "secret": {"secretName": name, "defaultMode": 0o440, "items": items}}, mount)
        for name in secrets(cashbox).values()
    )


def files(cashbox: CashBox) -> tuple[tuple[str, str], ...]:
    """Name the values whose change replaces the gateway's pods."""
    return tuple((SECRET, key) for _ in secrets(cashbox) for key in (CERTIFICATE, KEY))


def keys_service(cashbox: CashBox, part: str) -> list[Manifest]:
    """Build the Service through which fluxo and saldo read the keys of tokens, where the gateway's own port speaks HTTPS."""
    if not secrets(cashbox) or not cashbox.spec.gateway.identity.issues:
        return []
    built = child("v1", "Service", cashbox, part, f"{cashbox.name}-{part}-keys")
    port = {"name": "keys", "port": MANAGEMENT_PORT, "targetPort": "management", "protocol": "TCP", "appProtocol": "http"}
    return [{**built, "spec": {"type": "ClusterIP", "selector": selector(cashbox, part), "ports": [port]}}]
