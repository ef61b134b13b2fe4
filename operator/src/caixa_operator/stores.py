"""What an external store needs before Caixa can use it: `python -m caixa_operator.stores mysql|rabbitmq < passwords.json`."""

import argparse
import sys

import msgspec

from caixa_comum import schemas, topology


def mysql(passwords: dict[str, str]) -> str:
    """Write the SQL of schemas, users and grants; run again it changes nothing but passwords."""
    return "".join(f"{statement.rstrip('; ')};\n" for statement in schemas.statements(passwords))


def rabbitmq(passwords: dict[str, str]) -> str:
    """Write the definitions of the virtual host, its queues and its users."""
    body = msgspec.json.encode(topology.definitions(passwords), order="deterministic")
    return msgspec.json.format(body, indent=2).decode() + "\n"


_STORES = {"mysql": (mysql, schemas.USERS), "rabbitmq": (rabbitmq, topology.USERS)}


def main() -> None:
    """Print what a store needs. Ends with 2 where a user's password is missing."""
    parser = argparse.ArgumentParser(prog="caixa_operator.stores", description="passwords by user are read as JSON from standard input")
    parser.add_argument("store", choices=_STORES)
    write, users = _STORES[parser.parse_args().store]
    try:
        passwords = msgspec.json.decode(sys.stdin.buffer.read(), type=dict[str, str])
    except msgspec.DecodeError as error:
        parser.error(f"standard input must be a JSON object of passwords by user: {error}")
    if lacking := [user for user in users if not passwords.get(user)]:
        parser.error(f"passwords are missing of {', '.join(lacking)}")
    print(write({user: passwords[user] for user in users}), end="")  # noqa: T201 - the command's answer


if __name__ == "__main__":
    main()
