"""A CashBox whose passwords are rotated, with a real RabbitMQ, and operators that die after some writes."""

import base64
import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from kubernetes.aio.client import ApiClient

from caixa_comum import topology
from caixa_operator.api import KubernetesApi
from caixa_operator.keeper import Keeper
from caixa_operator.resources.credentials import Credentials
from caixa_operator.rotation.users import ManagedUsers
from caixa_operator.settings import Settings
from caixa_operator.spec.cashbox import CashBox
from tests.control_plane.cluster import CHILDREN, Cluster, Object
from tests.control_plane.recorded import WRITES
from tests.control_plane.test_reconcile import IDLE, Steady
from tests.local.broker import ADMIN
from tests.local.rabbitmq import RabbitMq

ROTATED = {"mysql-users": {"root"}, "rabbitmq-users": {"erlang_cookie"}}
"""Secrets whose values are rotated, each with the keys that stay."""

LONG_AGO = "2026-01-01T00:00:00Z"


class Killed(BaseException):
    """The operator's process is gone: nothing of it goes on, not even what handles its errors."""


@dataclass
class Life:
    """How many more writes an operator lives to make; the last one is made, and what it answered is never seen."""

    writes: int

    def wrote(self) -> None:
        """Count a write. Raises Killed after the last one."""
        self.writes -= 1
        if self.writes <= 0:
            raise Killed


class MortalClient(ApiClient):
    """A client of the API server that dies after some writes."""

    def __init__(self, client: ApiClient, life: Life) -> None:
        self.__dict__.update(client.__dict__)
        self._life = life

    async def call_api(self, method: str, url: str, *rest: Any, **more: Any) -> Any:  # kubernetes has no types
        """Send, and perhaps die."""
        answer = await super().call_api(method, url, *rest, **more)
        if method in WRITES:
            self._life.wrote()
        return answer


class MortalUsers:
    """RabbitMQ's users, whom an operator changes that dies after some writes."""

    def __init__(self, users: ManagedUsers, life: Life) -> None:
        self._users = users
        self._life = life

    async def lacking(self, passwords: Mapping[str, str]) -> list[str]:
        """Look."""
        return await self._users.lacking(passwords)

    async def present(self, names: AbstractSet[str]) -> list[str]:
        """Look."""
        return await self._users.present(names)

    async def teach(self, passwords: Mapping[str, str], names: list[str]) -> None:
        """Make users one by one, and perhaps die in between."""
        for name in names:
            await self._users.teach(passwords, [name])
            self._life.wrote()

    async def forget(self, name: str) -> None:
        """Delete, and perhaps die."""
        await self._users.forget(name)
        self._life.wrote()


class Platform:
    """A CashBox in a namespace of its own, and the RabbitMQ that stands for the one in its pod."""

    def __init__(self, cluster: Cluster, node: RabbitMq, session: aiohttp.ClientSession) -> None:
        self.cluster = cluster
        self.node = node
        self.session = session

    def users_of(self, _cashbox: CashBox, credentials: Credentials) -> ManagedUsers:
        """Reach RabbitMQ's users as the administrator of the CashBox's own Secret."""
        url = f"http://127.0.0.1:{self.node.ports.management}"
        return ManagedUsers(self.session, url, *credentials.broker_users[topology.ADMINISTRATOR])

    def keeper(self, api: KubernetesApi, life: Life | None = None) -> Keeper:
        """Begin an operator's life."""

        def users_of(cashbox: CashBox, credentials: Credentials) -> ManagedUsers | MortalUsers:
            own = self.users_of(cashbox, credentials)
            return own if life is None else MortalUsers(own, life)

        if life is not None:
            api = KubernetesApi(MortalClient(api._client, life))
        return Keeper(api, Settings(), lambda _cashbox, _credentials: Steady(IDLE), self.cluster.namespace, "loja", users_of=users_of)

    def broker_starts(self) -> None:
        """Load the definitions, as RabbitMQ does at its start."""
        for name in self.users():
            self.node.call("DELETE", f"/api/users/{quote(name)}")
        definitions = base64.b64decode(self.cluster.get("secret", "loja-rabbitmq-definitions")["data"]["definitions.json"])
        self.node.call("POST", "/api/definitions", json.loads(definitions))

    def users(self) -> set[str]:
        """Return the names of RabbitMQ's users, but for the test's own."""
        return {str(one["name"]) for one in self.node.call("GET", "/api/users")} - {ADMIN}

    def accepts(self, values: Mapping[str, str]) -> list[bool]:
        """Tell of each role whether RabbitMQ has the user whose name and password these values of the Secret are."""
        hashes = {one["name"]: one["password_hash"] for one in self.node.call("GET", "/api/users")}
        pairs = ((values[f"{role}_user"], values[role]) for role in topology.ROLES)
        return [hashes.get(name) == topology.password_hash(name, password) for name, password in pairs]

    def ask(self) -> None:
        """Ask for new passwords, as `kubectl caixa rotate` does."""
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        # Passwords are as old as their Secrets, to the second: these are much older.
        for name in ROTATED:
            if self.cluster.find("secret", f"loja-{name}"):
                self.cluster.edit("secret", f"loja-{name}", {"metadata": {"annotations": {"caixa.dev/rotated": LONG_AGO}}})
        self.cluster.edit("cashbox", "loja", {"metadata": {"annotations": {"caixa.dev/rotate": stamp}}})

    def values(self) -> dict[str, dict[str, str]]:
        """Return the values that are rotated."""
        return {name: _decoded(self.cluster.get("secret", f"loja-{name}")) for name in ROTATED}

    def phase(self) -> str | None:
        """Return the step that the status tells of."""
        found: str | None = self.cluster.get("cashbox", "loja")["status"]["credentials"].get("phase")
        return found

    def ended(self) -> bool:
        """Tell whether the rotation that was asked for is over."""
        told = {self.cluster.get("secret", f"loja-{name}")["metadata"]["annotations"]["caixa.dev/rotated"] for name in ROTATED}
        return LONG_AGO not in told and self.cluster.find("secret", "loja-rotation") is None

    def jobs(self) -> list[str]:
        """Return the names of the rotation's Jobs."""
        return sorted(name for name in self.cluster.names("jobs") if "-rotation-" in name)

    def templates(self, kind: str) -> dict[str, Object]:
        """Return the pod template of every Deployment, or StatefulSet."""
        return {one["metadata"]["name"]: one["spec"]["template"] for one in self.cluster.get(kind)["items"]}

    def picture(self) -> object:
        """Return all that is there, in a form in which two CashBoxes that were treated alike are equal."""
        objects = self.cluster.names(*CHILDREN, "secrets")
        notes = {name: sorted(self.cluster.get("secret", f"loja-{name}")["metadata"]["annotations"]) for name in ROTATED}
        conditions = {one["type"]: (one["status"], one["reason"]) for one in self.cluster.get("cashbox", "loja")["status"]["conditions"]}
        names = {key: value for key, value in self.values()["rabbitmq-users"].items() if key.endswith("_user")}
        return objects, notes, conditions, names, self.users(), self.phase()


def _decoded(found: Mapping[str, Any]) -> dict[str, str]:  # Any: Kubernetes objects are free-form JSON
    return {key: base64.b64decode(value).decode() for key, value in found["data"].items()}
