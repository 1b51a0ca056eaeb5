"""A real Redmine on loopback: installed, prepared, started and stopped without a system service.

By hand: `python -m bridge.demo.server up|down|status --home var/redmine [--database postgresql]`.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self

from bridge.demo import processes
from bridge.demo.accounts import Account, Accounts, give_out
from bridge.demo.database import Database, open_database
from bridge.demo.hook import Browser
from bridge.demo.install import install
from bridge.demo.names import Names
from bridge.demo.sink import Mailbox
from bridge.demo.template import HERE, Layout, copy_template, digest
from bridge.errors import BridgeError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

DatabaseKind = Literal["sqlite", "postgresql"]
DEFAULT_HOME: Final = Path("var/redmine")
MARK: Final = "made-from"
MARKS: Final = (MARK, "bridge.key")  # what tells a home of ours from any other folder
FORGET_HOST: Final = "DELETE FROM settings WHERE name = 'host_name'"
SET_HOST: Final = "INSERT INTO settings (name, value, updated_on) VALUES ('host_name', :host, CURRENT_TIMESTAMP)"
SET_MARKUP: Final = "UPDATE settings SET value = :markup WHERE name = 'text_formatting'"


class RedmineServer:
    """One Redmine with all its files under `home`.

    `cache` has what homes share: Debian's package and the prepared template (default: `redmine-cache` beside `home`).
    `port` 0 takes a free one, and the same again at the next start. Two homes may run at once, and many processes may share a running
    one: `start` of a home that already runs only connects to it. `database` None is the one that the home was made with, else SQLite.
    The attribute `workers` says how many processes answer beside each other from the next start on; 0 is one process alone.
    """

    def __init__(
        self,
        home: Path = DEFAULT_HOME,
        port: int = 0,
        database: DatabaseKind | None = None,
        *,
        cache: Path | None = None,
        markup: Literal["textile", "common_mark"] = "textile",
    ) -> None:
        self.home = home.absolute()
        self.cache = (cache or self.home.parent / "redmine-cache").absolute()
        self.database_kind: DatabaseKind = _made_with(self.home) or database or "sqlite"
        if database not in {None, self.database_kind}:
            raise PermanentError(
                f"The Redmine in {self.home} was made with {self.database_kind}; delete it, or take another home"
            )
        self.markup = markup
        self.workers = 0
        self._port = port
        self._layout = Layout(self.home, self.database_kind)

    @property
    def url(self) -> str:
        """Redmine's address."""
        return f"http://{processes.LOOPBACK}:{self.port}"

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._port or self._noted.port

    @property
    def bridge_key_file(self) -> Path:
        """A file (mode 0600) with the API key of the bridge's account."""
        return self.home / "bridge.key"

    @property
    def mails(self) -> Mailbox:
        """All that Redmine has sent."""
        return Mailbox(self.home / "mail")

    @property
    def log(self) -> Path:
        """Redmine's log of requests."""
        return self._layout.config.parent / "log" / "production.log"

    @cached_property
    def database(self) -> Database:
        """Redmine's database."""
        return open_database(self.home, self.database_kind)

    @cached_property
    def names(self) -> Names:
        """Ids of what people call by name."""
        return Names(self.database)

    @cached_property
    def _accounts(self) -> Accounts:
        return Accounts.load(self.home / "users.json")

    @property
    def password(self) -> str:
        """The password of every account, also of the administrator `admin`."""
        return self._accounts.password

    @property
    def users(self) -> Mapping[str, Account]:
        """Everybody by login."""
        return self._accounts.users

    def key(self, login: str) -> str:
        """Somebody's API key."""
        return self.users[login].key

    @property
    def running(self) -> bool:
        """Whether it runs and answers."""
        found = self._noted.processes
        return bool(found) and all(process.alive for process in found.values()) and self._answers()

    def install(self) -> Path:
        """Install Debian's packages that are missing; the package of Redmine.

        Raises:
            PermanentError: no Debian, not root, or apt failed; the message says what to do.
        """
        with processes.locked(self.cache / "lock"):
            return install(self.cache, self.database_kind)

    def prepare(self) -> None:
        """Make this home: a copy of the template with keys and a password of its own.

        Does nothing when it is made; one that was made from another seed is thrown away and made anew.
        """
        with processes.locked(self._lock):
            if not self.running:
                self._stop()
                self._prepare()

    def start(self) -> Self:
        """Install, prepare, start and wait until it answers; connects only, when it runs already."""
        with processes.locked(self._lock):
            if not self.running:
                self._stop()
                self._prepare()
                self._start()
        return self

    def stop(self) -> None:
        """Stop Redmine, its mail sink and its database; also when another process started them."""
        with processes.locked(self._lock):
            self._stop()

    def destroy(self) -> None:
        """Stop it and delete its home."""
        self.stop()
        self._remove()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def set_time(self, at: datetime | None) -> None:
        """Let Redmine live in another time, which runs on from `at`; None: in real time again.

        It holds for everybody who shares this server. For one request, send the header X-Demo-Time instead.
        """
        if at is None:
            self._layout.clock.unlink(missing_ok=True)
        else:
            processes.write(self._layout.clock, repr(at.timestamp()))
        time.sleep(0.01)  # Redmine looks at the file every 3 ms

    def set_hook(self, url: str, secret: str, trackers: Iterable[str] = ()) -> None:
        """Let the running Redmine tell that address at once which ticket has changed; an empty address turns it off.

        No trackers means all. It is kept when Redmine is started anew.
        """
        ids = [self.names.id("tracker", name) for name in trackers]
        self.browser().set_hook(url, secret, trackers=ids)

    def browser(self) -> Browser:
        """The administrator's browser, logged in."""
        return Browser(self.url, self.password)

    @property
    def _lock(self) -> Path:
        return self.home.with_name(self.home.name + ".lock")

    @property
    def _note(self) -> Path:
        return self.home / "run.json"

    @property
    def _noted(self) -> processes.Note:
        return processes.Note.load(self._note)

    def _prepare(self) -> None:
        made_from = self.home / MARK
        if made_from.exists() and made_from.read_text(encoding="utf-8") == digest():
            return
        self._remove()
        self.home.mkdir(parents=True)
        made_from.write_text("unfinished", encoding="utf-8")
        copy_template(self.cache, self.install(), self.database_kind, self.home)
        self.home.chmod(0o755)
        self.database.start()
        self.database.script([(SET_MARKUP, {"markup": self.markup})])
        give_out(self.database, self.home / "users.json", self.bridge_key_file)
        self.__dict__.pop("_accounts", None)
        processes.write(made_from, digest())

    def _remove(self) -> None:
        if self.home.is_dir() and any(self.home.iterdir()) and not any((self.home / m).exists() for m in MARKS):
            raise PermanentError(f"{self.home} has other things in it; take an empty folder for the demo's Redmine")
        shutil.rmtree(self.home, ignore_errors=True)

    def _start(self) -> None:
        self._port = processes.free_port(self.port)
        database = self.database.start()
        sink = self._start_sink()
        processes.Note({"sink": sink}, self._port).save(self._note)
        self.database.script([(FORGET_HOST, {}), (SET_HOST, {"host": self.url.removeprefix("http://")})])
        puma = self._start_puma()
        found = {"puma": puma, "sink": sink} | ({"database": database} if database else {})
        processes.Note(found, self._port).save(self._note)
        if not processes.wait_until(lambda: self._answers() or not puma.alive, 90) or not puma.alive:
            self._stop()
            raise PermanentError(f"Redmine did not start; see {self.home / 'puma.log'} and {self.log}")

    def _start_sink(self) -> processes.Process:
        folder = self.home / "mail"
        folder.mkdir(exist_ok=True)
        told = folder / "port"
        wanted = processes.free_port(int(told.read_text(encoding="utf-8")) if told.exists() else 0)
        told.unlink(missing_ok=True)
        command = [sys.executable, "-m", "bridge.demo.sink", "--folder", str(folder), "--port", str(wanted)]
        env = processes.clean_environment(PYTHONPATH=str(HERE.parent.parent))
        sink = processes.spawn(command, env=env, cwd=self.home, log=self.home / "sink.log")
        self._layout.configure(wanted)
        return sink

    def _start_puma(self) -> processes.Process:
        puma = [
            "bundle",
            "exec",
            "puma",
            "-e",
            "production",
            "-w",
            str(self.workers),
            "-t",
            "2:8",
            "-b",
            f"tcp://{processes.LOOPBACK}:{self.port}",
        ]
        layout = self._layout
        # Ruby's compiler: a sixth less processor time for a quarter of a gigabyte; where Ruby lacks it, nothing.
        environment = layout.environment() | {"RUBY_YJIT_ENABLE": "1"}
        return processes.spawn(puma, env=environment, cwd=layout.app, log=self.home / "puma.log")

    def _stop(self) -> None:
        noted = self._noted
        for name in ("puma", "sink"):
            if name in noted.processes:
                noted.processes[name].stop()
        if (self.home / "data").exists():
            self.database.stop()
        if noted.processes:
            processes.Note({}, noted.port).save(self._note)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/login", timeout=30) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200) and self._sink_listens()
        except OSError:
            return False

    def _sink_listens(self) -> bool:
        return (self.home / "mail" / "port").exists()


def _made_with(home: Path) -> DatabaseKind | None:
    if (home / "data" / "postgresql").exists():
        return "postgresql"
    return "sqlite" if (home / "data" / "redmine.sqlite3").exists() else None


def main(arguments: list[str] | None = None) -> int:
    """Start, stop or show a Redmine by hand."""
    parser = argparse.ArgumentParser(prog="python -m bridge.demo.server", description=main.__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--database", choices=["sqlite", "postgresql"])
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--markup", choices=["textile", "common_mark"], default="textile")
    given = parser.parse_args(arguments)
    try:
        server = RedmineServer(given.home, given.port, given.database, cache=given.cache, markup=given.markup)
        return _act(server, given.action)
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _act(server: RedmineServer, action: str) -> int:
    if action == "up":
        server.start()
    if action == "down":
        server.stop()
    running = server.running
    if running:
        sys.stdout.write(
            f"{server.url}  users and keys: {server.home / 'users.json'}  bridge's key: {server.bridge_key_file}\n"
        )
    else:
        sys.stdout.write("not running\n")
    return 0 if running is (action != "down") else 1


if __name__ == "__main__":
    sys.exit(main())
