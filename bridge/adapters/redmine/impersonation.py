"""Acting in a customer's own name: by a key of its own that nothing else in the bridge sees, and for opening tickets only."""

from __future__ import annotations

from bridge.adapters.redmine.client import Client
from bridge.adapters.redmine.connection import Connection, connect


class Impersonation:
    """Finds the account of a mail address and acts in its name; `connection` has an administrator's key (Redmine asks for one)."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._users = Client(connect(connection))

    def client(self, address: str) -> Client | None:
        """A client in the name of the one active account with this address; None where there is none, or several.

        Raises:
            TemporaryError, PermanentError: Redmine is out of reach, or does not take the key.
        """
        rows = self._users.rows("/users.json", "users", name=address, status=1, limit=5)
        logins = [str(row["login"]) for row in rows if str(row.get("mail") or "").casefold() == address.casefold()]
        return Client(connect(self._connection, logins[0])) if len(logins) == 1 else None
