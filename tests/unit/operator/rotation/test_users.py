"""Whether RabbitMQ's users are as they should be, read from its own lists."""

from caixa_comum import topology
from caixa_operator.rotation.users import lacking

PASSWORDS = {"fluxo": "one", "fluxo-b": "two", "administrator-b": "three"}
MADE = topology.definitions(PASSWORDS)


def test_a_user_is_lacking_until_name_password_and_permissions_are_right() -> None:
    """A user that was made and has no permissions yet, because the operator was killed in between, still lacks something."""
    assert lacking(PASSWORDS, MADE["users"], MADE["permissions"]) == []
    assert lacking(PASSWORDS, [], []) == sorted(PASSWORDS)
    assert lacking(PASSWORDS, MADE["users"], []) == ["fluxo", "fluxo-b"]
    other = [{**one, "password_hash": "x"} if one["name"] == "administrator-b" else one for one in MADE["users"]]
    assert lacking(PASSWORDS, other, MADE["permissions"]) == ["administrator-b"]
    wider = [{**one, "read": ".*"} for one in MADE["permissions"]]
    assert lacking(PASSWORDS, MADE["users"], wider) == ["fluxo", "fluxo-b"]
