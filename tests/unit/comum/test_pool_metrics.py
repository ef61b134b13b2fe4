"""What is told of the pools of connections is what they are: lent out, given back, forgotten."""

import gc

from sqlalchemy import QueuePool, create_engine

from caixa_comum.pool_metrics import IN_USE, SIZE, Pools


def figures(pools: Pools) -> dict[tuple[str, str], float]:
    """Return each sample by name and schema."""
    return {(one.name, one.labels["schema"]): one.value for family in pools.collect() for one in family.samples}


def test_connections_lent_out_are_counted_by_schema() -> None:
    """Two engines of one schema add up, and what is given back counts no more."""
    pools = Pools()
    engines = [create_engine("sqlite://", poolclass=QueuePool, pool_size=3) for _ in range(2)]
    for engine in engines:
        pools.watch(engine)
    with engines[0].connect(), engines[1].connect():
        assert figures(pools) == {(SIZE, ""): 6, (IN_USE, ""): 2}
    assert figures(pools)[IN_USE, ""] == 0


def test_an_engine_that_is_gone_is_forgotten() -> None:
    """Nothing is told of engines that nobody holds."""
    pools = Pools()
    pools.watch(create_engine("sqlite://", poolclass=QueuePool))
    gc.collect()
    assert figures(pools) == {}
