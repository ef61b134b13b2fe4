"""Secrets that somebody else makes in the place of generated ones."""

import pytest

from caixa_operator.manifest import Manifest
from caixa_operator.resources.credentials import GENERATED
from caixa_operator.resources.existing import expected, name_of, secrets, verified
from caixa_operator.resources.external import Incomplete
from caixa_operator.rotation.changes import rotated
from tests.unit.operator.boxes import cashbox, family, found

NAMES = {
    "mysqlUsers": "vault-mysql",
    "mysqlBackup": "vault-backup",
    "rabbitmqUsers": "vault-rabbitmq",
    "admin": "vault-admin",
    "signingKey": "vault-key",
}
BOX = cashbox(mysql={"backup": {}}, credentials={"existing": NAMES})
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQ==\n-----END PRIVATE KEY-----\n"


def text(manifest: Manifest) -> str:
    """Return an object as text."""
    return str(manifest)


def test_every_reader_reads_the_existing_secret() -> None:
    """Variables and volumes name it, and no child names a generated one."""
    built = family(BOX)
    whole = " ".join(text(one) for one in built)
    for name in NAMES.values():
        assert f"'{name}'" in whole
    for secret in GENERATED:
        assert f"'loja-{secret}'" not in whole
    cookie = next(
        one for one in found(built, "StatefulSet", "loja-rabbitmq")["spec"]["template"]["spec"]["volumes"] if one["name"] == "cookie"
    )
    assert cookie["secret"]["secretName"] == "vault-rabbitmq"


def test_what_is_left_out_is_generated() -> None:
    """One may stand beside generated ones."""
    box = cashbox(credentials={"existing": {"admin": "vault-admin"}})
    assert secrets(box) == {"admin": "vault-admin"}
    assert name_of(box, "mysql-users") == "loja-mysql-users"


def test_what_is_not_needed_is_not_waited_for() -> None:
    """Without copies their user has no password to wait for."""
    assert "mysql-backup" not in secrets(cashbox(credentials={"existing": NAMES}))


def test_existing_passwords_are_never_rotated() -> None:
    """Only what the operator has generated it replaces."""
    assert rotated(BOX) == []
    assert rotated(cashbox(credentials={"existing": {"mysqlUsers": "vault-mysql"}})) == ["rabbitmq-users"]


@pytest.mark.parametrize(
    ("secret", "changed", "told"),
    [
        ("mysql-users", None, "there is no Secret vault-mysql: make one with the keys root, "),
        ("mysql-users", {"saldo": ""}, "Secret vault-mysql lacks saldo: add what is missing"),
        ("mysql-users", {"saldo": "it's"}, "saldo of Secret vault-mysql must be one word without quotes and backslashes"),
        ("rabbitmq-users", {"fluxo": "secret-word\n"}, "mind the line end that `echo` adds"),
        ("signing-key", {"key.pem": "secret-word"}, "key.pem of Secret vault-key must be an RSA private key in PEM"),
    ],
)
def test_what_is_wrong_is_told_without_a_value(secret: str, changed: dict[str, str] | None, told: str) -> None:
    """The Secret, its keys and what to write are said; a password never is."""
    good = dict.fromkeys(expected(secret), PEM if secret == "signing-key" else "word")
    with pytest.raises(Incomplete) as refused:
        verified(BOX, secret, None if changed is None else good | changed)
    assert told in str(refused.value)
    assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize("secret", GENERATED)
def test_a_complete_secret_has_all_that_the_generated_one_has(secret: str) -> None:
    """So every child can be built of it; a broker's user has its role's name."""
    values = verified(BOX, secret, dict.fromkeys(expected(secret), PEM if secret == "signing-key" else "word"))
    assert values.keys() == GENERATED[secret].keys()
    assert values.get("fluxo_user", "fluxo") == "fluxo"
