"""The private database server: Caixa's schemas and users on a real engine, durable, and alone."""

from collections.abc import Callable

import pymysql
import pytest

from tests.local.database import Database
from tests.local.mariadb import ROOT, connected


def test_each_user_reaches_its_own_schema_only(mysql: Database) -> None:
    """The user fluxo works in caixa_fluxo and is refused in caixa_saldo."""
    password = mysql.address.passwords["fluxo"]
    with connected(mysql.port, password, user="fluxo", schema="caixa_fluxo") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(pymysql.Error, match="Access denied"), connected(mysql.port, password, user="fluxo", schema="caixa_saldo"):
        pass


def test_a_services_user_may_not_alter_its_schema(mysql: Database) -> None:
    """CREATE TABLE is for the migration's user; the service's own is refused."""
    own = connected(mysql.port, mysql.address.passwords["fluxo"], user="fluxo", schema="caixa_fluxo")
    with own as connection, connection.cursor() as cursor, pytest.raises(pymysql.Error, match="denied"):
        cursor.execute("CREATE TABLE mine (id INT)")


def test_who_compares_reads_five_tables_and_nothing_else(private_mysql: Callable[[], Database]) -> None:
    """Granted before the tables exist, the user reads them once they do, writes to none, and makes none."""
    server = private_mysql()
    server.server.execute(["CREATE TABLE caixa_fluxo.lancamento (id INT)", "CREATE TABLE caixa_fluxo.idempotencia (id INT)"])
    own = connected(server.port, server.address.passwords["reconciliacao"], user="reconciliacao")
    with own as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM caixa_fluxo.lancamento")
        for refused in (
            "SELECT id FROM caixa_fluxo.idempotencia",
            "INSERT INTO caixa_fluxo.lancamento VALUES (1)",
            "CREATE TABLE caixa_fluxo.outbox (id INT)",
        ):
            with pytest.raises(pymysql.Error, match="denied"):
                cursor.execute(refused)


def test_nobody_enters_without_a_password(mysql: Database) -> None:
    """Root without its password is refused, by whatever name the machine is called."""
    with pytest.raises(pymysql.Error, match="Access denied"), connected(mysql.port, "", user=ROOT):
        pass


def test_what_was_committed_survives_a_power_cut(private_mysql: Callable[[], Database]) -> None:
    """A server that was killed with SIGKILL comes back on its port with every committed row."""
    server = private_mysql()
    server.server.execute(["CREATE TABLE caixa_fluxo.t (id INT PRIMARY KEY)", "INSERT INTO caixa_fluxo.t VALUES (7)"])
    server.kill()
    server.start()
    assert server.query("SELECT id FROM t", schema="caixa_fluxo") == [(7,)]


def test_emptying_a_schema_keeps_its_tables(private_mysql: Callable[[], Database]) -> None:
    """`empty` deletes the rows of the schemas it is told, of no others, and no table."""
    server = private_mysql()
    server.server.execute(["CREATE TABLE caixa_fluxo.t AS SELECT 1 AS id", "CREATE TABLE caixa_saldo.t AS SELECT 1 AS id"])
    server.empty("caixa_fluxo")
    assert server.query("SELECT COUNT(*) FROM caixa_fluxo.t") == [(0,)]
    assert server.query("SELECT COUNT(*) FROM caixa_saldo.t") == [(1,)]
