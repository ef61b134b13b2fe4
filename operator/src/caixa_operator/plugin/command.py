"""The command line of `kubectl caixa`; kubectl runs it for any `kubectl-caixa` on the PATH."""

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import kubernetes.config
from kubernetes.config.config_exception import ConfigException

from caixa_operator.api import ApiError, ApiUnreachable, KubernetesApi, connected
from caixa_operator.manifest import Manifest
from caixa_operator.plugin import bundle
from caixa_operator.plugin.reading import NotThere, names, read
from caixa_operator.plugin.screen import screen
from caixa_operator.rotation.birth import stamp
from caixa_operator.spec.cashbox import KIND, ROTATE_ANNOTATION

MANAGER = "kubectl-caixa"


def main() -> None:
    """Run; exit code 1 where what was asked for is not there or refused, 2 for a wrong command line."""
    given = _parser().parse_args()
    try:
        print(asyncio.run(_run(given)))  # noqa: T201 - the command's output
    except (NotThere, ApiError, ApiUnreachable, FileExistsError, ConfigException) as error:
        sys.exit(f"kubectl caixa: {error}")


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("name", nargs="?", help="the CashBox; may be left out where the namespace has only one")
    common.add_argument("-n", "--namespace", help="its namespace (default: the context's)")
    common.add_argument("--kubeconfig", type=Path, help="the kubeconfig (default: as kubectl)")
    parser = argparse.ArgumentParser(prog="kubectl caixa", description="What a CashBox does, and why.")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="status | pause | resume | rotate | report")
    verbs.add_parser("status", parents=[common], help="one screen: what is ready, what is not, what to do, and the last scaling decisions")
    verbs.add_parser("pause", parents=[common], help="leave everything as it is, whatever changes, until `resume`")
    verbs.add_parser("resume", parents=[common], help="reconcile again")
    verbs.add_parser("rotate", parents=[common], help="replace the generated passwords of the stores, without a failed request")
    report = verbs.add_parser("report", parents=[common], help="an archive of status, objects, events and logs, without any secret")
    report.add_argument("-o", "--output", type=Path, help="where to (default: caixa-NAME-TIME.tar.gz here)")
    return parser


async def _run(given: argparse.Namespace) -> str:
    namespace = given.namespace or _namespace(given.kubeconfig)
    async with connected(given.kubeconfig, proxies=True) as api:
        name = given.name or await _only(api, namespace)
        if given.verb in ("pause", "resume"):
            return await _pause(api, namespace, name, paused=given.verb == "pause")
        if given.verb == "rotate":
            return await _rotate(api, namespace, name, datetime.now(UTC))
        found, now = await read(api, namespace, name), datetime.now(UTC)
        if given.verb == "status":
            return screen(found, now)
        path: Path = given.output or Path(f"caixa-{name}-{now:%Y%m%dT%H%M%SZ}.tar.gz")
        files = await bundle.contents(api, found, now)
        bundle.write(files, path, now)
        return f"{path}: {len(files)} files. Values of Secrets are not in it; logs are as the pods wrote them."


async def _pause(api: KubernetesApi, namespace: str, name: str, *, paused: bool) -> str:
    await _change(api, namespace, name, {"spec": {"paused": paused}})
    said = "is paused: nothing is changed, repaired or scaled until `kubectl caixa resume`" if paused else "is reconciled again"
    return f"CashBox {name} {said}"


async def _rotate(api: KubernetesApi, namespace: str, name: str, now: datetime) -> str:
    body = await _change(api, namespace, name, {"metadata": {"annotations": {ROTATE_ANNOTATION: stamp(now)}}})
    if body["spec"].get("paused"):
        return f"CashBox {name} is paused: its passwords are replaced after `kubectl caixa resume`"
    return f"CashBox {name} gets new passwords; `kubectl caixa status` shows how far that is"


async def _change(api: KubernetesApi, namespace: str, name: str, patch: Manifest) -> Manifest:
    try:
        return await api.merge(KIND, namespace, name, patch, manager=MANAGER)
    except ApiError as error:
        if error.status == 404:  # noqa: PLR2004 - HTTP's Not Found
            raise NotThere(f"there is no CashBox {name} in namespace {namespace}") from error
        raise


async def _only(api: KubernetesApi, namespace: str) -> str:
    found = await names(api, namespace)
    if len(found) != 1:
        told = f"name one of {', '.join(found)}" if found else "there is none"
        raise NotThere(f"namespace {namespace} has {len(found)} CashBoxes: {told}")
    return found[0]


def _namespace(kubeconfig: Path | None) -> str:
    _, active = kubernetes.config.list_kube_config_contexts(str(kubeconfig) if kubeconfig else None)  # type: ignore[no-untyped-call]
    return str((active.get("context") or {}).get("namespace") or "default")
