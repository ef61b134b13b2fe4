"""The chart as helm sees it: sound without any value, strict with wrong ones, and with no right that is everything."""

import json
import re

import pytest
import yaml

from caixa_operator.crd.definition import definition
from caixa_operator.images import resolved
from caixa_operator.resources.credentials import Credentials
from caixa_operator.resources.family import processes
from caixa_operator.resources.process import deployment
from caixa_operator.settings import Settings
from compose.prepare import CASHBOX, generated
from tests.control_plane.installed import CHART, template
from tests.kubernetes.helm import helm_binary
from tests.provision.command import CommandFailed, run


def test_the_chart_is_sound_without_any_value() -> None:
    """`helm lint` finds nothing, and the CashBox's definition comes with it, equal to the operator's own types."""
    run([helm_binary(), "lint", "--strict", CHART])
    crd = next(one for one in template() if one["kind"] == "CustomResourceDefinition")
    assert crd["spec"] == definition()["spec"]


@pytest.mark.parametrize(
    "value",
    [
        "resyncSeconds=1",
        "logLevel=loud",
        "image.pullPolicy=Sometimes",
        "replicas=2",
        "crds.keep=maybe",
        "image.digest=latest",
        "watch.namespaces={Loja}",
    ],
)
def test_a_wrong_value_is_refused_by_the_schema(value: str) -> None:
    """A misspelt or impossible value ends the installation, and its name is told."""
    with pytest.raises(CommandFailed, match=value.partition("=")[0].rpartition(".")[2]):
        template("--set", value)


def test_every_value_is_explained() -> None:
    """The chart's README names each value that values.yaml has, and none that it has not."""
    first_cells = re.findall(r"^\| (`[^|]+) \|", (CHART / "README.md").read_text(), re.MULTILINE)
    explained = {name for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    groups = {"image", "images", "crds", "watch", "monitoring"}
    named = {f"{key}.{inner}" for key in groups for inner in values[key]}
    assert explained == named | (values.keys() - groups)


def test_an_image_may_be_pinned_by_its_digest() -> None:
    """With a digest every container of the operator's image is named by it alone."""
    digest = "sha256:" + "a" * 64
    pods = [one["spec"]["template"]["spec"] for one in template("--set", f"image.digest={digest}") if one["kind"] in ("Deployment", "Job")]
    assert [pod["containers"][0]["image"] for pod in pods] == [f"docker.io/caixa/caixa-operator@{digest}"] * 2


def test_no_right_is_everything() -> None:
    """No rule has a wildcard, and Secrets are never listed or watched."""
    rules = [rule for one in template() for rule in (one.get("rules") or []) if one["kind"] in ("Role", "ClusterRole")]
    assert rules
    for rule in rules:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        assert "secrets" not in rule["resources"] or {"list", "watch"}.isdisjoint(rule["verbs"])


def test_monitoring_is_off_until_it_is_asked_for() -> None:
    """Without prometheus-operator's definitions a cluster takes the chart; asked for, monitors, rules and three dashboards come."""
    monitoring = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert monitoring.isdisjoint(one["kind"] for one in template())
    words = ("monitoring.enabled=true", "monitoring.labels.release=pilha", "monitoring.runbooks=https://loja.example/livro/")
    rendered = template(*(word for value in words for word in ("--set", value)))
    assert monitoring <= {one["kind"] for one in rendered}
    assert all(one["metadata"]["labels"]["release"] == "pilha" for one in rendered if one["kind"] in monitoring)
    alerts = [rule for one in rendered if one["kind"] == "PrometheusRule" for rule in one["spec"]["groups"][0]["rules"]]
    assert {rule["annotations"]["runbook_url"] for rule in alerts} == {f"https://loja.example/livro/{rule['alert']}.md" for rule in alerts}
    boards = [board for one in rendered if one["kind"] == "ConfigMap" for name, board in one["data"].items() if name.endswith(".json")]
    assert [json.loads(board)["uid"] for board in boards] == [
        "caixa-merchant-traffic",
        "caixa-operator-and-scaling",
        "caixa-outbox-and-consolidation",
    ]


def test_monitors_choose_what_the_operator_labels() -> None:
    """The PodMonitor's selector, port and labels are those of the pods that the operator makes."""
    process = processes(CASHBOX)[0]
    pod = deployment(CASHBOX, resolved(CASHBOX.spec, Settings()), Credentials(generated("")), process)["spec"]["template"]
    monitor = next(one["spec"] for one in template("--set", "monitoring.enabled=true") if one["kind"] == "PodMonitor")
    assert monitor["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert set(monitor["selector"]["matchExpressions"][0]["values"]) == {one.component for one in processes(CASHBOX)}
    endpoint = monitor["podMetricsEndpoints"][0]
    assert endpoint["port"] in {port["name"] for container in pod["spec"]["containers"] for port in container["ports"]}
    read = {one["sourceLabels"][0] for one in endpoint["relabelings"]}
    assert read <= {"__meta_kubernetes_pod_label_" + re.sub(r"[^a-zA-Z0-9_]", "_", label) for label in pod["metadata"]["labels"]}
