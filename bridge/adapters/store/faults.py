"""What a database says when it cannot, as a sentence for the operator: what is wrong, where, what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from bridge.errors import BridgeError, PermanentError, TemporaryError

_RIGHTS: Final = (
    "give the bridge's user the right to write the file and its directory (SQLite keeps two more files beside it)"
)
_LOST: Final = (
    "restore a copy, or move it away and start with an empty store: the bridge knows its notes in Redmine by their footers and repeats "
    "none; `adopt` has to be said again"
)

# https://sqlite.org/rescode.html, primary codes
_SQLITE: Final[dict[int, tuple[type[BridgeError], str]]] = {
    sqlite3.SQLITE_BUSY: (
        TemporaryError,
        "is held by another process; the next pass tries again. If it stays so, see who has it open: `fuser`",
    ),
    sqlite3.SQLITE_LOCKED: (TemporaryError, "is held by another connection; the next pass tries again"),
    sqlite3.SQLITE_FULL: (
        TemporaryError,
        "has no room to grow; nothing was kept. Free some space on its disk, the next pass goes on",
    ),
    sqlite3.SQLITE_IOERR: (
        TemporaryError,
        "could not be read or written; nothing was kept. Look at its disk: full, over a quota, or broken",
    ),
    sqlite3.SQLITE_READONLY: (PermanentError, f"cannot be written; {_RIGHTS}"),
    sqlite3.SQLITE_PERM: (PermanentError, f"cannot be used; {_RIGHTS}"),
    sqlite3.SQLITE_CANTOPEN: (PermanentError, f"cannot be opened; make its directory, and {_RIGHTS}"),
    sqlite3.SQLITE_NOTADB: (PermanentError, f"is no SQLite database; correct its name, or {_LOST}"),
    sqlite3.SQLITE_CORRUPT: (PermanentError, f"is damaged; {_LOST}"),
}

# https://www.postgresql.org/docs/current/errcodes-appendix.html, the longest prefix counts
_POSTGRESQL: Final[dict[str, tuple[type[BridgeError], str]]] = {
    "08": (TemporaryError, "is out of reach; the next pass tries again"),
    "28": (PermanentError, "does not let the bridge in; correct the user, the password or pg_hba.conf"),
    "3D": (PermanentError, "does not exist; create the database"),
    "25006": (PermanentError, "is read-only; name the primary server in the URL"),
    "40": (TemporaryError, "was too busy; the next pass tries again"),
    "42501": (PermanentError, "does not let the bridge write; grant its user the rights on the schema and its tables"),
    "53": (
        TemporaryError,
        "is short of something (disk, memory, connections); nothing was kept, the next pass tries again",
    ),
    "55P03": (TemporaryError, "is held by another process; the next pass tries again"),
    "57": (TemporaryError, "is being stopped or started; the next pass tries again"),
    "58": (TemporaryError, "could not be read or written by its server; nothing was kept. Look at the server's disk"),
    "XX": (PermanentError, "is damaged, its server says; restore a copy"),
}

_STRANGE: Final = (
    PermanentError,
    "did not understand the bridge: was it changed by hand, or is this a mistake of the bridge?",
)
_AWAY: Final = (TemporaryError, "is out of reach; the next pass tries again")


def place(url: URL) -> str:
    """Where the store is, for a person: a path, or a URL without its password."""
    if url.get_backend_name() != "sqlite":
        return url.render_as_string(hide_password=True)
    return str(Path(url.database).absolute()) if url.database and url.database != ":memory:" else "in memory"


@contextmanager
def told(where: str) -> Iterator[None]:
    """Turn what the database raises into the bridge's errors; a broken uniqueness passes, for the caller to judge.

    Raises:
        TemporaryError: locked, full, out of reach.
        PermanentError: read-only, damaged, no rights, no database.
    """
    try:
        yield
    except IntegrityError:
        raise
    except DBAPIError as error:
        raise _explained(error.orig or error, where) from error
    except sqlite3.Error as error:  # raised while a connection is being made
        raise _explained(error, where) from error
    except StatementError as error:  # a value that the store refuses, such as a naive moment
        raise error.orig or error from None
    except LookupError as error:
        msg = f"the store {where} holds a word that this version does not know ({error}): a newer one wrote it. Install that one again"
        raise PermanentError(msg) from error


def primary_code(error: sqlite3.Error) -> int:
    """SQLite's code without what an extended one adds to it (https://sqlite.org/rescode.html); 0 where the error has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _explained(error: BaseException, where: str) -> BridgeError:
    kind, sentence = _sqlite(error) if isinstance(error, sqlite3.Error) else _postgresql(error)
    first_line = str(error).partition("\n")[0]
    return kind(f"the store {where} {sentence} ({first_line})")


def _sqlite(error: sqlite3.Error) -> tuple[type[BridgeError], str]:
    return _SQLITE.get(primary_code(error), _STRANGE)


def _postgresql(error: BaseException) -> tuple[type[BridgeError], str]:
    code = getattr(error, "sqlstate", None)
    if not code:  # the connection itself: libpq gives no code
        return _AWAY
    return next((_POSTGRESQL[code[:n]] for n in (5, 2) if code[:n] in _POSTGRESQL), _STRANGE)
