"""The Kubernetes API as the operator uses it: a few verbs on known kinds, objects as plain JSON.

No discovery: the kinds are few and known, and a discovery cache outlives the cluster that it was made for.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypedDict, Unpack

import aiohttp
import msgspec
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import load_incluster_config, load_kube_config

from caixa_operator.manifest import Manifest
from caixa_operator.spec.cashbox import API_VERSION, PLURAL

FIELD_MANAGER = "caixa-operator"
SCALER = "caixa-autoscaler"
"""The field manager that owns the number of consumers: another one than the operator's, so that an apply never resets it."""
TIMEOUT_SECONDS = 15
AT_ONCE = 16
"""How many requests may be under way; the rest wait in order, unsent. A hundred at once would only make each other time out."""
_METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

Query = Sequence[tuple[str, str]]


class _Sent(TypedDict, total=False):
    """What a request may carry; its content type is JSON's where none is given, and what it accepts too."""

    body: Manifest
    query: Query
    content_type: str
    accept: str


class _Kind(NamedTuple):
    api_version: str
    plural: str
    optional: bool = False
    """Whether a cluster may lack its definition."""


_KINDS = {
    "CashBox": _Kind(API_VERSION, PLURAL),
    "ConfigMap": _Kind("v1", "configmaps"),
    "CronJob": _Kind("batch/v1", "cronjobs"),
    "Deployment": _Kind("apps/v1", "deployments"),
    "Event": _Kind("v1", "events"),
    "HorizontalPodAutoscaler": _Kind("autoscaling/v2", "horizontalpodautoscalers"),
    "HTTPRoute": _Kind("gateway.networking.k8s.io/v1", "httproutes", optional=True),
    "Ingress": _Kind("networking.k8s.io/v1", "ingresses"),
    "Job": _Kind("batch/v1", "jobs"),
    "Lease": _Kind("coordination.k8s.io/v1", "leases"),
    "Namespace": _Kind("v1", "namespaces"),
    "NetworkPolicy": _Kind("networking.k8s.io/v1", "networkpolicies"),
    "PersistentVolumeClaim": _Kind("v1", "persistentvolumeclaims"),
    "Pod": _Kind("v1", "pods"),
    "PodDisruptionBudget": _Kind("policy/v1", "poddisruptionbudgets"),
    "Secret": _Kind("v1", "secrets"),
    "Service": _Kind("v1", "services"),
    "ServiceAccount": _Kind("v1", "serviceaccounts"),
    "StatefulSet": _Kind("apps/v1", "statefulsets"),
}


class ApiError(Exception):
    """The API server refused; the message is its own."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status."""
        super().__init__(message)
        self.status = status


class ApiUnreachable(Exception):
    """The API server did not answer: nothing is known of what was asked, and asking for more would wait as long."""


