"""Images of older versions do not pile up on the node."""

from tests.kubernetes.image_store import outdated


def test_other_tags_of_what_is_wanted_are_outdated_and_nothing_else() -> None:
    """An image of the same name and another tag is forgotten; others, and those that are wanted, stay."""
    present = ["localhost/caixa-fluxo:dev-1", "localhost/caixa-fluxo:dev-2", "docker.io/caixa/caixa-fluxo:0.1.0", "localhost/pause:1"]
    assert outdated(present, ["localhost/caixa-fluxo:dev-2", "localhost/caixa-saldo:dev-2"]) == ["localhost/caixa-fluxo:dev-1"]
