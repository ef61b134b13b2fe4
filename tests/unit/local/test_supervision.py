"""Supervisor's configuration, read back by supervisor itself."""

from pathlib import Path
from typing import Any

from supervisor.options import ServerOptions

from tests.local.supervision import Control, Supervised, configuration

PROGRAMS = [
    Supervised("mysql", ["/usr/sbin/mariadbd", "--port=1"], {"PATH": "/bin"}, "servers", at_once=True, orderly=False),
    Supervised("gateway", ["/bin/echo", "a b"], {"CAIXA_LOG_LEVEL": "100%, or so"}, "services", at_once=False),
]


def written(folder: Path) -> Any:
    """Return supervisor's own reading of the configuration."""
    path = folder / "supervisord.conf"
    path.write_text(configuration(folder, Control(1234, "secret"), PROGRAMS, as_root=False))
    options: Any = ServerOptions()  # type: ignore[no-untyped-call] # supervisor has no types
    options.realize(["--configuration", str(path)])
    return options


def test_servers_start_with_supervisor_and_services_when_told(tmp_path: Path) -> None:
    """Caixa's own processes wait for the migrations; both groups are restarted when they die."""
    programs = {config.name: config for group in written(tmp_path).process_group_configs for config in group.process_configs}
    assert (programs["mysql"].autostart, programs["gateway"].autostart) == (True, False)
    assert all(config.autorestart for config in programs.values())


def test_supervisor_reads_every_value_as_it_was_meant(tmp_path: Path) -> None:
    """Commas and per cent signs in a variable, and blanks in an argument, survive supervisor's own syntax."""
    [gateway] = [
        config for group in written(tmp_path).process_group_configs for config in group.process_configs if config.name == "gateway"
    ]
    assert gateway.environment == {"CAIXA_LOG_LEVEL": "100%, or so"}
    assert gateway.command.endswith("-- /bin/echo 'a b'")


def test_the_services_end_before_the_servers(tmp_path: Path) -> None:
    """Supervisor stops groups in falling order of priority."""
    priorities = {group.name: group.priority for group in written(tmp_path).process_group_configs}
    assert priorities["services"] > priorities["servers"]
