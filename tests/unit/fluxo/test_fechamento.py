"""The bytes of a receipt, and the chain that its hash is part of."""

from datetime import UTC, date, datetime
from uuid import UUID

import msgspec

from caixa_comum.events import TotaisDoDia
from caixa_fluxo.fechamento import Recibo, canonical, digest, sealed

KNOWN = "10b7c3e0a7b606e9b133687ac82a9b43861dd8e2586a82a2b98145b8a02e829d"
"""What sha256sum says of the lines below."""


def receipt(anterior: str | None = None) -> Recibo:
    """Give the receipt of a day with two currencies, given unsorted."""
    return sealed(
        id=UUID("00000000-0000-7000-8000-000000000001"),
        comerciante_id=UUID("00000000-0000-7000-8000-000000000002"),
        data=date(2024, 3, 1),
        totais=[
            TotaisDoDia(moeda="USD", total_creditos=7, total_debitos=0, quantidade=1),
            TotaisDoDia(moeda="BRL", total_creditos=500, total_debitos=200, quantidade=2),
        ],
        anterior=anterior,
        agora=datetime(2024, 3, 2, 3, 0, 0, 7, tzinfo=UTC),
    )


def test_a_receipts_bytes_are_the_documented_lines() -> None:
    """Each value on its line, currencies sorted, and the SHA-256 that another program computes of them."""
    assert canonical(receipt()) == (
        b"caixa.recibo.v1\n00000000-0000-7000-8000-000000000001\n00000000-0000-7000-8000-000000000002\n"
        b"2024-03-01\n2024-03-02T03:00:00.000007Z\n\nBRL 500 200 2\nUSD 7 0 1\n"
    )
    assert receipt().hash == KNOWN


def test_a_receipts_hash_depends_on_the_one_before() -> None:
    """Whatever changes in a receipt changes its hash, and with it that of the next."""
    first = receipt()
    forged = msgspec.structs.replace(first, data=date(2024, 3, 2))
    assert digest(forged) != first.hash
    assert receipt(first.hash).hash != receipt(digest(forged)).hash
