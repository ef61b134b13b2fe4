"""Volumes that grow, by the API server's own rules: a claim must have a volume, and its StorageClass must allow it."""

from typing import Any
from uuid import uuid4

import pytest

from tests.control_plane.cluster import Cluster
from tests.control_plane.recorded import Recorded
from tests.control_plane.test_reconcile import condition, keeper, served
from tests.provision.command import CommandFailed

CLAIMS = ("data-loja-mysql-0", "data-loja-rabbitmq-0", "loja-backup")


def storage_class(cluster: Cluster, *, grows: bool) -> str:
    """Make a StorageClass and return its name."""
    name = f"class-{uuid4().hex[:8]}"
    manifest = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name}, "provisioner": "example/none"}
    cluster.apply({**manifest, "allowVolumeExpansion": grows})
    return name


def claim(cluster: Cluster, store: str, chosen: str) -> None:
    """Make a store's claim from its StatefulSet's template, as that one's controller would."""
    found = cluster.get("statefulset", f"loja-{store}")["spec"]["volumeClaimTemplates"][0]
    metadata = {"name": f"data-loja-{store}-0", "labels": found["metadata"]["labels"]}
    spec = {**found["spec"], "storageClassName": chosen}
    cluster.apply({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec})


def bound(cluster: Cluster, name: str) -> None:
    """Give a claim the volume that it asks for, as provisioner and controllers would."""
    size = requested(cluster, name)
    if cluster.get("persistentvolumeclaim", name).get("status", {}).get("phase") != "Bound":
        cluster.edit("persistentvolumeclaim", name, {"spec": {"volumeName": f"volume-{name}"}})
    cluster.status("persistentvolumeclaim", name, {"phase": "Bound", "capacity": {"storage": size}})


def requested(cluster: Cluster, name: str) -> str:
    """Return how much a claim asks for."""
    return str(cluster.get("persistentvolumeclaim", name)["spec"]["resources"]["requests"]["storage"])


def sizes(size: str, chosen: str) -> dict[str, Any]:
    """Write a spec whose volumes all have this size."""
    storage = {"storage": {"size": size, "className": chosen}}
    return {"mysql": {**storage, "backup": storage}, "rabbitmq": storage}


async def test_every_volume_grows_with_the_spec_and_says_so_until_it_has(api: Recorded, cluster: Cluster) -> None:
    """The stores' claims and the copies' ask for more, StatefulSets stay as they are, and once grown nothing is written any more."""
    chosen = storage_class(cluster, grows=True)
    kept = await served(api, cluster, **sizes("1Gi", chosen))
    for store in ("mysql", "rabbitmq"):
        claim(cluster, store, chosen)
    for name in CLAIMS:
        bound(cluster, name)
    before = [cluster.get("statefulset", f"loja-{store}")["metadata"]["resourceVersion"] for store in ("mysql", "rabbitmq")]
    cluster.cashbox(**sizes("2Gi", chosen))
    await kept.full()
    assert [requested(cluster, name) for name in CLAIMS] == ["2Gi"] * 3
    progressing = condition(cluster, "Progressing")
    assert progressing["reason"] == "VolumesGrowing"
    assert "claim data-loja-mysql-0 grows from 1Gi to 2Gi" in progressing["message"]
    assert condition(cluster, "Ready")["status"] == "True"
    for name in CLAIMS:
        bound(cluster, name)
    await kept.full()
    assert condition(cluster, "Progressing")["reason"] == "AsSpecified"
    assert [cluster.get("statefulset", f"loja-{store}")["metadata"]["resourceVersion"] for store in ("mysql", "rabbitmq")] == before
    api.forget()
    await kept.full()
    assert api.writes == []
    lists = [path.partition("?")[0] for path in api.reads]
    assert len(lists) == len(set(lists))


async def test_a_class_that_does_not_allow_it_is_told_and_the_platform_serves_on(api: Recorded, cluster: Cluster) -> None:
    """The condition names the claim, what the API server says and what to do; once the class allows it, the claim grows."""
    chosen = storage_class(cluster, grows=False)
    kept = await served(api, cluster, mysql={"storage": {"size": "1Gi", "className": chosen}})
    claim(cluster, "mysql", chosen)
    bound(cluster, "data-loja-mysql-0")
    cluster.cashbox(mysql={"storage": {"size": "2Gi", "className": chosen}})
    await kept.full()
    degraded = condition(cluster, "Degraded")
    assert (degraded["status"], degraded["reason"]) == ("True", "VolumeNotGrown")
    assert "claim data-loja-mysql-0 was not grown" in degraded["message"]
    assert "must support resize" in degraded["message"], "the API server's own words"
    assert "allowVolumeExpansion: true" in degraded["message"]
    assert condition(cluster, "Ready")["status"] == "True"
    cluster.run("patch", "storageclass", chosen, "--type=merge", '--patch={"allowVolumeExpansion": true}')
    await kept.full()
    assert requested(cluster, "data-loja-mysql-0") == "2Gi"
    assert condition(cluster, "Degraded")["status"] == "False"


async def test_a_claim_from_a_former_cashbox_grows_once_it_has_a_volume(api: Recorded, cluster: Cluster) -> None:
    """Retained or still unbound, it ends at the size that the spec says."""
    chosen = storage_class(cluster, grows=True)
    kept = await served(api, cluster, mysql={"storage": {"size": "1Gi", "className": chosen}})
    claim(cluster, "mysql", chosen)
    cluster.run("delete", "cashbox", "loja")
    cluster.run("delete", "statefulset", "loja-mysql")
    cluster.cashbox(mysql={"storage": {"size": "4Gi", "className": chosen}})
    kept = keeper(api, cluster)
    await kept.full()
    assert requested(cluster, "data-loja-mysql-0") == "1Gi"
    bound(cluster, "data-loja-mysql-0")
    await kept.full()
    assert requested(cluster, "data-loja-mysql-0") == "4Gi"


@pytest.mark.parametrize("part", ["mysql", "rabbitmq", "backup"])
def test_a_volume_never_shrinks_and_stays_in_its_class(cluster: Cluster, part: str) -> None:
    """The API server refuses a smaller size and another class, and takes the same size in other words."""

    def written(size: str, **more: str) -> dict[str, Any]:
        storage = {"storage": {"size": size, **more}}
        return {"mysql": {"backup": storage}} if part == "backup" else {part: storage}

    cluster.cashbox(**written("2Gi"))
    cluster.cashbox(**written("2048Mi"))
    cluster.cashbox(**written("3Gi"))
    with pytest.raises(CommandFailed, match="a volume only grows: write the size that it has, or a larger one"):
        cluster.cashbox(**written("2Gi"))
    with pytest.raises(CommandFailed, match="className cannot change after creation"):
        cluster.cashbox(**written("3Gi", className="fast"))
