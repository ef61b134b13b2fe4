"""RabbitMQ's users by its management API, as the administrator, who has no permission on any virtual host."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any, Protocol

import aiohttp
import msgspec

from caixa_comum import topology

TIMEOUT = aiohttp.ClientTimeout(total=10)
Json = dict[str, Any]  # RabbitMQ's JSON


class UsersUnreadable(Exception):
    """The management API does not answer, or refuses; the message says which."""


class Users(Protocol):
    """What a rotation needs of RabbitMQ. Each raises UsersUnreadable."""

    async def lacking(self, passwords: Mapping[str, str]) -> list[str]:
        """Name those of these users who are not there with this password and their role's permissions."""
        ...

    async def present(self, names: AbstractSet[str]) -> list[str]:
        """Name those of these users who are there."""
        ...

    async def teach(self, passwords: Mapping[str, str], names: list[str]) -> None:
        """Make or change these users."""
        ...

    async def forget(self, name: str) -> None:
        """Delete a user, which ends its connections; one that is gone already is fine."""
        ...


class ManagedUsers:
    """The users of one RabbitMQ."""

    def __init__(self, session: aiohttp.ClientSession, management_url: str, administrator: str, password: str) -> None:
        """Ask `management_url`, such as http://caixa-rabbitmq.loja.svc:15672."""
        self._session = session
        self._url = f"{management_url}/api"
        self._headers = {"Authorization": aiohttp.encode_basic_auth(administrator, password)}

    async def lacking(self, passwords: Mapping[str, str]) -> list[str]:
        """Name those of these users who are not there with this password and their role's permissions."""
        users, permissions = await self._list("users"), await self._list("permissions")
        return lacking(passwords, users, permissions)

    async def present(self, names: AbstractSet[str]) -> list[str]:
        """Name those of these users who are there."""
        return sorted(names & {str(one["name"]) for one in await self._list("users")})

    async def teach(self, passwords: Mapping[str, str], names: list[str]) -> None:
        """Make or change these users; a user comes before its permissions."""
        wanted = topology.definitions({name: passwords[name] for name in names})
        for user in wanted["users"]:
            await self._write("PUT", f"users/{user['name']}", {**user, "tags": ",".join(user["tags"])})
        for one in wanted["permissions"]:
            await self._write("PUT", f"permissions/{one['vhost']}/{one['user']}", one)

    async def forget(self, name: str) -> None:
        """Delete a user, which ends its connections; one that is gone already is fine."""
        await self._write("DELETE", f"users/{name}", None)

    async def _list(self, path: str) -> list[Json]:
        found: list[Json] = msgspec.json.decode(await self._ask("GET", path, None))
        return found

    async def _write(self, method: str, path: str, body: Json | None) -> None:
        await self._ask(method, path, body)

    async def _ask(self, method: str, path: str, body: Json | None) -> bytes:
        try:
            async with self._session.request(method, f"{self._url}/{path}", json=body, headers=self._headers, timeout=TIMEOUT) as response:
                if response.status >= HTTPStatus.BAD_REQUEST and not (method == "DELETE" and response.status == HTTPStatus.NOT_FOUND):
                    raise UsersUnreadable(f"RabbitMQ's management API answered {response.status} to {method} {path}")
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UsersUnreadable(f"RabbitMQ's management API does not answer: {type(error).__name__}") from error


def lacking(passwords: Mapping[str, str], users: list[Json], permissions: list[Json]) -> list[str]:
    """Name the users who are not, by the management API's lists, as the definitions would make them."""
    wanted = topology.definitions(passwords)
    hashes = {one["name"]: one.get("password_hash") for one in users}
    rights = {(one["user"], one["vhost"]): one for one in permissions}
    wrong = {one["name"] for one in wanted["users"] if hashes.get(one["name"]) != one["password_hash"]}
    wrong |= {one["user"] for one in wanted["permissions"] if rights.get((one["user"], one["vhost"])) != one}
    return sorted(wrong)
