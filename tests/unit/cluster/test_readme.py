"""The README's commands are found by their marker."""

import pytest

from tests.cluster.readme import commands

TEXT = "intro\n```sh\nother\n```\n<!-- run by tests/x.py -->\n```sh\nhelm install\nkubectl get\n```\n```sh\nafter\n```\n"


def test_the_block_after_the_marker_is_taken() -> None:
    """Blocks before and after the marked one are left out."""
    assert commands("tests/x.py", TEXT) == "helm install\nkubectl get\n"


def test_a_missing_marker_is_an_error() -> None:
    """A README that lost its marker fails the test instead of testing nothing."""
    with pytest.raises(ValueError, match=r"tests/y\.py"):
        commands("tests/y.py", TEXT)


def test_the_readme_has_the_platform_team_s_commands() -> None:
    """README.md still installs with helm and applies a manifest of k8s/samples."""
    block = commands("tests/cluster/test_platform.py")
    assert "helm install caixa charts/caixa" in block
    assert "kubectl apply --filename k8s/samples/" in block
