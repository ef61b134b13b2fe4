"""The load's merchants: registered by the administrator, signed in with tokens that are renewed in time."""

import base64
import time
from collections.abc import Mapping
from http import HTTPStatus
from uuid import uuid4

import msgspec

from load.gateway import Answer, Gateway
from load.target import Credentials

BEFORE_EXPIRY_SECONDS = 60.0
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Refused(RuntimeError):
    """The gateway did not do what the load needs before it can begin; the message holds its answer."""


class Client:
    """Someone who signs in at the gateway."""

    def __init__(self, gateway: Gateway, credentials: Credentials) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._token = ""
        self._renew_at = 0.0

    def authorization(self) -> Mapping[str, str]:
        """Return the header that carries a token good for another minute. Raises Refused."""
        if time.monotonic() > self._renew_at:
            pair = f"{self._credentials.client_id}:{self._credentials.client_secret}".encode()
            basic = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
            answer = self._gateway.patiently("POST", "/oauth/token", FORM | basic, b"grant_type=client_credentials")
            granted = expect(HTTPStatus.OK, "POST /oauth/token", answer).json()
            self._token = granted["access_token"]
            self._renew_at = time.monotonic() + float(granted["expires_in"]) - BEFORE_EXPIRY_SECONDS
        return {"Authorization": f"Bearer {self._token}"}


class Merchant(Client):
    """A merchant of this run; nobody else posts for it, so that its balance must be the sum of what the load posted."""

    def __init__(self, gateway: Gateway, credentials: Credentials, name: str) -> None:
        super().__init__(gateway, credentials)
        self.name = name

    def post(self, key: str, entry: bytes) -> Answer:
        """Post an entry once."""
        return self._gateway.send("POST", "/api/v1/lancamentos", {**self.authorization(), **JSON, "Idempotency-Key": key}, entry)

    def read(self, path: str, *, patient: bool = True) -> Answer:
        """Read something of the merchant's below /api/v1, again where the answer may pass."""
        send = self._gateway.patiently if patient else self._gateway.send
        return send("GET", f"/api/v1{path}", self.authorization())


def register(gateway: Gateway, admin: Client, name: str) -> Merchant:
    """Register a merchant. Raises Refused."""
    body = msgspec.json.encode({"nome": f"{name} {uuid4().hex[:8]}", "fuso": "America/Sao_Paulo"})
    answer = gateway.send("POST", "/api/v1/comerciantes", {**admin.authorization(), **JSON}, body)
    credentials = msgspec.json.decode(expect(HTTPStatus.CREATED, "POST /api/v1/comerciantes", answer).body, type=Credentials)
    return Merchant(gateway, credentials, name)


def expect(status: HTTPStatus, what: str, answer: Answer) -> Answer:
    """Return the answer if it has the status. Raises Refused with what was said."""
    if answer.status != status:
        raise Refused(f"{what}: {answer.status or 'no answer'} {answer.body[:500].decode(errors='replace')}")
    return answer
