"""`make load`: finds what runs here and starts Locust on it, without a page unless one is asked for.

python locust/run.py [--rate ENTRIES_A_SECOND] [--seconds N] [--ui yes] [-- more of Locust's own options]
"""

import argparse
import os
import sys
from pathlib import Path

from load.gateway import Gateway
from load.pace import merchants_for
from load.target import NoTarget, Target, candidates

FOLDER = Path(__file__).resolve().parent
ROOT = FOLDER.parent
PORT = 8089


def main(argv: list[str]) -> None:
    """Replace this process by Locust, or exit with 2 and the reason."""
    parser = argparse.ArgumentParser(prog="make load", description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="entries a second; a balance is read besides every five (default 50)")
    parser.add_argument("--seconds", type=float, default=30.0, help="how long (default 30)")
    parser.add_argument("--ui", default="", help=f"anything but nothing: Locust's page on http://127.0.0.1:{PORT}")
    arguments, more = parser.parse_known_args(argv)
    if arguments.rate <= 0 or arguments.seconds < 1:
        parser.error("RATE must be above 0 and SECONDS at least 1")
    try:
        target = answering(candidates(os.environ, ROOT / ".caixa"))
    except NoTarget as error:
        parser.exit(2, f"✗ {error}\n")
    users = merchants_for(arguments.rate)
    shown = f"{arguments.rate:g} entries/s for {arguments.seconds:g} s from {users} merchants to {target.gateway}"
    print(f"▸ {shown}; a balance is read besides every fifth", flush=True)
    environ = {**os.environ, "GATEWAY": target.gateway, "ADMIN_ID": target.admin.client_id, "ADMIN_SECRET": target.admin.client_secret}
    os.chdir(ROOT)
    page = ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(PORT)] if arguments.ui else ["--headless", "--only-summary"]
    shape = ["--users", str(users), "--spawn-rate", str(users), "--run-time", f"{arguments.seconds:g}s", "--rate", f"{arguments.rate:g}"]
    locust = [sys.executable, "-m", "locust", "--locustfile", str(FOLDER / "locustfile.py"), "--loglevel", "WARNING", *page, *shape, *more]
    os.execve(sys.executable, locust, environ)  # noqa: S606 (no shell, and nothing but our own words)


def answering(targets: list[Target]) -> Target:
    """Return the first that answers. Raises NoTarget."""
    for target in targets:
        if Gateway(target.gateway).send("GET", "/.well-known/jwks.json", {}).status:
            return target
    raise NoTarget(f"nothing answers at {', '.join(target.gateway for target in targets)}: `make demo` or `make up` first")


if __name__ == "__main__":
    main(sys.argv[1:])