@asynccontextmanager
async def connected(kubeconfig: Path | None = None, *, proxies: bool = False) -> AsyncIterator["KubernetesApi"]:
    """Connect with a kubeconfig, else as the pod's ServiceAccount, else with the user's kubeconfig; `proxies`: by HTTPS_PROXY, as kubectl.

    To look for proxies, and for ~/.netrc, costs every request a thread's turn: a third of what the operator costs at rest.
    """
    configuration = Configuration()
    if kubeconfig is not None or "KUBERNETES_SERVICE_HOST" not in os.environ:
        path = str(kubeconfig) if kubeconfig else None
        await load_kube_config(config_file=path, client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    configuration.client_session_kwargs = {"trust_env": proxies}
    async with ApiClient(configuration) as client:
        yield KubernetesApi(client)


class KubernetesApi:
    """Verbs on namespaced objects. Each raises ApiError when the API server refuses, ApiUnreachable when it does not answer."""

    def __init__(self, client: ApiClient) -> None:
        """Use a client's connections and credentials."""
        self._client = client
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return an object, or None where there is none."""
        try:
            return await self._request("GET", _path(kind, namespace, name))
        except ApiError as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP's Not Found
                return None
            raise

    async def version(self, kind: str, namespace: str, name: str) -> str:
        """Return an object's resourceVersion as the API server remembers it, perhaps a moment ago; "" where there is none.

        The cheapest question there is, since it is asked most: neither etcd nor the object's content is read.
        """
        try:
            found = await self._request("GET", _path(kind, namespace, name), query=[("resourceVersion", "0")], accept=_METADATA)
        except ApiError as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP's Not Found
                return ""
            raise
        return str(found["metadata"]["resourceVersion"])

    async def list(self, kind: str, namespace: str, selector: str = "") -> list[Manifest]:
        """Return the objects that a label selector chooses, of all namespaces where none is named.

        Items of lists lack their kind, so it is filled in. Of a kind that the cluster does not know there are none.
        """
        query = [("labelSelector", selector)] if selector else []
        try:
            found = await self._request("GET", _path(kind, namespace), query=query)
        except ApiError as error:
            if error.status == 404 and _KINDS[kind].optional:  # noqa: PLR2004 - HTTP's Not Found
                return []
            raise
        return [{"apiVersion": _KINDS[kind].api_version, "kind": kind, **item} for item in found["items"]]

    async def create(self, manifest: Manifest) -> Manifest:
        """Create an object."""
        path = _path(manifest["kind"], manifest["metadata"]["namespace"])
        return await self._request("POST", path, body=manifest, query=[("fieldManager", FIELD_MANAGER)])

    async def apply(self, manifest: Manifest, *, subresource: str = "", manager: str = FIELD_MANAGER) -> Manifest:
        """Apply an object server-side, taking over fields that others have set."""
        path = _path(manifest["kind"], manifest["metadata"]["namespace"], manifest["metadata"]["name"], subresource)
        query = [("fieldManager", manager), ("force", "true")]
        return await self._request("PATCH", path, body=manifest, query=query, content_type="application/apply-patch+yaml")

    async def scale(self, namespace: str, deployment: str, replicas: int) -> Manifest:
        """Set a Deployment's number of pods through its scale subresource."""
        path = _path("Deployment", namespace, deployment, "scale")
        body = {
            "apiVersion": "autoscaling/v1",
            "kind": "Scale",
            "metadata": {"name": deployment, "namespace": namespace},
            "spec": {"replicas": replicas},
        }
        query = [("fieldManager", SCALER), ("force", "true")]
        return await self._request("PATCH", path, body=body, query=query, content_type="application/apply-patch+yaml")

    async def merge(self, kind: str, namespace: str, name: str, patch: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        """Merge fields into an object (RFC 7396)."""
        query = [("fieldManager", manager)]
        return await self._request(
            "PATCH", _path(kind, namespace, name), body=patch, query=query, content_type="application/merge-patch+json"
        )

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        """Delete an object and, in the background, what belongs to it; one that is gone already is fine."""
        try:
            await self._request("DELETE", _path(kind, namespace, name), query=[("propagationPolicy", "Background")])
        except ApiError as error:
            if error.status != 404:  # noqa: PLR2004 - HTTP's Not Found
                raise

    async def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """Return the last lines that a container wrote."""
        query = [("container", container), ("tailLines", str(lines)), ("timestamps", "true")]
        return (await self._text("GET", _path("Pod", namespace, pod, "log"), query=query)).decode(errors="replace")

    async def _request(self, method: str, path: str, **sent: Unpack[_Sent]) -> Manifest:
        found: Manifest = msgspec.json.decode(await self._text(method, path, **sent))
        return found

    async def _text(self, method: str, path: str, **sent: Unpack[_Sent]) -> bytes:
        headers = {"Accept": sent.get("accept", "application/json"), "Content-Type": sent.get("content_type", "application/json")}
        prepared = await self._client.param_serialize(
            method,
            path,
            query_params=list(sent.get("query", ())),
            header_params=headers,
            body=sent.get("body"),
            auth_settings=["BearerToken"],
        )
        try:
            async with self._slots:
                answer = await self._client.call_api(*prepared, _request_timeout=TIMEOUT_SECONDS)
                text: bytes = await answer.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, OSError) as error:  # OSError: time-outs too
            raise ApiUnreachable(f"the API server does not answer: {type(error).__name__}") from error
        if answer.status >= 400:  # noqa: PLR2004 - HTTP's first error
            raise ApiError(answer.status, _message(text))
        return text


def _path(kind: str, namespace: str, name: str = "", subresource: str = "") -> str:
    version, plural, _ = _KINDS[kind]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    folder = f"{root}/namespaces/{namespace}/{plural}" if namespace and kind != "Namespace" else f"{root}/{plural}"
    return "/".join(part for part in (folder, name, subresource) if part)


def _message(text: bytes) -> str:
    try:
        return str(msgspec.json.decode(text)["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        return text.decode(errors="replace")[:500]
