"""The whole platform as processes, loaded a little, with somebody who looks; its servers are its own, for others use the shared ones."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.integration.insight.loaded import Loaded, load
from tests.integration.insight.receiver import Receiver, receiving
from tests.local.broker import broker
from tests.local.database import database
from tests.local.platform import platform
from tests.local.services import Wiring, new_identity


@pytest.fixture(scope="package")
def receiver() -> Iterator[Receiver]:
    """Give an OTLP receiver."""
    with receiving() as made:
        yield made


@pytest.fixture(scope="package")
def loaded(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Loaded]:
    """Give the five processes, which export to the receiver, after some hundred requests of every kind."""
    folder = tmp_path_factory.mktemp("insight")
    told = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_METRIC_EXPORT_INTERVAL": "1000",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "OTEL_BLRP_SCHEDULE_DELAY": "200",
    }
    with database(tmp_path_factory.mktemp("mysql")) as mysql, broker(tmp_path_factory.mktemp("rabbit")) as rabbit:
        wiring = Wiring(mysql.address, rabbit.address, new_identity(folder), more=told)
        with platform(wiring, folder) as running:
            running.start()
            made = Loaded(running, mysql, rabbit)
            asyncio.run(load(made))
            yield made
