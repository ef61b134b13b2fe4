"""Running other programs: quiet when they work, telling when they fail."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

TAIL_LINES = 30


class CommandFailed(RuntimeError):
    """A program ended with an error; the message holds the end of what it printed."""


def run(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout: float | None = None,
) -> str:
    """Run a program to its end and return what it printed on standard output.

    With `log`, both streams are appended to that file and nothing is returned; `environ` adds to this process's own.
    Raises CommandFailed, with the last lines printed, when the program fails; subprocess.TimeoutExpired after `timeout` seconds.
    """
    words = [str(word) for word in argv]
    env = {**os.environ, **(environ or {})}
    if log is None:
        done = subprocess.run(words, cwd=cwd, env=env, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            raise CommandFailed(_failure(words, done.returncode, done.stderr or done.stdout))
        return done.stdout
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("a") as file:
        done = subprocess.run(
            words, cwd=cwd, env=env, input=stdin, stdout=file, stderr=subprocess.STDOUT, text=True, timeout=timeout, check=False
        )
    if done.returncode:
        raise CommandFailed(_failure(words, done.returncode, log.read_text(errors="replace")) + f"\nThe whole output: {log}")
    return ""


def _failure(words: Sequence[str], code: int, printed: str) -> str:
    tail = "\n".join(printed.rstrip().splitlines()[-TAIL_LINES:])
    return f"{' '.join(words[:6])} ended with {code}:\n{tail}"
