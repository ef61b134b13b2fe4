"""The list of ids that one service hands to the other."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caixa_fluxo.reemission_command import read
from caixa_saldo.missing_process import written


@given(st.sets(st.uuids()))
def test_what_saldo_writes_is_what_fluxo_reads(ids: set[UUID]) -> None:
    """Every id once, the oldest first, and nothing else."""
    assert read(written(ids)) == sorted(ids)


def test_a_line_that_is_no_id_is_refused() -> None:
    """A file of something else re-emits nothing."""
    with pytest.raises(ValueError, match="badly formed"):
        read("7e002a3 is no id\n")
