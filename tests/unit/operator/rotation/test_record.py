"""A rotation's record: what is written into Secrets, and what a person has written stays."""

import itertools

import msgspec
import pytest

from caixa_operator.resources.credentials import GENERATED, MYSQL_SECRETS
from caixa_operator.rotation.changes import changes, rotated
from caixa_operator.rotation.record import MARK, USERS_KEY, Rotation
from tests.unit.operator.boxes import CREDENTIALS, cashbox

BOX = cashbox(mysql={"backup": {}})
VALUES = {secret: dict(values) for secret, values in CREDENTIALS.values.items()}
EXTERNAL = {"mode": "External", "external": {"secret": "theirs"}}


def rotation() -> Rotation:
    """Make a rotation whose new passwords are new-0, new-1 and so on."""
    count = itertools.count()
    return Rotation(started="2026-01-03T12:00:00Z", changes=tuple(changes(BOX, VALUES, lambda _: f"new-{next(count)}")))


def promoted(made: Rotation) -> dict[str, dict[str, str]]:
    """Return the values once they are promoted."""
    return {secret: {**values, **made.promotions(VALUES).get(secret, {})} for secret, values in VALUES.items()}


def test_every_password_of_the_managed_stores_is_replaced_and_nothing_else() -> None:
    """Root and Erlang's cookie stay, for they never leave their pods; so do the administrator's secret and the signing key."""
    after = promoted(rotation())
    same = {(secret, key) for secret, values in VALUES.items() for key, value in values.items() if after[secret][key] == value}
    assert same == {
        ("mysql-users", "root"),
        ("rabbitmq-users", "erlang_cookie"),
        *((secret, key) for secret in ("admin", "signing-key") for key in GENERATED[secret]),
    }
    assert rotation().promotions(after) == {}


def test_a_role_changes_its_name_with_its_password_and_back_at_the_next_rotation() -> None:
    """RabbitMQ knows one password per user: so the second one is that of a second user."""
    values = {**VALUES, "rabbitmq-users": {**VALUES["rabbitmq-users"], "fluxo_user": "fluxo"}}
    names = []
    for _ in range(3):
        made = Rotation(started="x", changes=tuple(changes(BOX, values, lambda _: "new")))
        values = {secret: {**own, **made.promotions(values).get(secret, {})} for secret, own in values.items()}
        names.append(values["rabbitmq-users"]["fluxo_user"])
    assert names == ["fluxo-b", "fluxo", "fluxo-b"]


@pytest.mark.parametrize("key", ["fluxo", "fluxo_user"])
def test_what_a_person_writes_meanwhile_is_never_overwritten(key: str) -> None:
    """Nor is the other half of a user's name and password."""
    values = {**VALUES, "rabbitmq-users": {**VALUES["rabbitmq-users"], key: "mine"}}
    assert {"fluxo", "fluxo_user"}.isdisjoint(rotation().promotions(values)["rabbitmq-users"])
    assert "saldo" in rotation().promotions(values)["rabbitmq-users"]


def test_the_record_is_read_as_it_was_written_and_knows_its_mark() -> None:
    """The Jobs find three lines for each user of MySQL, and no user of RabbitMQ."""
    made = rotation()
    data = made.written(MYSQL_SECRETS)
    assert Rotation.read(data) == made
    assert Rotation.read({**data, **MARK}) == msgspec.structs.replace(made, discarding=True)
    lines = data[USERS_KEY].splitlines()
    assert lines[::3] == [change.name for change in made.of(*MYSQL_SECRETS)]
    assert "backup" in lines[::3]
    assert lines[1] == VALUES["mysql-users"]["fluxo"]
    assert lines[2] == promoted(made)["mysql-users"]["fluxo"]


def test_external_stores_passwords_are_their_owners() -> None:
    """Only what the operator has generated is rotated."""
    assert rotated(cashbox(mysql=EXTERNAL)) == ["rabbitmq-users"]
    assert rotated(cashbox(rabbitmq=EXTERNAL)) == ["mysql-users"]
    assert rotated(cashbox(mysql=EXTERNAL, rabbitmq=EXTERNAL)) == []
