"""The page's session cookie."""

import base64

import pytest

from caixa_gateway.pagina.sessao import Seal, Sessao, genuine, same_site

OLD, NEW = (base64.urlsafe_b64encode(bytes([number]) * 32) for number in (1, 2))


def signed_in(seal: Seal) -> Sessao:
    """Begin a session."""
    return seal.signed_in(comerciante_id="c", client_id="cx_1", nome="Padaria", fuso="America/Sao_Paulo")


def test_replicas_whose_keys_overlap_open_each_others_sessions() -> None:
    """While keys rotate, a session of either replica holds at the other; once the old key has left, it ends."""
    before, after, gone = Seal([OLD, NEW], seconds=60), Seal([NEW, OLD], seconds=60), Seal([NEW], seconds=60)
    sessao = signed_in(before)
    assert after.open(before.seal(sessao)) == sessao
    assert before.open(after.seal(sessao)) == sessao
    assert gone.open(before.seal(sessao)) is None


def test_a_session_ends_however_much_it_is_used() -> None:
    """The end is sealed within; the clock alone decides."""
    clock = [1000.0]
    seal = Seal([NEW], seconds=60, now=lambda: clock[0])
    value = seal.seal(signed_in(seal))
    clock[0] = 1059.0
    assert seal.open(value) is not None
    clock[0] = 1060.0
    assert seal.open(value) is None


@pytest.mark.parametrize("value", [None, "", "x", "gAAAA" * 10, "\udc80", "é", "x" * 5000])
def test_what_was_not_sealed_here_is_no_session(value: str | None) -> None:
    """Junk, foreign and oversized cookies are nobody's session."""
    assert Seal([NEW], seconds=60).open(value) is None


def test_a_changed_cookie_is_no_session() -> None:
    """One changed character spoils the seal."""
    seal = Seal([NEW], seconds=60)
    value = seal.seal(signed_in(seal))
    assert seal.open(value[:40] + ("A" if value[40] != "A" else "B") + value[41:]) is None


def test_only_the_sessions_own_token_makes_a_form_genuine() -> None:
    """Another session's token, none, and no session at all are forgeries; signing in makes a new token."""
    seal = Seal([NEW], seconds=60)
    one, other = signed_in(seal), signed_in(seal)
    assert genuine(one, one.csrf)
    assert not genuine(one, other.csrf)
    assert not genuine(one, "")
    assert not genuine(None, one.csrf)


@pytest.mark.parametrize(
    ("origin", "fetch_site", "expected"),
    [
        ("https://caixa.exemplo", "same-origin", True),
        (None, None, True),
        ("https://mau.exemplo", None, False),
        ("null", None, False),
        (None, "cross-site", False),
        (None, "same-site", False),
    ],
)
def test_forms_of_other_sites_are_refused(origin: str | None, fetch_site: str | None, expected: bool) -> None:  # noqa: FBT001
    """What the browser says of a form's origin is believed."""
    assert same_site(origin, fetch_site, "caixa.exemplo") is expected
