"""Installing the platform on a cluster: images loaded, the chart installed, a manifest applied."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.demo import images_debian
from tests.demo.images import Images, build_all
from tests.kubernetes.binaries import binaries
from tests.kubernetes.helm import helm_binary
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.where import Cluster
from tests.provision.command import run

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "charts" / "caixa"
OPERATOR_NAMESPACE = "caixa-system"
RELEASE = "caixa"
HELM_SECONDS = 300.0


def helm(kubectl: Kubectl, *words: str) -> str:
    """Run helm on the cluster and return what it printed. Raises CommandFailed."""
    where = {"KUBECONFIG": str(kubectl.kubeconfig)} if kubectl.kubeconfig else {}
    context = [f"--kube-context={kubectl.context}"] if kubectl.context else []
    return run([helm_binary(), *context, *words], environ=where, timeout=HELM_SECONDS)


def prepare(cluster: Cluster) -> tuple[Kubectl, Images]:
    """Build the programs and the images at the same time, bring the cluster up and load the images into it."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        programs = pool.submit(lambda: (binaries(), helm_binary()))
        images = pool.submit(build_all)
        programs.result()
        kubectl = cluster.up()
        built = images.result()
    cluster.load(built.archives)
    return kubectl, built


def install_operator(kubectl: Kubectl, registry: str, version: str) -> None:
    """Install the chart, or bring it to this version, with images of this registry, and wait until the operator runs."""
    servers = {"mysql": images_debian.MYSQL.image, "rabbitmq": images_debian.RABBITMQ.image}
    values = {
        "image.repository": f"{registry}/caixa-operator",
        "image.tag": version,
        "images.registry": registry,
        "images.version": version,
        **{f"images.{name}": f"{registry}/{image.removeprefix('localhost/')}" for name, image in servers.items()},
    }
    settings = [word for name, value in values.items() for word in ("--set-string", f"{name}={value}")]
    where = ["--namespace", OPERATOR_NAMESPACE, "--create-namespace"]
    helm(kubectl, "upgrade", "--install", RELEASE, str(CHART), *where, *settings, "--wait", "--timeout", "4m")
