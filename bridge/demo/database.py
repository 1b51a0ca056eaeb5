"""The database of the demo's Redmine, reached past Redmine: to give out keys, to backdate, and to look."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import shutil
import signal
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from bridge.demo import processes
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

NAME: Final = "redmine"
Statement = tuple[str, "Mapping[str, object]"]


def is_true(value: str) -> bool:
    """What a truth value among `rows` says: SQLite has 1 for it, PostgreSQL t."""
    return value in {"1", "t"}


class Database(Protocol):
    """What the demo needs of either database."""

    @property
    def settings(self) -> Mapping[str, object]:
        """The contents of Redmine's `database.yml`."""

    def start(self) -> processes.Process | None:
        """Start it, if it is a process."""

    def stop(self) -> None:
        """Stop it, if it is a process."""

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[str, ...]]:
        """Run one statement with `:name` placeholders; its rows as text, NULL as an empty string."""

    def script(self, statements: Sequence[Statement]) -> None:
        """Run several statements in one transaction."""


@dataclass(frozen=True)
class Sqlite:
    """A file."""

    home: Path

    @property
    def file(self) -> Path:
        """Where the data are."""
        return self.home / "data" / "redmine.sqlite3"

    @property
    def settings(self) -> Mapping[str, object]:
        """The contents of Redmine's `database.yml`."""
        return {"adapter": "sqlite3", "database": str(self.file), "timeout": 15000, "pool": 20}

    def start(self) -> processes.Process | None:
        """Make its folder; write-ahead logging lets readers read while somebody writes."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.rows("PRAGMA journal_mode=WAL")
        return None

    def stop(self) -> None:
        """Fold the write-ahead log into the file, so that a copy of the file is whole."""
        self.rows("PRAGMA wal_checkpoint(TRUNCATE)")

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[str, ...]]:
        """Run one statement."""
        with self._connection() as connection:
            return [tuple("" if v is None else str(v) for v in row) for row in connection.execute(sql, values or {})]

    def script(self, statements: Sequence[Statement]) -> None:
        """Run several statements in one transaction."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            for sql, values in statements:
                connection.execute(sql, values)
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(self.file, timeout=30, isolation_level=None)
        try:
            yield connection
        finally:
            connection.close()


PG_OPTIONS: Final = {
    "listen_addresses": processes.LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "timezone": "UTC",
}


@dataclass(frozen=True)
class Postgres:
    """A cluster of one's own, owned by Debian's user `postgres` where this is root, who may not run it."""

    home: Path

    @property
    def folder(self) -> Path:
        """Where the data are."""
        return self.home / "data" / "postgresql"

    @cached_property
    def password(self) -> str:
        """The superuser's password, made at the first call."""
        file = self.home / "data" / "postgresql.password"
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            processes.write(file, os.urandom(16).hex())
        return file.read_text(encoding="utf-8")

    @property
    def port(self) -> int:
        """Where it listens; 0 before the first start."""
        file = self.home / "data" / "postgresql.port"
        return int(file.read_text(encoding="utf-8")) if file.exists() else 0

    @property
    def settings(self) -> Mapping[str, object]:
        """The contents of Redmine's `database.yml`."""
        place = {"host": processes.LOOPBACK, "port": self.port, "database": NAME}
        return {"adapter": "postgresql", "username": "redmine", "password": self.password, "pool": 20} | place

    def start(self) -> processes.Process | None:
        """Make the cluster unless it is there, and start it."""
        self.home.mkdir(parents=True, exist_ok=True)
        fresh = not (self.folder / "PG_VERSION").exists()
        if fresh:
            self._initdb()
        if (running := self._running()) is not None:
            return running
        port = processes.free_port(self.port)
        processes.write(self.home / "data" / "postgresql.port", str(port))
        options = [part for name, value in PG_OPTIONS.items() for part in ("-c", f"{name}={value}")]
        command = [*self._as_owner(), str(_binaries() / "postgres"), "-D", str(self.folder), "-p", str(port), *options]
        process = processes.spawn(
            command, env=processes.clean_environment(), cwd=Path("/"), log=self.home / "postgresql.log"
        )
        if not processes.wait_until(self._answers, 30):
            raise PermanentError(f"PostgreSQL did not start; see {self.home / 'postgresql.log'}")
        if fresh:
            self._psql(f"CREATE DATABASE {NAME} ENCODING 'UTF8' TEMPLATE template0", database="postgres")
        return process

    def stop(self) -> None:
        """Stop it in an orderly way."""
        if (running := self._running()) is not None:
            running.stop(signal.SIGINT)

    def rows(self, sql: str, values: Mapping[str, object] | None = None) -> list[tuple[str, ...]]:
        """Run one statement."""
        return [tuple(row) for row in csv.reader(io.StringIO(self._psql(_filled(sql, values or {}))))]

    def script(self, statements: Sequence[Statement]) -> None:
        """Run several statements in one transaction."""
        self._psql("BEGIN;\n" + ";\n".join(_filled(sql, values) for sql, values in statements) + ";\nCOMMIT")

    def _initdb(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        given = self.home / "data" / "postgresql.first"
        processes.write(given, self.password)
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            shutil.chown(given, "postgres", "postgres")
        options = ["--auth=scram-sha-256", f"--pwfile={given}", "--username=redmine", "--encoding=UTF8", "--no-locale"]
        processes.run(
            [*self._as_owner(), str(_binaries() / "initdb"), "-D", str(self.folder), "--no-sync", *options],
            cwd=Path("/"),
        )
        given.unlink()

    @staticmethod
    def _as_owner() -> list[str]:
        if os.geteuid() != 0:
            return []
        # The capability lets the user through folders that only root may enter (a strict umask, /root).
        reach = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *reach]

    def _running(self) -> processes.Process | None:
        try:
            pid = int((self.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
            named = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (OSError, ValueError, IndexError):
            return None
        process = processes.Process.of(pid)
        return process if os.fsencode(self.folder) in named and process.alive else None

    def _answers(self) -> bool:
        with contextlib.suppress(PermanentError):
            return self._psql("SELECT 1", database="postgres").strip() == "1"
        return False

    def _psql(self, sql: str, database: str = NAME) -> str:
        env = processes.clean_environment(PGPASSWORD=self.password, HOME="/nonexistent")
        where = ["-h", processes.LOOPBACK, "-p", str(self.port), "-U", "redmine", "-d", database]
        return processes.run(
            ["psql", "-X", "-q", "-t", "--csv", "-v", "ON_ERROR_STOP=1", *where, "-f", "-"], env=env, text=sql
        )


def _filled(sql: str, values: Mapping[str, object]) -> str:
    return re.sub(r"(?<!:):([a-z_]+)", lambda match: _literal(values[match[1]]), sql)


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not found:
        raise PermanentError("PostgreSQL's server is not installed (Debian's package postgresql)")
    return found[-1]


def open_database(home: Path, kind: str) -> Database:
    """The database of that kind under `home`."""
    return Postgres(home) if kind == "postgresql" else Sqlite(home)
