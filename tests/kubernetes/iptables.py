"""The packet filter's chains that Kubernetes and CNI make, and taking them away without touching anybody else's."""

import re
import shutil

from tests.provision.command import run

COMMANDS = ("iptables", "ip6tables")
OURS = re.compile(r"^(KUBE-|CNI-)")


def chains(saved: str) -> list[str]:
    """Name the chains of ours in what iptables-save printed, as table/CHAIN."""
    return [f"{table}/{chain}" for table, chain in _declared(saved)]


def removal(saved: str) -> str:
    """Return what iptables-restore --noflush is to read so that our chains, and every rule that jumps to one, are gone.

    Other rules stay as they are. Empty when there is nothing of ours.
    """
    lines: list[str] = []
    for table in dict.fromkeys(table for table, _ in _declared(saved)):
        ours = [chain for its, chain in _declared(saved) if its == table]
        jumps = [line for its, line in _rules(saved) if its == table and _chain(line) not in ours and _target(line) in ours]
        lines.append(f"*{table}")
        lines += [line.replace("-A ", "-D ", 1) for line in jumps]
        lines += [f"-F {chain}" for chain in ours] + [f"-X {chain}" for chain in ours]
        lines.append("COMMIT")
    return "".join(f"{line}\n" for line in lines)


def left() -> list[str]:
    """List our chains that are there now."""
    return [f"{command} {chain}" for command in _available() for chain in chains(run([f"{command}-save"]))]


def remove() -> None:
    """Take our chains away."""
    for command in _available():
        if text := removal(run([f"{command}-save"])):
            run([f"{command}-restore", "--noflush"], stdin=text)


def _available() -> list[str]:
    return [command for command in COMMANDS if shutil.which(f"{command}-save")]


def _declared(saved: str) -> list[tuple[str, str]]:
    found, table = [], ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith(":") and OURS.match(chain := line[1:].split()[0]):
            found.append((table, chain))
    return found


def _rules(saved: str) -> list[tuple[str, str]]:
    found, table = [], ""
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        elif line.startswith("-A "):
            found.append((table, line))
    return found


def _chain(rule: str) -> str:
    return rule.split()[1]


def _target(rule: str) -> str:
    found = re.search(r" (?:-j|-g) (\S+)", rule)
    return found[1] if found else ""
