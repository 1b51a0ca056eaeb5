"""The accounts of one copy of the demo's Redmine: keys and a password of its own, known through a file of mode 0600."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from bridge.demo import processes
from bridge.demo.database import is_true
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from pathlib import Path

    from bridge.demo.database import Database, Statement

BRIDGE: Final = "presale-bridge"
USERS: Final = """
SELECT users.id, users.login, users.firstname || ' ' || users.lastname, email_addresses.address, users.admin
FROM users JOIN email_addresses ON email_addresses.user_id = users.id
WHERE users.type = 'User' ORDER BY users.id
"""
GROUPS: Final = """
SELECT groups_users.user_id, users.lastname FROM groups_users JOIN users ON users.id = groups_users.group_id ORDER BY users.lastname
"""
INSERT_KEY: Final = """
INSERT INTO tokens (user_id, action, value, created_on, updated_on) VALUES (:id, 'api', :key, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)
"""
SET_LOGIN: Final = "UPDATE users SET salt = :salt, hashed_password = :hashed WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in to the demo's Redmine."""

    id: int
    login: str
    name: str
    mail: str
    key: str
    groups: tuple[str, ...] = ()
    admin: bool = False


@dataclass(frozen=True, slots=True)
class Accounts:
    """Everybody by login, and the password that all of them have."""

    password: str
    users: dict[str, Account]

    @staticmethod
    def load(file: Path) -> Accounts:
        """Read what `give_out` wrote.

        Raises:
            PermanentError: there is no such file: nothing has been prepared there.
        """
        try:
            told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise PermanentError(f"No Redmine has been prepared in {file.parent}") from error
        users = [Account(**(user | {"groups": tuple(user["groups"])})) for user in told["users"]]
        return Accounts(told["password"], {user.login: user for user in users})


def give_out(database: Database, users_file: Path, bridge_key_file: Path) -> None:
    """Give everybody a random key, and all one random password; note them in files that only their owner may read."""
    password = secrets.token_urlsafe(9)
    users = _accounts(database)
    keys: list[Statement] = [(INSERT_KEY, {"id": user.id, "key": user.key}) for user in users]
    database.script([("DELETE FROM tokens", {}), *keys, *(_password(user, password) for user in users)])
    processes.write(bridge_key_file, next(user.key for user in users if user.login == BRIDGE) + "\n")
    told = {"password": password, "users": [asdict(user) for user in users]}
    processes.write(users_file, json.dumps(told, ensure_ascii=False, indent=1))


def _accounts(database: Database) -> list[Account]:
    groups: dict[str, tuple[str, ...]] = {}
    for user, group in database.rows(GROUPS):
        groups[user] = (*groups.get(user, ()), group)
    return [
        Account(int(number), login, name, mail, secrets.token_hex(20), groups.get(number, ()), is_true(admin))
        for number, login, name, mail, admin in database.rows(USERS)
    ]


def _password(user: Account, password: str) -> Statement:
    """Redmine's own scheme (app/models/user.rb, User.hash_password)."""
    salt = secrets.token_hex(16)
    inner = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
    outer = hashlib.sha1((salt + inner).encode(), usedforsecurity=False).hexdigest()
    return SET_LOGIN, {"salt": salt, "hashed": outer, "id": user.id}
