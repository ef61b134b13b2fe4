"""One trace from the gateway to the upsert, told by the real processes to a real OTLP receiver; and logs and metrics with it."""

import asyncio
import json
import secrets
from collections.abc import Iterator

import aiohttp
import pytest

from caixa_comum.telemetry import make_traceparent
from tests.cluster.shop import opened
from tests.integration.insight.loaded import Loaded
from tests.integration.insight.receiver import Receiver, Span
from tests.integration.insight.test_metrics import documented
from tests.local.services import NAMES
from tests.local.waiting import eventually

SERVER, CLIENT, PRODUCER, CONSUMER = 2, 3, 4, 5  # opentelemetry.proto.trace.v1.Span.SpanKind
PATH = [
    ("caixa-gateway", "POST /api/v1/lancamentos", SERVER),
    ("caixa-gateway", "POST", CLIENT),
    ("caixa-fluxo-api", "POST /api/v1/lancamentos", SERVER),
    ("caixa-fluxo-relay", "send caixa.eventos", PRODUCER),
    ("caixa-saldo-consumer", "process saldo.eventos", CONSUMER),
    ("caixa-saldo-consumer", "INSERT saldo_diario", CLIENT),
]
"""Each is the parent of the next."""


async def post(loaded: Loaded, headers: dict[str, str]) -> None:
    """Post one entry through the gateway."""
    async with opened(loaded.platform.gateway, loaded.admin) as shop:
        token = await shop.token(loaded.merchants[0].credentials)
    sent = {"Authorization": f"Bearer {token}", "Idempotency-Key": secrets.token_hex(8), **headers}
    async with (
        aiohttp.ClientSession(loaded.platform.gateway) as session,
        session.post("/api/v1/lancamentos", json={"tipo": "credito", "valor": 1}, headers=sent) as answer,
    ):
        assert answer.status == 201, await answer.text()


async def until_upserted(receiver: Receiver, trace: str) -> None:
    """Wait until the trace's spans have arrived: five processes send theirs when each likes."""

    async def there() -> bool:
        arrived = {(one.service, one.name, one.kind) for one in list(receiver.spans) if one.trace == trace}
        return arrived >= set(PATH)

    await eventually("every process's spans arrive", there, seconds=60)


def path_from(receiver: Receiver, first: Span) -> Iterator[Span]:
    """Follow a span to its descendants along PATH, by their parents' ids alone."""
    yield first
    for wanted in PATH[1:]:
        found = [one for one in receiver.spans if (one.trace, one.parent) == (first.trace, first.id)]
        below = [one for one in found if (one.service, one.name, one.kind) == wanted]
        assert below, f"no {wanted} below {first}: {found}"
        first = below[0]
        yield first


@pytest.fixture
async def traced(loaded: Loaded, receiver: Receiver) -> str:
    """Give the traceparent of a client whose entry is in the balance, its spans all received."""
    traceparent = make_traceparent()
    await post(loaded, {"traceparent": traceparent})
    await until_upserted(receiver, traceparent[3:35])
    return traceparent


async def test_a_clients_trace_goes_on_unbroken_to_the_upsert(receiver: Receiver, traced: str) -> None:
    """Gateway, fluxo, relay, consumer and upsert are one chain of parents below the client's own span."""
    first = next(one for one in receiver.spans if (one.trace, one.parent) == (traced[3:35], traced[36:52]))
    path = list(path_from(receiver, first))
    assert [(one.service, one.name, one.kind) for one in path] == PATH
    assert path[2].attributes["http.response.status_code"] == "201"
    assert path[3].attributes["messaging.message.id"] == path[4].attributes["messaging.message.id"]
    assert not any(one.failed for one in path)


