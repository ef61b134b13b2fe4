"""The platform on this machine: `python -m tests.local up|down|status`, as `make up` and `make down` call it."""

import argparse
import sys
from pathlib import Path

from tests.local.layout import DEFAULT_ROOT, Layout
from tests.local.notes import Notes
from tests.local.status import table
from tests.local.up import StartFailed, bring_up, is_running, take_down
from tests.provision.command import CommandFailed
from tests.provision.debian import CannotInstall
from tests.provision.lock import held
from tests.provision.progress import step


def main(argv: list[str] | None = None) -> int:
    """Do what the command line says and return the exit status: 1, with the reason on standard error, when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m tests.local", description=__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--root", type=Path, default=DEFAULT_ROOT, help="where up.json and the servers' folders go (default: .caixa)")
    arguments = parser.parse_args(argv)
    layout = Layout(arguments.root.resolve())
    return {"up": _up, "down": _down, "status": _status}[arguments.action](layout)


def _up(layout: Layout) -> int:
    with held(layout.lock):
        if found := is_running(layout):
            print("It runs already (`make down` ends it).")
            print(invitation(found, layout))
            return 0
        take_down(layout)  # what an earlier run that was killed may have left
        try:
            found = bring_up(layout)
        except CannotInstall as error:
            print(f"✗ {error}\n  With Docker: docker compose up. With a Kubernetes cluster: make demo CONTEXT=…", file=sys.stderr)
            return 1
        except (StartFailed, CommandFailed) as error:
            print(f"✗ {error}\n  All logs: {layout.up}; `make down` ends what is left.", file=sys.stderr)
            return 1
    print(invitation(found, layout))
    return 0


def _down(layout: Layout) -> int:
    with held(layout.lock), step("ending what `make up` started"):
        take_down(layout)
    layout.lock.unlink(missing_ok=True)
    return 0


def _status(layout: Layout) -> int:
    print("\n".join(table(layout)))
    return 0 if is_running(layout) else 1


def invitation(found: Notes, layout: Layout) -> str:
    """Say where the platform is and what to do next, with commands that work as they stand."""
    notes = layout.notes
    return f"""
Caixa serves at {found.gateway} (in a browser: the merchant's page)
Sign in there as  {found.merchant.client_id}  with the secret  {found.merchant.client_secret}
The same, and the administrator's credentials: {notes}

  GATEWAY={found.gateway}
  merchant() {{ jq -r .merchant.$1 {notes}; }}
  TOKEN=$(curl -sS -u "$(merchant client_id):$(merchant client_secret)" -d grant_type=client_credentials \\
          $GATEWAY/oauth/token | jq -r .access_token)
  curl -sS $GATEWAY/api/v1/lancamentos -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $(date +%s%N)" \\
       -H "Content-Type: application/json" -d '{{"tipo": "credito", "valor": 12345, "descricao": "venda no balcão"}}'
  curl -sS $GATEWAY/api/v1/saldos/atual -H "Authorization: Bearer $TOKEN"

Every call: docs/api.md · how it is: .venv/bin/python -m tests.local status · end it: make down
"""


if __name__ == "__main__":
    sys.exit(main())
