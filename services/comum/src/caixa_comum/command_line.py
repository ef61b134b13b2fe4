"""A service's commands: one word each, and configuration that is wrong ends the process before it begins."""

import argparse
import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from caixa_comum.settings import ConfigurationError

Command = Callable[..., Awaitable[None] | int | None]
"""Takes the environment, and a file for each further parameter; an `int` that it returns is the exit code."""

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
WRONG_CONFIGURATION = 2


def run(name: str, commands: Mapping[str, Command], line: Sequence[str] | None = None, *, loop: LoopFactory | None = None) -> NoReturn:
    """Run the command that the line (by default the process's own) names, with this process's environment and its files, and exit.

    `loop` makes its event loop (asyncio's own by default).

    Exit codes: 0 done, or what the command says; 2 for a wrong command or wrong configuration (told on standard error, naming the
    variable).
    """
    parser = argparse.ArgumentParser(prog=name)
    words = parser.add_subparsers(dest="command", required=True, metavar="|".join(commands))
    for word, command in commands.items():
        described = (inspect.getdoc(command) or "").partition("\n")[0]
        arguments = words.add_parser(word, help=described, description=described)
        for parameter in list(inspect.signature(command).parameters)[1:]:
            arguments.add_argument(parameter, type=Path, metavar=parameter.upper())
    given = vars(parser.parse_args(line))
    command = commands[given.pop("command")]
    try:
        result = command(os.environ, **given)
        if inspect.iscoroutine(result):
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(result)
    except ConfigurationError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201  a person or a pod's log reads it
        sys.exit(WRONG_CONFIGURATION)
    sys.exit(result if isinstance(result, int) else 0)
