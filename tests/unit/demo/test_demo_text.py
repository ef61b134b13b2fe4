"""The demo's last words hold what is needed to go on."""

import pytest

from tests.cluster.shop import Credentials, Merchant
from tests.demo import demo_notes
from tests.demo.demo_merchant import Outcome
from tests.demo.demo_text import farewell, reais


@pytest.mark.parametrize(
    ("centavos", "written"),
    [(0, "R$ 0,00"), (5, "R$ 0,05"), (12_345, "R$ 123,45"), (-4_500, "-R$ 45,00"), (123_456_789, "R$ 1.234.567,89")],
)
def test_money_is_written_as_brazilians_do(centavos: int, written: str) -> None:
    """Thousands have points, centavos a comma and two digits."""
    assert reais(centavos) == written


def test_the_merchant_s_secret_is_shown_and_the_administrator_s_is_not() -> None:
    """The farewell holds the address and the merchant's credentials; the administrator's secret stays in the notes."""
    notes = demo_notes.Notes(
        gateway="http://127.0.0.1:30080",
        admin=demo_notes.Credentials("admin", "administrators-secret"),
        merchant=demo_notes.Merchant("1", "merchant", "merchants-secret"),
        kubeconfig="/k",
    )
    outcome = Outcome(Merchant("1", Credentials("merchant", "merchants-secret")), [(12_345, "venda")], 12_345)
    text = farewell(notes, outcome, "caixa")
    assert "http://127.0.0.1:30080" in text
    assert "merchants-secret" in text
    assert "administrators-secret" not in text
    assert "R$ 123,45  venda" in text
