"""Entity tags."""

from hypothesis import given
from hypothesis import strategies as st

from caixa_saldo.entity_tags import entity_tag, matches


@given(st.binary())
def test_a_tag_matches_itself_however_it_is_listed(body: bytes) -> None:
    """Strong, weak and listed forms of the client's tag all match, as RFC 9110 asks of If-None-Match."""
    tag = entity_tag(body)
    assert matches(tag, tag)
    assert matches(f"W/{tag}", tag)
    assert matches(f'"other", W/{tag} , "x"', tag)
    assert matches("*", tag)


@given(st.text())
def test_any_header_is_answered(header: str) -> None:
    """No value of If-None-Match breaks the comparison, and none but the tag or a star matches."""
    tag = entity_tag(b"body")
    assert matches(header, tag) == (header.strip() == "*")


def test_no_header_never_matches() -> None:
    """A client that holds nothing gets the body."""
    assert not matches(None, entity_tag(b""))
