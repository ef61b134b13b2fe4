"""`make demo`: the whole platform on a cluster, a merchant with entries and a balance, and what to do next."""

import asyncio
import shutil
import time

from tests.cluster.shop import Credentials, Merchant
from tests.demo import demo_notes
from tests.demo.demo_cashbox import administrator, fitted, read, wait_ready
from tests.demo.demo_install import ROOT, install_operator, prepare
from tests.demo.demo_merchant import NAME, Outcome, play
from tests.demo.demo_notes import Notes
from tests.demo.demo_text import farewell
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.where import Cluster
from tests.provision.progress import step

SAMPLE = ROOT / "k8s" / "samples" / "demo.yaml"


def up(cluster: Cluster) -> str:
    """Bring everything up, or only what is missing, and return what to tell.

    Raises CannotRun, CannotInstall, CommandFailed, GoMissing, Refused or TimedOut, saying why.
    """
    began = time.monotonic()
    kubectl, images = prepare(cluster)
    with step("installing the operator (helm)"):
        install_operator(kubectl, cluster.registry, images.version)
    objects = fitted(read(SAMPLE), registry=cluster.registry, version=images.version)
    sample = next(found for found in objects if found["kind"] == "CashBox")
    namespace, name = sample["metadata"]["namespace"], sample["metadata"]["name"]
    with step("applying k8s/samples/demo.yaml and waiting until the platform is Ready") as progress:
        kubectl.apply(objects)
        cashbox = wait_ready(kubectl, namespace, name, progress)
    gateway = cluster.address(kubectl, namespace, f"{name}-gateway", sample["spec"]["gateway"]["expose"]["nodePort"])
    admin = Credentials(*administrator(kubectl, namespace, cashbox))
    with step(f"{NAME}: credentials, entries and a balance"):
        outcome = asyncio.run(play(gateway, admin, _known()))
    notes = _notes(kubectl, gateway, admin, outcome)
    demo_notes.write(notes)
    program = "kubectl" if shutil.which("kubectl") else str(kubectl.binary)
    return f"{farewell(notes, outcome, namespace, program)}\nReady after {time.monotonic() - began:.0f} s.\n"


def down(cluster: Cluster) -> list[str]:
    """End the demo and return what is left of it: nothing. A cluster that was there before stays, without the platform."""
    left = list(cluster.down())
    demo_notes.forget()
    return left


def _known() -> Merchant | None:
    notes = demo_notes.read()
    return None if notes is None else Merchant(notes.merchant.id, Credentials(notes.merchant.client_id, notes.merchant.client_secret))


def _notes(kubectl: Kubectl, gateway: str, admin: Credentials, outcome: Outcome) -> Notes:
    signs_in = outcome.merchant.credentials
    return Notes(
        gateway=gateway,
        admin=demo_notes.Credentials(admin.client_id, admin.client_secret),
        merchant=demo_notes.Merchant(outcome.merchant.id, signs_in.client_id, signs_in.client_secret),
        kubeconfig=str(kubectl.kubeconfig) if kubectl.kubeconfig else None,
        context=kubectl.context,
    )
