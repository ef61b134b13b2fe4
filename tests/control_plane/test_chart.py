"""The chart as helm sees it: sound without any value, strict with wrong ones, and with no right that is everything."""

import pytest

from caixa_operator.crd.definition import definition
from tests.control_plane.installed import CHART, template
from tests.kubernetes.helm import helm_binary
from tests.provision.command import CommandFailed, run


def test_the_chart_is_sound_without_any_value() -> None:
    """`helm lint` finds nothing, and the CashBox's definition comes with it, equal to the operator's own types."""
    run([helm_binary(), "lint", "--strict", CHART])
    crd = next(one for one in template() if one["kind"] == "CustomResourceDefinition")
    assert crd["spec"] == definition()["spec"]


@pytest.mark.parametrize("value", ["resyncSeconds=1", "logLevel=loud", "image.pullPolicy=Sometimes", "replicas=2", "crds.keep=maybe"])
def test_a_wrong_value_is_refused_by_the_schema(value: str) -> None:
    """A misspelt or impossible value ends the installation, and its name is told."""
    with pytest.raises(CommandFailed, match=value.partition("=")[0].rpartition(".")[2]):
        template("--set", value)


def test_no_right_is_everything() -> None:
    """No rule has a wildcard, and Secrets are never listed or watched."""
    rules = [rule for one in template() for rule in (one.get("rules") or []) if one["kind"] in ("Role", "ClusterRole")]
    assert rules
    for rule in rules:
        assert "*" not in (*rule["apiGroups"], *rule["resources"], *rule["verbs"])
        assert "secrets" not in rule["resources"] or {"list", "watch"}.isdisjoint(rule["verbs"])
