"""HTTP to the gateway: an answer always comes back as a value, and no answer is one of them."""

from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPException
from typing import Any

import gevent
import msgspec
from geventhttpclient import HTTPClient
from geventhttpclient.response import HTTPParseError, HTTPSocketResponse

CONNECTIONS = 256
TIMEOUT_SECONDS = 30.0
MAX_PAUSE_SECONDS = 5.0


class Answer(msgspec.Struct, frozen=True):
    """What came back: 0 and a reason where nothing did."""

    status: int
    body: bytes = b""
    retry_after: float = 0.0

    def json(self) -> Any:
        """Decode the body."""
        return msgspec.json.decode(self.body)

    @property
    def worth_repeating(self) -> bool:
        """Whether the same request may be answered otherwise soon: no answer, too many, in flight elsewhere, or the server's fault."""
        passing = {0, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.CONFLICT}
        return self.status in passing or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR


class Gateway:
    """One gateway, with connections that are kept open, for any number of greenlets."""

    def __init__(self, url: str) -> None:
        # A POST is never repeated by the client below: that is this program's own decision, and counted.
        self._client = HTTPClient.from_url(
            url, concurrency=CONNECTIONS, connection_timeout=TIMEOUT_SECONDS, network_timeout=TIMEOUT_SECONDS
        )

    def send(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send one request and return the answer, whatever its status."""
        try:
            response = self._client.request(method, path, body, dict(headers))
            with response:
                content = bytes(response.read())
        except (OSError, HTTPException, HTTPParseError) as error:
            return Answer(0, repr(error).encode())
        return Answer(response.get_code(), content, _pause(response))

    def patiently(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"", *, times: int = 20) -> Answer:
        """Send a request that may be repeated until its answer is worth keeping, at most so many times."""
        for attempt in range(times):
            answer = self.send(method, path, headers, body)
            if not answer.worth_repeating:
                break
            gevent.sleep(answer.retry_after or min(MAX_PAUSE_SECONDS, 0.1 * 2**attempt))
        return answer


def _pause(response: HTTPSocketResponse) -> float:
    retry_after = response.get("retry-after")
    seconds = float(retry_after) if isinstance(retry_after, str) and retry_after.isdigit() else 0.0
    return min(seconds, MAX_PAUSE_SECONDS)
