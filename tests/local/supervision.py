"""Supervisor's configuration, and its remote control: it restarts what dies, and all that it started dies with it."""

import shlex
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.local.process import bound_to_parent


@dataclass(frozen=True)
class Control:
    """Where supervisor is told what to do: on 127.0.0.1, by password."""

    port: int
    password: str = field(repr=False)

    def connect(self) -> Any:
        """Return a proxy of supervisor's API (supervisord.org/api.html)."""
        return xmlrpc.client.ServerProxy(f"http://caixa:{self.password}@127.0.0.1:{self.port}/RPC2").supervisor


@dataclass(frozen=True)
class Supervised:
    """A program that supervisor keeps alive."""

    name: str
    argv: Sequence[str]
    environ: Mapping[str, str] = field(repr=False)
    group: str
    at_once: bool
    """Whether it is started with supervisor, or later, by name."""
    orderly: bool = True
    """Whether the program is to end by itself (SIGTERM); else it is killed, as befits a server whose data goes too."""


def configuration(folder: Path, control: Control, programs: Sequence[Supervised], *, as_root: bool) -> str:
    """Render supervisord.conf; it holds the programs' secrets, so its file must be private."""
    groups: dict[str, list[str]] = {}
    for program in programs:
        groups.setdefault(program.group, []).append(program.name)
    sections = [
        _section(
            "supervisord",
            nodaemon="true",
            logfile=folder / "supervisord.log",
            pidfile=folder / "supervisord.pid",
            childlogdir=folder,
            **({"user": "root"} if as_root else {}),
        ),
        _section("inet_http_server", port=f"127.0.0.1:{control.port}", username="caixa", password=control.password),
        _section("rpcinterface:supervisor", **{"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}),
        *(_program(folder, program) for program in programs),
        *(_section(f"group:{group}", programs=",".join(names), priority=rank) for rank, (group, names) in enumerate(groups.items(), 1)),
    ]
    return "\n".join(sections)


def _program(folder: Path, program: Supervised) -> str:
    ending = {"stopsignal": "TERM", "stopwaitsecs": 30} if program.orderly else {"stopsignal": "KILL"}
    return _section(
        f"program:{program.name}",
        command=shlex.join(bound_to_parent(program.argv)),
        directory=folder,
        environment=",".join(f'{name}="{value}"' for name, value in program.environ.items()),
        autostart=str(program.at_once).lower(),
        autorestart="true",
        startsecs=1,
        startretries=1_000_000,
        killasgroup="true",
        redirect_stderr="true",
        stdout_logfile=folder / f"{program.name}.log",
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups=1,
        **ending,
    )


def _section(title: str, **settings: object) -> str:
    """Render one section; a per cent sign begins an expansion in supervisor's files and is doubled."""
    lines = [f"{name} = {str(value).replace('%', '%%')}" for name, value in settings.items()]
    return "\n".join([f"[{title}]", *lines, ""])
