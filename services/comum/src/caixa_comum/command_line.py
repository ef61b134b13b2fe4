"""A service's commands: one word each, and configuration that is wrong ends the process before it begins."""

import argparse
import asyncio
import inspect
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn

from caixa_comum.settings import ConfigurationError

Command = Callable[[Mapping[str, str]], Awaitable[None] | None]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
WRONG_CONFIGURATION = 2


def run(name: str, commands: Mapping[str, Command], *, loop: LoopFactory | None = None) -> NoReturn:
    """Run the command that the command line names with this process's environment, and exit; `loop` makes its event loop (asyncio's own).

    Exit codes: 0 done, 2 for a wrong command or wrong configuration (told on standard error, naming the variable).
    """
    parser = argparse.ArgumentParser(prog=name)
    words = parser.add_subparsers(dest="command", required=True, metavar="|".join(commands))
    for word, command in commands.items():
        words.add_parser(word, help=(inspect.getdoc(command) or "").partition("\n")[0])
    command = commands[parser.parse_args().command]
    try:
        result = command(os.environ)
        if inspect.iscoroutine(result):
            with asyncio.Runner(loop_factory=loop) as runner:
                runner.run(result)
    except ConfigurationError as error:
        print(f"{name}: {error}", file=sys.stderr)  # noqa: T201  a person or a pod's log reads it
        sys.exit(WRONG_CONFIGURATION)
    sys.exit(0)
