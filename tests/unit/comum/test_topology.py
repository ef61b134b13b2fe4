"""The broker's definitions: least privilege, no guest, and the same bytes for the same passwords."""

import base64
import hashlib
import re

from caixa_comum.topology import PARKING, QUEUE, USERS, definitions, password_hash

PASSWORDS = {name: f"senha-{name}" for name in USERS}


def test_the_same_passwords_give_the_same_definitions() -> None:
    """Rendering again changes nothing, so a reconcile writes nothing."""
    assert definitions(PASSWORDS) == definitions(dict(PASSWORDS))


def test_a_hash_is_what_rabbitmq_computes() -> None:
    """Base64 of a four-byte salt and the SHA-256 of salt and password."""
    raw = base64.b64decode(password_hash("fluxo", "senha"))
    assert raw[4:] == hashlib.sha256(raw[:4] + b"senha").digest()


def test_no_user_is_more_than_its_part() -> None:
    """Fluxo only publishes to the one exchange, saldo only reads its own queues, operator only monitors; nobody configures."""
    rights = {item["user"]: item for item in definitions(PASSWORDS)["permissions"]}
    assert set(rights) == {"fluxo", "saldo", "operator"}
    assert {item["configure"] for item in rights.values()} == {"^$"}
    assert re.search(rights["fluxo"]["write"], "caixa.eventos")
    assert not re.search(rights["fluxo"]["read"], QUEUE)
    assert not re.search(rights["saldo"]["write"], "caixa.eventos")
    assert re.search(rights["saldo"]["read"], QUEUE)
    assert not re.search(rights["saldo"]["read"], "outra.saldo.eventos")
    assert not re.search(rights["operator"]["read"], QUEUE)
    assert "guest" not in {user["name"] for user in definitions(PASSWORDS)["users"]}


def test_no_password_stands_in_the_definitions() -> None:
    """Only hashes do."""
    assert "senha-" not in str(definitions(PASSWORDS))


def test_nothing_is_dropped_on_the_way() -> None:
    """Both queues are quorum queues, and what is given up goes to the parking at least once."""
    queues = {item["name"]: item["arguments"] for item in definitions(PASSWORDS)["queues"]}
    assert {queues[name]["x-queue-type"] for name in (QUEUE, PARKING)} == {"quorum"}
    assert queues[QUEUE]["x-dead-letter-strategy"] == "at-least-once"
    assert queues[QUEUE]["x-overflow"] == "reject-publish"
    assert queues[QUEUE]["x-delivery-limit"] > 0
