"""How busy the process's connections to its database are, read from the pools themselves whenever somebody scrapes."""

import weakref
from collections.abc import Iterable
from typing import Final

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import Engine, QueuePool

SIZE: Final = "caixa_database_pool_size"
IN_USE: Final = "caixa_database_pool_in_use"


class Pools(Collector):
    """The pools of the engines that live, by schema; an engine that is gone is forgotten by itself."""

    def __init__(self) -> None:
        self._engines: weakref.WeakSet[Engine] = weakref.WeakSet()

    def watch(self, engine: Engine) -> None:
        """Tell of this engine's pool from now on."""
        self._engines.add(engine)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Give both gauges, each with one sample per schema."""
        size: dict[str, int] = {}
        in_use: dict[str, int] = {}
        for engine in list(self._engines):
            if isinstance(pool := engine.pool, QueuePool):
                schema = engine.url.database or ""
                size[schema] = size.get(schema, 0) + pool.size()
                in_use[schema] = in_use.get(schema, 0) + pool.checkedout()
        yield _family(SIZE, "Connections to the database that the process may have at once.", size)
        yield _family(IN_USE, "Connections to the database that are lent out now.", in_use)


def _family(name: str, text: str, by_schema: dict[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=["schema"])
    for schema, value in sorted(by_schema.items()):
        family.add_metric([schema], value)
    return family


POOLS: Final = Pools()
REGISTRY.register(POOLS)
