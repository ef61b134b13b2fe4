"""The chart as helm sees it: sound without any value, strict with wrong ones, and with no right that is everything."""

import re

import pytest
import yaml

from caixa_operator.crd.definition import definition
from tests.control_plane.installed import CHART, template
from tests.kubernetes.helm import helm_binary
from tests.provision.command import CommandFailed, run


def test_the_chart_is_sound_without_any_value() -> None:
    """`helm lint` finds nothing, and the CashBox's definition comes with it, equal to the operator's own types."""
    run([helm_binary(), "lint", "--strict", CHART])
    crd = next(one for one in template() if one["kind"] == "CustomResourceDefinition")
    assert crd["spec"] == definition()["spec"]


@pytest.mark.parametrize(
    "value", ["resyncSeconds=1", "logLevel=loud", "image.pullPolicy=Sometimes", "replicas=2", "crds.keep=maybe", "image.digest=latest"]
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
    named = {f"{key}.{inner}" for key in ("image", "images", "crds") for inner in values[key]}
    assert explained == named | (values.keys() - {"image", "images", "crds"})


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
