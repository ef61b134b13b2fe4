"""The token request: read strictly, refused in RFC 6749's own words."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_gateway.grant import Asked, GrantRefused, claims, granted, read


def basic(text: str) -> str:
    """Give an HTTP Basic header."""
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_credentials_come_in_the_form_or_by_basic() -> None:
    """Both ways say the same; within Basic, id and secret are form-encoded."""
    asked = Asked("loja", "se:gredo%", frozenset({"saldos"}))
    assert read(b"grant_type=client_credentials&client_id=loja&client_secret=se%3Agredo%25&scope=saldos", None) == asked
    assert read(b"grant_type=client_credentials&scope=saldos", basic("loja:se%3Agredo%25")) == asked


@pytest.mark.parametrize(
    ("body", "authorization", "error"),
    [
        (b"", None, "invalid_request"),
        (b"grant_type=password", None, "unsupported_grant_type"),
        (b"grant_type=client_credentials", None, "invalid_client"),
        (b"grant_type=client_credentials&client_id=x", None, "invalid_client"),
        (b"grant_type=client_credentials&grant_type=client_credentials", None, "invalid_request"),
        (b"grant_type=client_credentials&client_id=x&client_secret=y", basic("x:y"), "invalid_request"),
        (b"grant_type=client_credentials", "Basic !!", "invalid_client"),
        (b"grant_type=client_credentials", basic("semdoispontos"), "invalid_client"),
        (b"grant_type=client_credentials", "Bearer x", "invalid_client"),
        (b'{"grant_type": "client_credentials"}', None, "invalid_request"),
        (b"\xff\xfe", None, "invalid_request"),
        (b"&".join(b"a%d=1" % number for number in range(50)), None, "invalid_request"),
    ],
)
def test_a_wrong_request_is_refused_by_its_code(body: bytes, authorization: str | None, error: str) -> None:
    """The error code tells a client library what is wrong."""
    with pytest.raises(GrantRefused) as raised:
        read(body, authorization)
    assert raised.value.error == error


@given(st.binary(max_size=200), st.none() | st.text(max_size=100))
def test_no_request_makes_reading_fault(body: bytes, authorization: str | None) -> None:
    """Whatever comes, the outcome is a request or a refusal."""
    try:
        read(body, authorization)
    except GrantRefused as refused:
        assert refused.error


def test_scopes_are_all_or_those_asked_for_and_never_more() -> None:
    """No scope named gives all; a foreign one is refused."""
    assert granted(frozenset(), ("lancamentos", "saldos")) == "lancamentos saldos"
    assert granted(frozenset({"saldos"}), ("lancamentos", "saldos")) == "saldos"
    with pytest.raises(GrantRefused):
        granted(frozenset({"comerciantes"}), ("lancamentos", "saldos"))


def test_claims_state_issuer_audience_and_lifetime() -> None:
    """A token lives as long as was configured, and names the merchant's zone."""
    stated = claims(issuer="i", audience="a", sub="s", client_id="c", scope="x", fuso="America/Manaus", now=1_000, lifetime=900)
    assert (stated["iss"], stated["aud"], stated["sub"], stated["exp"], stated["fuso"]) == ("i", "a", "s", 1_900, "America/Manaus")
