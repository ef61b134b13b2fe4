"""The native load generator: wrk, from Debian's packages, with a script that gives every request a key of its own."""

import json
import secrets
from pathlib import Path

import msgspec

from tests.provision.command import run

CONNECTIONS = 64

_SCRIPT = """
local thread_number = 0
function setup(thread) thread:set("id", thread_number); thread_number = thread_number + 1 end
function init(args) count = 0 end
function request()
  count = count + 1
  local headers = {["Content-Type"] = "application/json", ["Authorization"] = "Bearer %(token)s",
                   ["Idempotency-Key"] = "%(run)s-" .. id .. "-" .. count}
  return wrk.format("POST", "/api/v1/lancamentos", headers, '{"tipo": "credito", "valor": 1, "descricao": "venda no balcão"}')
end
function done(summary, latency, requests)
  io.write(string.format('\\n{"requests": %%d, "microseconds": %%d, "refused": %%d, "broken": %%d}\\n', summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


class Run(msgspec.Struct, frozen=True):
    """What wrk counted."""

    requests: int
    microseconds: int
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / (self.microseconds / 1e6)


def posts(port: int, token: str, seconds: float, folder: Path) -> float:
    """Post entries as fast as they are answered and give the rate. Raises RuntimeError when any was refused or broken."""
    script = folder / "post.lua"
    script.write_text(_SCRIPT % {"token": token, "run": secrets.token_hex(8)})
    script.chmod(0o600)  # it holds a token
    argv = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds:.0f}s", "--script", str(script)]
    printed = run([*argv, f"http://127.0.0.1:{port}"], timeout=seconds + 60)
    counted = msgspec.convert(json.loads(printed.strip().splitlines()[-1]), Run)
    if counted.refused or counted.broken:
        raise RuntimeError(f"wrk counted {counted.refused} refused and {counted.broken} broken requests of {counted.requests}")
    return counted.rate
