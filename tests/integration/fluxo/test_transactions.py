"""The transactions of the write path themselves: who fails alone, who is tried again, and when that ends."""

import asyncio
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from caixa_comum.database import create_engine
from caixa_comum.dominio import Tipo
from caixa_comum.identifiers import uuid7
from caixa_fluxo.lancamento import Registro
from caixa_fluxo.outbox_repository import COUNTED, backlog
from caixa_fluxo.own_transaction import committed
from caixa_fluxo.registrar import registration
from caixa_fluxo.registration import AlreadyReversed, Answer, Claim, KeyReused, ReferenceTaken, Registration
from caixa_fluxo.registration_repository import insert_claim
from caixa_fluxo.registration_writer import ATTEMPTS, RegistrationWriter, Unavailable
from caixa_fluxo.tables import lancamento, outbox
from tests.integration.fluxo.conftest import SCHEMA
from tests.integration.fluxo.locks import waiting
from tests.local.database import Database

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def wanted(comerciante_id: UUID, chave: str | None = None, **fields: object) -> Registration:
    """Give the registration of an entry of R$ 1,00 with these fields, whatever the rules say of them."""
    plain = Registro(
        id=uuid7(),
        comerciante_id=comerciante_id,
        tipo=Tipo.CREDITO,
        valor=100,
        moeda="BRL",
        data=date(2024, 3, 1),
        ocorrido_em=None,
        registrado_em=NOW,
        descricao=None,
        referencia_externa=None,
        metadados={},
    )
    registro = msgspec.structs.replace(plain, **fields)
    return registration(registro, chave=chave or str(uuid4()), impressao=registro.id.bytes * 2, traceparent=None)


async def entries(engine: AsyncEngine, comerciante_id: UUID) -> int:
    """Count the merchant's entries."""
    async with engine.connect() as connection:
        statement = select(func.count()).select_from(lancamento).where(lancamento.c.comerciante_id == comerciante_id)
        return int((await connection.execute(statement)).scalar_one())


async def test_what_the_database_refuses_fails_alone(engine: AsyncEngine) -> None:
    """A row that no rule should have let through costs its neighbours in the batch nothing."""
    merchant = uuid4()
    batch = [wanted(merchant), wanted(merchant, descricao="x" * 141), wanted(merchant), wanted(merchant, valor=2**63)]
    outcomes = await RegistrationWriter(engine).write(batch)
    assert [type(one) for one in outcomes] == [Answer, DataError, Answer, DataError]
    assert await entries(engine, merchant) == 2


async def test_one_batch_may_contradict_itself(engine: AsyncEngine) -> None:
    """Twice one key, one reference and one estorno in a single batch: the first stands, the second is told why not."""
    merchant = uuid4()
    original = wanted(merchant)
    batch = [
        original,
        wanted(merchant, chave="k"),
        wanted(merchant, chave="k"),
        wanted(merchant, referencia_externa="r"),
        wanted(merchant, referencia_externa="r"),
        wanted(merchant, estorna_id=original.registro.id),
        wanted(merchant, estorna_id=original.registro.id),
    ]
    outcomes = await RegistrationWriter(engine).write(batch)
    kinds = [type(one) for one in outcomes]
    assert kinds[0] is Answer
    assert sorted(kind.__name__ for kind in kinds[1:3]) == ["Answer", "KeyReused"]
    assert sorted(kind.__name__ for kind in kinds[3:5]) == ["Answer", "ReferenceTaken"]
    assert sorted(kind.__name__ for kind in kinds[5:7]) == ["AlreadyReversed", "Answer"]
    assert {KeyReused, ReferenceTaken, AlreadyReversed} <= set(kinds)
    assert await entries(engine, merchant) == 4


async def test_a_deadlock_is_tried_again_until_it_is_won(engine: AsyncEngine, migrated: Database) -> None:
    """The batch has one key and waits for another, whose holder asks for the first: the server ends one, and the batch is recorded once."""
    merchant = uuid4()
    ours = [wanted(merchant, chave="a"), wanted(merchant, chave="b")]
    rivals = [wanted(merchant, chave=chave).claim for chave in ("b", *(f"c{number}" for number in range(500)))]
    asked = text("SELECT chave FROM idempotencia WHERE comerciante_id = :merchant AND chave = 'a' FOR UPDATE")
    writer = RegistrationWriter(engine)
    async with engine.connect() as rival:
        # The server ends the transaction that changed least, so the rival changes much.
        for claim in rivals:
            await insert_claim(rival, claim)
        writing = asyncio.create_task(writer.write(ours))
        await waiting(migrated, "INSERT INTO idempotencia%")
        try:
            await rival.execute(asked, {"merchant": merchant.bytes})
        except OperationalError:
            assert not writing.done()  # the rival was ended, and the batch goes on
        await rival.rollback()
    assert [type(one) for one in await writing] == [Answer, Answer]
    assert await entries(engine, merchant) == 2


async def test_a_transaction_that_always_loses_gives_up(engine: AsyncEngine) -> None:
    """A unique key that is taken whenever it is tried ends as Unavailable, after a few attempts, and nothing is kept."""
    merchant, attempts = uuid4(), []
    answer = Answer(status=201, corpo=b"{}")

    async def work(connection: AsyncConnection) -> Answer:
        attempts.append(1)
        for registro_id in (uuid4(), uuid4()):
            await insert_claim(
                connection,
                Claim(comerciante_id=merchant, chave="k", registro_id=registro_id, impressao=b"x" * 32, answer=answer, created_at=NOW),
            )
        return answer

    with pytest.raises(Unavailable) as raised:
        await committed(engine, work)
    assert isinstance(raised.value.__cause__, IntegrityError)
    assert len(attempts) == ATTEMPTS


async def test_a_statement_that_is_wrong_is_not_tried_again(engine: AsyncEngine) -> None:
    """A fault of ours is told as one, at once."""
    attempts = []

    async def work(connection: AsyncConnection) -> Answer:
        attempts.append(1)
        await connection.execute(text("SELECT nada FROM lugar_nenhum"))
        raise AssertionError

    with pytest.raises(ProgrammingError):
        await committed(engine, work)
    assert attempts == [1]


async def test_without_a_free_connection_it_is_unavailable(migrated: Database) -> None:
    """A pool that is exhausted is not waited for without end."""
    alone = create_engine(migrated.settings("fluxo", SCHEMA), pool=1)

    async def work(_connection: AsyncConnection) -> Answer:
        raise AssertionError

    async with alone.connect():
        with pytest.raises(Unavailable):
            await committed(alone, work)
    await alone.dispose()


async def test_a_long_backlog_is_measured_by_its_span(engine: AsyncEngine, migrated: Database) -> None:
    """Beyond what is counted row by row the ids stand for the number, which stays right."""
    migrated.empty(SCHEMA)
    row = {"routing_key": "k", "payload": b"{}", "traceparent": None, "created_at": NOW}
    async with engine.begin() as connection:
        await connection.execute(insert(outbox), [{"event_id": uuid4(), **row} for _ in range(COUNTED + 5)])
        found = await backlog(connection)
        await connection.rollback()
    assert (found.rows, found.oldest) == (COUNTED + 5, NOW)
