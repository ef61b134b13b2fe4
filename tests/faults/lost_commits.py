"""A link to the database on which whoever commits hears no more: the commit is done, and nobody can tell."""

from tests.integration.saldo.proxy import Filter, Proxy

COMMIT = b"\x07\x00\x00\x00\x03COMMIT"
"""COM_QUERY with this text, as a packet of the MySQL client/server protocol: length, sequence number, command, statement."""


class LostCommits(Proxy):
    """Forwards everything until it is armed; from then on a connection that commits gets no answer to that, nor to anything else."""

    def __init__(self, target: int) -> None:
        """Choose a port, as every proxy."""
        super().__init__(target)
        self.armed = False
        self.lost = 0
        """Commits whose answer was kept back."""

    def filters(self) -> tuple[Filter, Filter]:
        """Watch one way for a commit, and be silent the other way after it."""
        silent = False

        def there(data: bytes) -> bytes:
            nonlocal silent
            if self.armed and not silent and COMMIT in data:
                silent = True
                self.lost += 1
            return data

        def back(data: bytes) -> bytes:
            return b"" if silent else data

        return there, back
