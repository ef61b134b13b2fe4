"""The command line of saldo."""

import sys

import pytest

from caixa_saldo import commands


@pytest.mark.parametrize("command", ["api", "consumer", "faltantes", "migrate", "replay"])
def test_each_process_names_the_first_variable_that_it_misses(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without configuration every process ends with 2 and says which variable to set, in one line."""
    monkeypatch.setattr(sys, "argv", ["caixa-saldo", command, *(["ids"] if command == "faltantes" else [])])
    for name in ("CAIXA_DATABASE_URL", "CAIXA_DATABASE_USER", "CAIXA_DATABASE_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("caixa-saldo: CAIXA_DATABASE_URL: is required")
