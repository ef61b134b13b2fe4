"""A real token issuer for tests: signs tokens, publishes its keys over HTTP, and can go away and come back."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from uuid import UUID, uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from caixa_comum.settings import TokenSettings

AUDIENCE = "caixa"


class Issuer:
    """Signs with one RSA key; `requests` counts how often its keys were asked for."""

    def __init__(self) -> None:
        """Make the key and begin to publish it on a free port of 127.0.0.1."""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.kid = "teste-1"
        self.requests = 0
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.start()

    @property
    def url(self) -> str:
        """Where it listens; also the `iss` of its tokens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Begin to answer, on the same port as before if it ran before."""
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests += 1
                body = json.dumps(issuer.discovery() if self.path.endswith("/openid-configuration") else issuer.jwks()).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the parent's own name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Go away; `start` brings it back on the same port."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def jwks(self) -> dict[str, Any]:  # Any: JSON
        """Give the public key as a JWKS."""
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**key, "kid": self.kid, "use": "sig", "alg": "RS256"}]}

    def discovery(self) -> dict[str, Any]:  # Any: JSON
        """Give the discovery document; its keys are at a path of the issuer's own choice."""
        return {"issuer": self.url, "jwks_uri": f"{self.url}/chaves"}

    def token(
        self,
        sub: UUID | str | None = None,
        *,
        fuso: str = "America/Sao_Paulo",
        scope: str = "lancamentos saldos",
        headers: dict[str, Any] | None = None,  # Any: JSON
        **overrides: Any,  # Any: a claim of a test's choice; None leaves it out
    ) -> str:
        """Sign a token of 15 minutes for the merchant `sub` (a new one by default)."""
        now = int(time.time())
        subject = str(sub or uuid4())
        claims = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "exp": now + 900,
            "iat": now,
            "nbf": now,
            "jti": str(uuid4()),
            "scope": scope,
            "fuso": fuso,
            "client_id": f"cliente-{subject}",
        } | overrides
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.kid, **(headers or {})})

    def settings(self) -> TokenSettings:
        """Give what a service needs to accept its tokens."""
        return TokenSettings(token_issuer=self.url, token_audience=AUDIENCE, jwks_url=f"{self.url}/.well-known/jwks.json")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
