"""`python -m tests.local status`: what runs, since when, and whether each process is ready."""

import xmlrpc.client
from collections.abc import Mapping
from typing import Any

from tests.local import notes
from tests.local.layout import Layout
from tests.local.platform import readiness
from tests.local.supervision import Control


def table(layout: Layout) -> list[str]:
    """Return a line for each process; one line that says so when nothing runs."""
    state = notes.read_state(layout.state)
    if state is None:
        return ["nothing runs; start it with: make up"]
    try:
        processes = Control(state.control_port, state.control_password).connect().getAllProcessInfo()
    except (OSError, xmlrpc.client.Error) as error:
        return [f"supervisor does not answer ({error}); end what is left with: make down"]
    return [line(process, state.management_ports.get(process["name"])) for process in processes]


def line(process: Mapping[str, Any], management_port: int | None) -> str:
    """Say of one process (supervisor's getProcessInfo) how it is; `management_port` is None for servers."""
    ready = ""
    if management_port is not None:
        status, checks = readiness(management_port)
        ready = "ready" if status == 200 else f"not ready: {checks or 'no answer'}"
    return f"{process['name']:<15} {process['statename']:<9} {process['description']:<32} {ready}".rstrip()
