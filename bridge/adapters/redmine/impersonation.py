"""Acting in a customer's own name: by a key of its own that nothing else in the bridge sees, and for opening tickets only."""

from __future__ import annotations

from bridge.adapters.redmine.client import Client
from bridge.adapters.redmine.connection import Connection, connect
from bridge.adapters.redmine.records import User


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
        users = self._users.listed("/users.json", "users", User.of, name=address, status=1, limit=5)
        logins = [user.login for user in users if user.mail.casefold() == address.casefold()]
        return Client(connect(self._connection, logins[0])) if len(logins) == 1 else None