async def test_a_request_without_a_trace_begins_one(loaded: Loaded, receiver: Receiver) -> None:
    """The gateway's span is the root, and all that follows is below it."""
    known = {one.trace for one in receiver.spans}
    await post(loaded, {})

    def roots() -> list[Span]:
        return [one for one in list(receiver.spans) if one.trace not in known and (one.service, one.name) == PATH[0][:2] and not one.parent]

    async def begun() -> bool:
        return bool(roots())

    await eventually("the gateway's span arrives", begun, seconds=60)
    await until_upserted(receiver, roots()[0].trace)
    assert [one.name for one in path_from(receiver, roots()[0])] == [name for _, name, _ in PATH]


async def test_a_batch_links_to_the_messages_that_it_took(receiver: Receiver, traced: str) -> None:
    """The consumer's and the relay's batches have traces of their own, linked with each message's, as OpenTelemetry has it."""
    of_trace = {one.name: one for one in receiver.spans if one.trace == traced[3:35]}
    sent, processed = of_trace["send caixa.eventos"], of_trace["process saldo.eventos"]

    async def batches() -> bool:
        return {link[1] for link in (*sent.links, *processed.links)} <= {one.id for one in list(receiver.spans)}

    await eventually("the batches' spans arrive", batches, seconds=30)
    by_id = {one.id: one for one in receiver.spans}
    received, relayed = by_id[processed.links[0][1]], by_id[sent.links[0][1]]
    assert (received.name, relayed.name) == ("receive saldo.eventos", "relay outbox")
    assert (sent.trace, sent.id) in received.links
    assert received.trace not in (traced[3:35], relayed.trace)


async def test_what_is_refused_is_told_as_failed(loaded: Loaded, receiver: Receiver) -> None:
    """A message that cannot be applied ends as a failed span, with the reason in quarantine."""
    assert loaded.merchants  # the load sent one message that is no event

    async def failed() -> bool:
        return any(one.name == "process saldo.eventos" and one.failed for one in list(receiver.spans))

    await eventually("the failed span arrives", failed, seconds=30)


@pytest.mark.parametrize("process", ["gateway", "fluxo-api", "fluxo-relay", "saldo-consumer"])
async def test_lines_of_the_log_name_their_trace(loaded: Loaded, receiver: Receiver, traced: str, process: str) -> None:
    """One canonical line per request and per batch, on standard output and over OTLP, with ids of spans that were exported."""
    event = "request" if process in ("gateway", "fluxo-api") else "batch"
    lines = [json.loads(line) for line in loaded.platform.one(process).process.log.read_text().splitlines()]
    canonical = [line for line in lines if line["event"] == event]
    assert canonical
    assert all(len(line["trace_id"]) == 32 and len(line["span_id"]) == 16 for line in canonical)
    if event == "request":
        assert [line["status"] for line in canonical if line["trace_id"] == traced[3:35]] == [201]
    last = canonical[-1]

    async def exported() -> bool:
        logs = {(one.trace, one.span) for one in list(receiver.logs) if one.service == f"caixa-{process}" and one.body == event}
        spans = {(one.trace, one.id) for one in list(receiver.spans)}
        return (last["trace_id"], last["span_id"]) in logs & spans

    await eventually("the line arrives over OTLP, and its span", exported, seconds=30)


@pytest.mark.parametrize("process", NAMES)
async def test_metrics_are_exported_under_the_names_of_the_page(loaded: Loaded, receiver: Receiver, process: str) -> None:
    """What Prometheus scrapes and what OTLP carries are the same, by the same names."""
    assert loaded.platform.one(process).process.alive()

    async def arrived() -> bool:
        return documented()[process].keys() <= receiver.metrics.get(f"caixa-{process}", set())

    await eventually("the metrics arrive", arrived, seconds=30)


async def test_a_receiver_that_is_away_costs_no_request(loaded: Loaded, receiver: Receiver) -> None:
    """Entries are answered and applied while nobody takes what is exported; afterwards exporting goes on."""
    receiver.refusing = True
    try:
        await asyncio.gather(*(post(loaded, {}) for _ in range(5)))
    finally:
        receiver.refusing = False
    traceparent = make_traceparent()
    await post(loaded, {"traceparent": traceparent})
    await until_upserted(receiver, traceparent[3:35])
