"""`kubectl caixa` against a real API server, run by kubectl itself."""

import os
import tarfile
from pathlib import Path

import pytest

from tests.control_plane.cluster import Cluster
from tests.control_plane.recorded import Recorded
from tests.control_plane.test_reconcile import served
from tests.provision.command import CommandFailed, run

PLUGINS = Path(__file__).parents[2] / ".venv" / "bin"


def caixa(cluster: Cluster, *words: str, folder: Path | None = None) -> str:
    """Run the plugin as kubectl does: by its name on the PATH."""
    environ = {"PATH": f"{PLUGINS}:{os.environ['PATH']}", "KUBECONFIG": str(cluster.kubectl.kubeconfig)}
    return run([cluster.kubectl.binary, "caixa", *words, f"--namespace={cluster.namespace}"], environ=environ, cwd=folder or Path.cwd())


async def test_status_says_in_one_screen_what_is_ready(api: Recorded, cluster: Cluster) -> None:
    """The conditions, the parts with their pods, and where the administrator's credentials are; the only CashBox need not be named."""
    await served(api, cluster)
    shown = caixa(cluster, "status")
    assert "· Serving" in shown
    assert "✓ Ready" in shown
    assert "loja-saldo-consumer" in shown
    assert "loja-admin" in shown
    assert "Nothing to do." in shown


async def test_pause_and_resume_change_only_that(api: Recorded, cluster: Cluster) -> None:
    """They set spec.paused and leave the rest of the spec to its owner."""
    await served(api, cluster, gateway={"replicas": 2})
    caixa(cluster, "pause", "loja")
    assert cluster.get("cashbox", "loja")["spec"]["paused"] is True
    caixa(cluster, "resume", "loja")
    spec = cluster.get("cashbox", "loja")["spec"]
    assert spec["paused"] is False
    assert spec["gateway"]["replicas"] == 2


async def test_rotate_asks_for_new_passwords_and_status_tells_how_far_they_are(api: Recorded, cluster: Cluster) -> None:
    """It writes one annotation, the instant; the next turn of the operator prepares new ones; a paused CashBox says that it waits."""
    kept = await served(api, cluster)
    assert "Passwords " in caixa(cluster, "status")
    cluster.edit("secret", "loja-mysql-users", {"metadata": {"annotations": {"caixa.dev/rotated": "2026-01-01T00:00:00Z"}}})
    assert "gets new passwords" in caixa(cluster, "rotate")
    await kept.full()
    assert cluster.find("secret", "loja-rotation") is not None
    await kept.full()
    shown = caixa(cluster, "status")
    assert "they are being replaced, step Teach" in shown
    assert "the stores are taught the new passwords beside the old ones" in shown
    cluster.cashbox(paused=True)
    assert "is paused: its passwords are replaced after `kubectl caixa resume`" in caixa(cluster, "rotate", "loja")
    with pytest.raises(CommandFailed, match="there is no CashBox mercado"):
        caixa(cluster, "rotate", "mercado")


async def test_a_report_holds_everything_but_secrets(api: Recorded, cluster: Cluster, tmp_path: Path) -> None:
    """Objects, events and status are in the archive; no value of any Secret is, neither as stored nor decoded."""
    await served(api, cluster)
    caixa(cluster, "report", "--output=report.tar.gz", folder=tmp_path)
    with tarfile.open(tmp_path / "report.tar.gz") as archive:
        files = {one.name.partition("/")[2]: archive.extractfile(one) for one in archive.getmembers()}
        texts = {name: file.read().decode() for name, file in files.items() if file is not None}
    assert {"status.txt", "cashbox.json", "events.json", "objects/deployment-loja-fluxo.json"} <= texts.keys()
    secrets = [value for one in cluster.get("secrets")["items"] for value in (one.get("data") or {}).values()]
    assert secrets
    whole = "\n".join(texts.values())
    assert [value for value in secrets if value in whole] == []


def test_what_is_not_there_is_told_in_a_sentence(cluster: Cluster) -> None:
    """An unknown name, or none where there is no CashBox, ends with code 1 and what to do."""
    with pytest.raises(CommandFailed, match="there is no CashBox mercado"):
        caixa(cluster, "status", "mercado")
    with pytest.raises(CommandFailed, match="there is none"):
        caixa(cluster, "status")
