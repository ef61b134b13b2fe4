"""`kubectl caixa report`: all that somebody else needs to understand a CashBox's trouble, in one archive and without a secret."""

import io
import json
import tarfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from caixa_operator.api import ApiError, ApiUnreachable, KubernetesApi
from caixa_operator.manifest import Manifest
from caixa_operator.plugin.reading import KINDS, selector
from caixa_operator.plugin.screen import Found, screen

LOG_LINES = 500


async def contents(api: KubernetesApi, found: Found, now: datetime) -> dict[str, str]:
    """Collect the report's files, by path; a log that cannot be read says why in its place."""
    metadata = found.cashbox["metadata"]
    namespace, name = metadata["namespace"], metadata["name"]
    files = {"status.txt": screen(found, now) + "\n", "cashbox.json": _json(found.cashbox), "events.json": _json(list(found.events))}
    for kind in KINDS:
        for one in await api.list(kind, namespace, selector(name)):
            files[f"objects/{kind.lower()}-{one['metadata']['name']}.json"] = _json(without_secrets(one))
    for pod in await api.list("Pod", namespace, selector(name)):
        label = pod["metadata"]["name"]
        files[f"objects/pod-{label}.json"] = _json(pod)
        for container in pod["spec"]["containers"]:
            files[f"logs/{label}-{container['name']}.log"] = await _log(api, namespace, label, container["name"])
    return files


def without_secrets(one: Manifest) -> Manifest:
    """Leave a Secret's values out, and keep the names of its keys; other objects are as they are (Caixa puts no secret into them)."""
    if one["kind"] != "Secret":
        return one
    metadata = {key: value for key, value in one["metadata"].items() if key not in ("annotations", "managedFields")}
    return {"kind": "Secret", "metadata": metadata, "keys": sorted(one.get("data") or {})}


def write(files: Mapping[str, str], path: Path, now: datetime) -> None:
    """Write the files into a gzipped tar, under one folder. Raises FileExistsError rather than write over a report."""
    with tarfile.open(path, "x:gz") as archive:
        for name, text in sorted(files.items()):
            data = text.encode()
            entry = tarfile.TarInfo(f"{path.name.removesuffix('.tar.gz')}/{name}")
            entry.size, entry.mtime = len(data), int(now.timestamp())
            archive.addfile(entry, io.BytesIO(data))


async def _log(api: KubernetesApi, namespace: str, pod: str, container: str) -> str:
    try:
        return await api.log(namespace, pod, container, LOG_LINES)
    except (ApiError, ApiUnreachable) as error:
        return f"this log could not be read: {error}\n"


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
