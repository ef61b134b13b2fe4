"""What the two schemas hold, asked of MySQL itself by each service's own user."""

from dataclasses import dataclass

from tests.demo.demo_cashbox import decoded
from tests.kubernetes.kubectl import Kubectl

ENTRIES = """SELECT LOWER(HEX(comerciante_id)), COUNT(*), SUM(IF(tipo = 'credito', valor, -valor))
FROM caixa_fluxo.lancamento GROUP BY comerciante_id"""
BALANCES = """SELECT LOWER(HEX(comerciante_id)), SUM(quantidade), SUM(total_creditos) - SUM(total_debitos)
FROM caixa_saldo.saldo_diario GROUP BY comerciante_id"""
# The password comes in as the first line, so that it is on no command line.
CLIENT = "IFS= read -r MYSQL_PWD; export MYSQL_PWD; exec mysql --batch --skip-column-names --protocol=tcp --host=127.0.0.1 --user=$0"


@dataclass(frozen=True)
class Sum:
    """Of one merchant: how many entries, and their signed sum in centavos."""

    count: int
    centavos: int


def entries(kubectl: Kubectl, name: str) -> dict[str, Sum]:
    """Sum fluxo's entries by merchant (the id as 32 hex digits)."""
    return parse(ask(kubectl, name, "fluxo", ENTRIES))


def balances(kubectl: Kubectl, name: str) -> dict[str, Sum]:
    """Sum saldo's daily balances by merchant."""
    return parse(ask(kubectl, name, "saldo", BALANCES))


def ask(kubectl: Kubectl, name: str, user: str, query: str) -> str:
    """Run a query in the CashBox's MySQL. Raises CommandFailed."""
    password = decoded(kubectl.get("secret", f"{name}-mysql-users"))[user]
    client = ("exec", "--stdin", f"{name}-mysql-0", "--container=mysql", "--", "sh", "-c", CLIENT, user)
    return kubectl(*client, stdin=f"{password}\n{query};\n", timeout=60)


def parse(printed: str) -> dict[str, Sum]:
    """Read what the client printed: merchant, count and sum, separated by tabs."""
    rows = [line.split("\t") for line in printed.splitlines() if line]
    return {merchant: Sum(int(count), int(centavos)) for merchant, count, centavos in rows}
