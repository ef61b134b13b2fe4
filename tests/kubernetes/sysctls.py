"""Kernel settings that the components change: noted before, put back after."""

import json
from pathlib import Path

ROOT = Path("/proc/sys")
CHANGED = (
    "net/ipv4/ip_forward",
    "net/ipv4/icmp_ratelimit",
    "net/ipv4/conf/all/route_localnet",
    "net/bridge/bridge-nf-call-iptables",
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
)
NEEDED = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/ipv4/icmp_ratelimit": "0",  # policies refuse by ICMP, and every refusal is to be told
}


def prepare(notes: Path) -> None:
    """Note the settings as they are, unless an earlier note waits to be put back, and set those that the network needs."""
    if not notes.exists():
        found = {name: (ROOT / name).read_text().strip() for name in CHANGED if (ROOT / name).exists()}
        notes.parent.mkdir(parents=True, exist_ok=True)
        notes.write_text(json.dumps(found))
    _write(NEEDED)


def restore(notes: Path) -> None:
    """Put the noted settings back and forget the note."""
    if notes.exists():
        _write(json.loads(notes.read_text()))
        notes.unlink()


def _write(values: dict[str, str]) -> None:
    for name, value in values.items():
        path = ROOT / name
        if path.exists() and path.read_text().strip() != value:
            path.write_text(value)
