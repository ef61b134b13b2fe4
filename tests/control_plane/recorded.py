"""The operator's real API client, with each request that it makes noted by method and path."""

from dataclasses import dataclass, field
from typing import Any

from kubernetes.aio.client import ApiClient

from caixa_operator.api import KubernetesApi

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class _Noting(ApiClient):
    """A client that notes what it sends."""

    def __init__(self, client: ApiClient, requests: list[tuple[str, str]]) -> None:
        self.__dict__.update(client.__dict__)
        self._requests = requests

    async def call_api(self, method: str, url: str, *rest: Any, **more: Any) -> Any:  # kubernetes has no types
        """Note, and send."""
        self._requests.append((method, url.removeprefix(self.configuration.host)))
        return await super().call_api(method, url, *rest, **more)


@dataclass(frozen=True)
class Recorded:
    """The client, and what was asked through it since the last `forget`."""

    api: KubernetesApi
    requests: list[tuple[str, str]] = field(default_factory=list)

    def forget(self) -> None:
        """Begin to note anew."""
        self.requests.clear()

    @property
    def writes(self) -> list[tuple[str, str]]:
        """The requests that write."""
        return [one for one in self.requests if one[0] in WRITES]

    @property
    def reads(self) -> list[str]:
        """The paths that were read."""
        return [path for method, path in self.requests if method == "GET"]


def recorded(api: KubernetesApi) -> Recorded:
    """Note the requests of a client that is connected."""
    requests: list[tuple[str, str]] = []
    return Recorded(KubernetesApi(_Noting(api._client, requests)), requests)
