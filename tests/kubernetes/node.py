"""One Kubernetes node on this machine: up, down, and images loaded into it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from tests.kubernetes import (
    components,
    containerd,
    dns,
    image_store,
    kubelet,
    leftovers,
    network,
    pause_image,
    policy_agent,
    processes,
    requirements,
    sysctls,
    volumes,
)
from tests.kubernetes.binaries import Binaries, binaries
from tests.kubernetes.certificates import Authority
from tests.kubernetes.components import Api
from tests.kubernetes.credentials import is_ready, write_admin, write_certificates, write_client, write_kubelet_client, write_user
from tests.kubernetes.folders import IMAGES, LOCK, NODE, PROCESSES, RUN
from tests.kubernetes.kubectl import Kubectl
from tests.kubernetes.ports import free_ports, preferred
from tests.kubernetes.waiting import TimedOut, until
from tests.provision.command import CommandFailed
from tests.provision.lock import held
from tests.provision.progress import step

USERS = {
    "kubelet": (f"system:node:{kubelet.NODE}", ["system:nodes"]),
    "kube-proxy": ("system:kube-proxy", []),
    "kube-scheduler": ("system:kube-scheduler", []),
    "kube-controller-manager": ("system:kube-controller-manager", []),
    "coredns": (dns.USER, []),
}
SERVER_NOTE = RUN / "server"
HOSTS = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{kubelet.DOMAIN}", "localhost"]


def up() -> Kubectl:
    """Bring the node up and return its kubectl; at once when it is up already.

    Raises CannotRun where this machine cannot run it, TimedOut with the end of a component's log when one does not start.
    """
    requirements.ensure()
    built = binaries()
    kubectl = Kubectl(built["kubectl"], NODE.kubeconfig)
    with held(LOCK):
        if not is_up(kubectl):
            if leftovers.found():
                with step("cleaning up after a run that was cut off"):
                    leftovers.clean()
            with step("starting a one-node Kubernetes"):
                _start(built, kubectl)
        volumes.provide(kubectl, NODE.volumes)
    return kubectl


def down() -> list[str]:
    """End the node and return what is left of it: nothing."""
    with held(LOCK):
        if leftovers.found():
            with step("ending the one-node Kubernetes"):
                leftovers.clean()
        return leftovers.found()


def is_up(kubectl: Kubectl) -> bool:
    """Whether every process of the node lives, the API server answers and the node is Ready."""
    names = (*leftovers.ORDER, "containerd")
    if not SERVER_NOTE.exists() or not all(processes.pid_of(PROCESSES, name) for name in names):
        return False
    return is_ready(SERVER_NOTE.read_text(), NODE.certificates) and _node_is_ready(kubectl)


def _start(built: Binaries, kubectl: Kubectl) -> None:
    sysctls.prepare(leftovers.NOTES)
    image_store.prepare()
    network.create_bridge()
    etcd_port, peer_port, kubelet_port, proxy_health, proxy_metrics, dns_port = free_ports(6)
    api = Api(network.ADDRESS, preferred(6443, network.ADDRESS), etcd_port, NODE.certificates)
    configurations = _write_configurations(api, kubelet_port, proxy_health, proxy_metrics, dns_port)

    _process("etcd", components.etcd(built, NODE.state / "etcd", etcd_port, peer_port))
    _process("containerd", containerd.command(configurations / "containerd.toml"))
    _process("kube-apiserver", components.api_server(built, api, *_node_options()))
    _await("containerd", containerd.is_ready)
    image_store.load({pause_image.IMAGE: pause_image.write_archive(built["pause"], IMAGES / "pause.tar")})
    _await("kube-apiserver", lambda: is_ready(api.server, NODE.certificates))
    _process("kube-controller-manager", components.controller_manager(built, configurations / "kube-controller-manager", NODE.certificates))
    _process("kube-scheduler", components.scheduler(built, configurations / "kube-scheduler"))
    kubectl.apply([*dns.manifests(), *policy_agent.manifests()])
    _process(policy_agent.NAME, policy_agent.command(api.server, NODE.certificates))
    _process("coredns", dns.command(built, configurations / "Corefile"))
    _process("kube-proxy", kubelet.proxy_command(built, configurations / "kube-proxy.json"))
    _process("kubelet", _kubelet_command(built, configurations))
    _await("kubelet", lambda: _node_is_ready(kubectl))
    _await(policy_agent.NAME, policy_agent.enforces)
    _await("coredns", lambda: dns.is_ready(dns_port))
    SERVER_NOTE.write_text(api.server)


def _write_configurations(api: Api, kubelet_port: int, proxy_health: int, proxy_metrics: int, dns_port: int) -> Path:
    folder = NODE.configuration
    authority = Authority("caixa-cluster")
    write_certificates(NODE.certificates, authority, [*HOSTS, components.API_SERVICE, components.LOOPBACK, api.address])
    write_kubelet_client(NODE.certificates, authority)
    write_client(NODE.certificates, authority, policy_agent.NAME, policy_agent.USER)
    write_admin(NODE.certificates, authority, api.server, NODE.kubeconfig)
    for name, (user, groups) in USERS.items():
        write_user(folder / name, authority, api.server, user, groups)
    (folder / "network").mkdir()
    (folder / "network" / "10-caixa.conflist").write_text(network.cni_configuration())
    (folder / "Corefile").write_text(dns.corefile(folder / "coredns", dns_port))
    (folder / "kubelet.json").write_text(kubelet.kubelet_configuration(NODE.certificates / "authority.crt", kubelet_port))
    (folder / "kube-proxy.json").write_text(kubelet.proxy_configuration(folder / "kube-proxy", proxy_health, proxy_metrics))
    snapshotter = containerd.snapshotter(IMAGES)
    (folder / "containerd.toml").write_text(containerd.configuration(IMAGES / "containerd", folder / "network", snapshotter))
    return folder


def _node_options() -> Sequence[str]:
    pair = (NODE.certificates / "kubelet-client.crt", NODE.certificates / "kubelet-client.key")
    addresses = "--kubelet-preferred-address-types=InternalIP"  # else logs and exec would look the node's name up
    return (f"--kubelet-client-certificate={pair[0]}", f"--kubelet-client-key={pair[1]}", addresses)


def _kubelet_command(built: Binaries, configurations: Path) -> list[str | Path]:
    runtime = processes.pid_of(PROCESSES, "containerd")
    if runtime is None:
        raise TimedOut(f"containerd has ended:\n{processes.log_tail(PROCESSES, 'containerd')}")
    return kubelet.kubelet_command(built, configurations / "kubelet.json", configurations / "kubelet", NODE.kubelet, runtime)


def _process(name: str, argv: Sequence[str | Path]) -> None:
    processes.start(name, argv, PROCESSES)


def _await(name: str, holds: Callable[[], bool]) -> None:
    """Wait until the component works; fail at once, with what it printed, when it has ended."""

    def settled() -> bool:
        return holds() or processes.pid_of(PROCESSES, name) is None

    try:
        until(f"{name} is ready", settled)
    except TimedOut as error:
        raise TimedOut(f"{error}\n{processes.log_tail(PROCESSES, name)}") from error
    if processes.pid_of(PROCESSES, name) is None:
        raise TimedOut(f"{name} has ended:\n{processes.log_tail(PROCESSES, name)}")


def _node_is_ready(kubectl: Kubectl) -> bool:
    ready = "jsonpath={.status.conditions[?(@.type=='Ready')].status}"
    try:
        return kubectl("get", "node", kubelet.NODE, f"--output={ready}", timeout=30) == "True"
    except CommandFailed:
        return False
