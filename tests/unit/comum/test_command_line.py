"""A service's commands: found by their word, given their files, and their exit code is what they say."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from caixa_comum.command_line import Command, run
from caixa_comum.settings import ConfigurationError


async def serve(environ: Mapping[str, str]) -> None:
    """Serve until told to stop."""
    if "CAIXA_X" not in environ:
        raise ConfigurationError("CAIXA_X", "is required")


def compare(environ: Mapping[str, str], esta: Path, aquela: Path) -> int:
    """Compare two files."""
    del environ
    return 0 if esta == aquela else 1


COMMANDS: Mapping[str, Command] = {"serve": serve, "comparar": compare}


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["comparar", "a", "a"], 0, ""),
        (["comparar", "a", "b"], 1, ""),
        (["comparar", "a"], 2, "AQUELA"),
        (["serve"], 2, "CAIXA_X: is required"),
        (["serve", "a"], 2, "unrecognized arguments: a"),
        ([], 2, "serve|comparar"),
    ],
)
def test_a_command_line_is_run_or_refused(arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Files are asked for by the command's own parameters; its int is the exit code; what is wrong is named and ends with 2."""
    with pytest.raises(SystemExit) as ended:
        run("caixa", COMMANDS, arguments)
    assert ended.value.code == code
    assert told in capsys.readouterr().err
