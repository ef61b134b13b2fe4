"""Which failures are tried again, waited for, or are the data's own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from asyncmy import errors
from sqlalchemy.exc import DataError, IntegrityError, OperationalError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from caixa_saldo.bisection import Refused
from caixa_saldo.transactions import Stopped, refuses_data, until_done


def _driver(number: int, sqlstate: str | None, message: str = "told by the server") -> errors.OperationalError:
    error = errors.OperationalError(number, message)
    error.sqlstate = sqlstate
    return error


DEADLOCK = OperationalError("INSERT", None, _driver(1213, "40001"))
GONE = OperationalError("INSERT", None, _driver(2013, None))
NO_GRANT = OperationalError("INSERT", None, _driver(1142, "42000"))
DISK_FULL = OperationalError("INSERT", None, _driver(1021, "HY000"))
READ_ONLY = OperationalError("INSERT", None, _driver(1290, "HY000"))
OVERFLOW = OperationalError("INSERT", None, _driver(1690, "22003"))
TOO_LONG = DataError("INSERT", None, _driver(1406, "22001"))
NULL = IntegrityError("INSERT", None, _driver(1048, "23000"))
UNBINDABLE = StatementError("a naive datetime", "INSERT", None, ValueError("zone"))


def _failing(*failures: Exception) -> Callable[[], Awaitable[str]]:
    rest = list(failures)

    async def work() -> str:
        if rest:
            raise rest.pop(0)
        return "done"

    return work


@pytest.mark.parametrize("failure", [DEADLOCK, GONE, NO_GRANT, DISK_FULL, READ_ONLY, PoolTimeout(), ConnectionResetError(), TimeoutError()])
async def test_what_is_not_the_datas_fault_is_tried_until_it_works(failure: Exception) -> None:
    """Locks, lost links, full disks and missing grants cost time, never messages."""
    assert await asyncio.wait_for(until_done(_failing(failure, failure), asyncio.Event()), 60) == "done"


@pytest.mark.parametrize("failure", [OVERFLOW, TOO_LONG, NULL, UNBINDABLE, ValueError("digits"), OverflowError("date")])
async def test_what_is_the_datas_fault_is_refused_at_once(failure: Exception) -> None:
    """Values that the database or the driver cannot take are for the bisection, not for another try."""
    with pytest.raises(Refused):
        await until_done(_failing(failure), asyncio.Event())


async def test_a_stop_ends_the_wait_for_the_database() -> None:
    """A process told to stop does not wait for a database that may never come; nothing counts as done."""
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(Stopped):
        await until_done(_failing(GONE), stop)


async def test_a_stop_does_not_interrupt_a_batch_that_can_be_finished() -> None:
    """The batch in hand is finished although the process was told to stop."""
    stop = asyncio.Event()
    stop.set()
    assert await until_done(_failing(DEADLOCK), stop) == "done"


async def test_an_error_of_our_own_is_not_hidden() -> None:
    """A bug ends the process, loudly, instead of filling the quarantine or waiting for ever."""
    with pytest.raises(TypeError):
        await until_done(_failing(TypeError("bug")), asyncio.Event())


def test_an_error_without_a_state_is_not_the_datas_fault() -> None:
    """When the server did not say what is wrong, nothing is quarantined."""
    assert not refuses_data(GONE)
    assert not refuses_data(OperationalError("INSERT", None, RuntimeError("no state")))
