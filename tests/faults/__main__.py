"""`make faults`: every fault in its long form on private servers, and every control, as a table and in .caixa/faults.json."""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import msgspec

from caixa_comum import logs
from tests.faults.catalogue import CONTROLS, FAULTS, Control, Fault
from tests.faults.outcome import UNFINISHED, Line, causes, of_control, of_fault, table
from tests.faults.servers import Servers, platform, servers
from tests.provision.progress import step

RESULTS = Path(".caixa/faults.json")
LONGEST_SECONDS = 900.0
"""What one fault may take before it counts as not met: several times what the longest takes on two cores of its own."""
NOTE_SECONDS = 10.0

Say = Callable[[str], None]


def main() -> None:
    """Do every fault, print, write; exit code 1 when an invariant did not hold or a control was not caught."""
    names = [one.id for one in (*FAULTS, *CONTROLS)]
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ID", help=f"only these: {', '.join(names)}")
    parser.add_argument("--short", action="store_true", help="as often as CI does it")
    chosen = parser.parse_args()
    logs.configure("error", "faults")
    logging.getLogger("aiormq").setLevel(logging.CRITICAL)  # it tells of every returned message, and one control has them returned
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="caixa-faults-") as name, ExitStack() as stack:
        folder = Path(name)
        with step("private database and broker"):
            private = stack.enter_context(servers(folder / "servers"))
        lines = [_fault(private, folder / one.id, one, one.short if chosen.short else one.long) for one in FAULTS if one.id in chosen.only]
        lines += [_control(private, folder / one.id, one) for one in CONTROLS if one.id in chosen.only]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(lines)))
    print(f"\n{table(lines)}\n\n{(time.monotonic() - began) / 60:.1f} minutes; {RESULTS}")
    sys.exit(0 if all(one.met for one in lines) else 1)


def _fault(private: Servers, folder: Path, one: Fault, times: int) -> Line:
    async def scenario(say: Say) -> Line:
        async with platform(private, folder, say) as made:
            return of_fault(one.id, one.what, times, one.unit, await one.scenario(made, times))

    return _judged(f"{one.what}: {times} {one.unit}", of_fault(one.id, one.what, times, one.unit, UNFINISHED), scenario)


def _control(private: Servers, folder: Path, one: Control) -> Line:
    async def scenario(say: Say) -> Line:
        async with platform(private, folder, say) as made:
            return of_control(one.id, one.what, one.breaks, await one.scenario(made))

    return _judged(f"left out: {one.what}", of_control(one.id, one.what, one.breaks, {}), scenario)


def _judged(title: str, unfinished: Line, scenario: Callable[[Say], Awaitable[Line]]) -> Line:
    """Run a scenario within its bound; whatever goes wrong in it, the next ones are still done."""
    began = time.monotonic()
    with step(title) as current:

        async def bounded() -> Line:
            async with asyncio.timeout(LONGEST_SECONDS):
                return await scenario(_now_and_then(current.note))

        try:
            line = asyncio.run(bounded())
        except Exception as error:  # noqa: BLE001 (it is told in the table, and the exit code is 1)
            line = msgspec.structs.replace(unfinished, holds=f"no: {causes(error)}")
        current.note(line.holds)
    return msgspec.structs.replace(line, seconds=round(time.monotonic() - began, 1))


def _now_and_then(say: Say) -> Say:
    """Pass on what is said, but not more often than a person reads."""
    last = time.monotonic()

    def some(text: str) -> None:
        nonlocal last
        if time.monotonic() - last >= NOTE_SECONDS:
            last = time.monotonic()
            say(text)

    return some


if __name__ == "__main__":
    main()
