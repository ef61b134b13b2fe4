"""The tests' Docker daemon and Compose: what they are, before anything runs."""

from pathlib import Path

from tests.compose import daemon
from tests.compose.binary import version


def test_the_daemon_shares_nothing_with_one_of_the_systems() -> None:
    """Every folder and socket is its own, and so are its network, mounts and processes; it listens on a socket of this machine only."""
    words = [str(word) for word in daemon.command("overlay2")]
    before, after = words[: words.index("dockerd")], words[words.index("dockerd") :]
    assert {"--net", "--mount", "--pid", "--kill-child"} <= set(before)
    assert [word for word in after if word.startswith("--host")] == [f"--host=unix://{daemon.SOCKET}"]
    for option in ("--data-root", "--exec-root", "--pidfile", "--config-file"):
        assert [word for word in after if word.startswith((f"{option}={daemon.RUN}", f"{option}={daemon.DATA}"))]


def test_the_version_of_compose_is_what_its_go_mod_names(tmp_path: Path) -> None:
    """The line of the module itself is read, neither the tool's nor a neighbour's."""
    (tmp_path / "go.mod").write_text(
        "module example\n\ntool github.com/docker/compose/v2/cmd\n\nrequire (\n"
        "\tgithub.com/compose-spec/compose-go/v2 v2.9.1 // indirect\n\tgithub.com/docker/compose/v2 v2.40.3 // indirect\n)\n"
    )
    assert version(tmp_path) == "v2.40.3"
