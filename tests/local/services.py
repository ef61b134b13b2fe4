"""Caixa's own processes on this machine: what each is called, what it runs and what it is told; pure, whoever starts them."""

import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from caixa_comum import schemas
from tests.local.broker import BrokerAddress
from tests.local.database import DatabaseAddress
from tests.local.environment import minimal
from tests.local.ports import free_port
from tests.local.private_file import write_private

APIS = ("fluxo-api", "saldo-api", "gateway")
WORKERS = ("fluxo-relay", "saldo-consumer")
NAMES = (*APIS, *WORKERS)


@dataclass(frozen=True)
class Identity:
    """The administrator of a platform and the file of the key that signs its tokens."""

    signing_key: Path
    admin_id: str = "admin"
    admin_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)


@dataclass(frozen=True)
class Program:
    """One process: its command, which holds no secret, and its whole environment, which does."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    management_port: int = 0
    """Where it answers /saude/pronta; 0 for programs that end by themselves."""


@dataclass(frozen=True)
class Wiring:
    """What the processes must know of each other."""

    database: DatabaseAddress
    broker: BrokerAddress
    identity: Identity
    ports: Mapping[str, int] = field(default_factory=lambda: {name: free_port() for name in APIS})
    more: Mapping[str, str] = field(default_factory=dict)
    """Further variables for every process, such as CAIXA_LOG_LEVEL."""

    def url(self, name: str) -> str:
        """Return the address of an API: `gateway`, `fluxo-api` or `saldo-api`."""
        return f"http://127.0.0.1:{self.ports[name]}"


def new_identity(folder: Path) -> Identity:
    """Make a signing key in a file of its own and a secret for the administrator."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "signing.pem"
    write_private(path, pem.decode())
    return Identity(path)


def migrations(wiring: Wiring) -> list[Program]:
    """Return the programs that bring each schema up to date and end."""
    return [
        Program(
            f"{service}-migrate",
            _command(service, "migrate"),
            _environ(wiring, wiring.database.environ(schemas.migration_user(service), schemas.schema_of(service))),
        )
        for service in schemas.SERVICES
    ]


def service(wiring: Wiring, name: str) -> Program:
    """Return one of the five processes of NAMES; every call gives it another management port, so that it can run several times."""
    part, _, role = name.partition("-")
    management_port = free_port()
    own = {"CAIXA_MANAGEMENT_PORT": str(management_port), **({"CAIXA_PORT": str(wiring.ports[name])} if name in APIS else {})}
    return Program(name, _command(part, role or "api"), _environ(wiring, own, *_TOLD[name](wiring)), management_port)


def services(wiring: Wiring) -> list[Program]:
    """Return all five processes."""
    return [service(wiring, name) for name in NAMES]


def _tokens(wiring: Wiring) -> Mapping[str, str]:
    return {"CAIXA_TOKEN_ISSUER": wiring.url("gateway")}


def _jwks(wiring: Wiring) -> Mapping[str, str]:
    return {"CAIXA_JWKS_URL": f"{wiring.url('gateway')}/.well-known/jwks.json"}


def _gateway(wiring: Wiring) -> Mapping[str, str]:
    return {
        "CAIXA_FLUXO_URL": wiring.url("fluxo-api"),
        "CAIXA_SALDO_URL": wiring.url("saldo-api"),
        "CAIXA_SIGNING_KEY_FILE": str(wiring.identity.signing_key),
        "CAIXA_ADMIN_CLIENT_ID": wiring.identity.admin_id,
        "CAIXA_ADMIN_CLIENT_SECRET": wiring.identity.admin_secret,
    }


_TOLD: Mapping[str, Callable[[Wiring], tuple[Mapping[str, str], ...]]] = {
    "fluxo-api": lambda wiring: (wiring.database.environ("fluxo", "caixa_fluxo"), _tokens(wiring), _jwks(wiring)),
    "saldo-api": lambda wiring: (wiring.database.environ("saldo", "caixa_saldo"), _tokens(wiring), _jwks(wiring)),
    "gateway": lambda wiring: (wiring.database.environ("gateway", "caixa_gateway"), _tokens(wiring), _gateway(wiring)),
    "fluxo-relay": lambda wiring: (wiring.database.environ("fluxo", "caixa_fluxo"), wiring.broker.environ("fluxo")),
    "saldo-consumer": lambda wiring: (wiring.database.environ("saldo", "caixa_saldo"), wiring.broker.environ("saldo")),
}


def _command(part: str, role: str) -> tuple[str, ...]:
    return (str(Path(sys.executable).parent / f"caixa-{part}"), role)


def _environ(wiring: Wiring, *told: Mapping[str, str]) -> Mapping[str, str]:
    coverage = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE_")}
    merged: dict[str, str] = {}
    for variables in told:
        merged |= variables
    return minimal(**coverage, CAIXA_HOST="127.0.0.1", **{**merged, **wiring.more})
