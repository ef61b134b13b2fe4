"""One real API server a session, with the CashBox's definition from k8s/crds; every test has a namespace of its own."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from caixa_operator.api import connected
from tests.control_plane.cluster import Cluster
from tests.control_plane.installed import Installed, installed
from tests.control_plane.recorded import Recorded, recorded
from tests.kubernetes.binaries import binaries
from tests.kubernetes.control_plane import ControlPlane, control_plane
from tests.kubernetes.kubectl import Kubectl


@pytest.fixture(scope="session")
def server() -> Iterator[ControlPlane]:
    """Give the session's API server and etcd."""
    with control_plane() as running:
        yield running


@pytest.fixture(scope="session")
def kubectl(server: ControlPlane) -> Kubectl:
    """Give kubectl as the administrator, once the CashBox's definition is established."""
    made = Kubectl(binaries()["kubectl"], server.kubeconfig)
    made("apply", "--server-side", "--filename=k8s/crds")
    made("wait", "--for=condition=Established", "--timeout=60s", "customresourcedefinition/cashboxes.caixa.dev")
    return made


@pytest.fixture(scope="session")
def least(kubectl: Kubectl, server: ControlPlane) -> Installed:
    """Give the operator's own rights: the chart's ServiceAccount and ClusterRole as helm renders them, and a kubeconfig with its token."""
    return installed(kubectl, server)


@pytest.fixture
def cluster(kubectl: Kubectl) -> Cluster:
    """Give a namespace that nothing is in yet."""
    namespace = f"caixa-{uuid4().hex[:8]}"
    kubectl("create", "namespace", namespace)
    return Cluster(kubectl, namespace)


@pytest.fixture(scope="session")
def shared(kubectl: Kubectl) -> Cluster:
    """Give a namespace to tests that store nothing."""
    return Cluster(kubectl, "default")


@pytest.fixture
async def api(least: Installed) -> AsyncIterator[Recorded]:
    """Give the operator's API client with the operator's own rights, its requests noted."""
    async with connected(least.kubeconfig) as made:
        yield recorded(made)
