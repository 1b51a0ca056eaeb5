"""The composition root: settings and rules make the engine and the jobs. The only place that reads the clock."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

import schedule

from bridge.adapters.redmine.connection import Connection, connect
from bridge.adapters.redmine.desk import RedmineDesk
from bridge.adapters.redmine.impersonation import Impersonation
from bridge.adapters.redmine.survey import survey
from bridge.adapters.redmine.tracker import RedmineTracker
from bridge.adapters.store import SqlStore
from bridge.core.model import Ticket
from bridge.core.policy import Policy
from bridge.engine import BRAKE, Engine, Look
from bridge.errors import BridgeError, NotFoundError, PermanentError
from bridge.jobs import Exit, Pass, Summary
from bridge.mail.office import MailOffice
from bridge.policy.found import Found
from bridge.policy.load import Loaded, load
from bridge.report.archive import Archive, made_by
from bridge.settings import Settings
from bridge.undo import Undo, Undone

log: Final = logging.getLogger("bridge")

MAIL_EXTRA: Final = "install the bridge with its extra: pip install 'presale-bridge[mail]'"
LEASE: Final = timedelta(minutes=15)
"""How long a pass that died keeps others out."""


def clock() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


@dataclass
class App:
    """Everything that a command needs, made when it is first used."""

    settings: Settings
    rules_given: str | None
    find: Callable[[str | None], Path]

    @cached_property
    def rules(self) -> Path:
        """The rules file."""
        return self.find(self.rules_given)

    def now(self) -> datetime:
        """The present moment, in UTC."""
        return clock()

    @cached_property
    def loaded(self) -> Loaded:
        """The rules, with their warnings."""
        return load(self.rules, self.now())

    @property
    def policy(self) -> Policy:
        """The rules."""
        return self.loaded.policy

    @cached_property
    def store(self) -> SqlStore:
        """The store; its tables are made or upgraded when it is opened."""
        return SqlStore(self.settings.store_url)

    @cached_property
    def connection(self) -> Connection:
        """Where Redmine is."""
        self.settings.require_redmine()
        return Connection(
            self.settings.redmine_url, self.settings.redmine_key, self.settings.plain_http, ca=self.settings.ca
        )

    @cached_property
    def tracker(self) -> RedmineTracker:
        """The cabinet."""
        name_field = self.policy.mail.name_field if self.policy.mail else ""
        redmine = connect(self.connection)
        departments = self.policy.departments.values()
        return RedmineTracker(redmine, self.policy.redmine, departments, self.now, mail_name_field=name_field)

    @cached_property
    def mail_office(self) -> MailOffice | None:
        """The mail channel, where the rules have one.

        Raises:
            PermanentError: the settings lack a server, a password or the threads' secret; the extra `mail` is not installed.
        """
        if self.policy.mail is None:
            return None
        try:
            from bridge.mail.opening import Cabinet, open_office  # noqa: PLC0415 - an extra that others do without
        except ModuleNotFoundError as error:
            raise PermanentError(f"The rules have a section `mail`, which needs {error.name}: {MAIL_EXTRA}") from None
        cabinet = Cabinet(self.tracker, self._desk, self.store)
        return open_office(self.settings, self.policy, self.policy.mail, cabinet)

    @cached_property
    def _desk(self) -> RedmineDesk:
        mail, key = self.policy.mail, self.settings.impersonation_key
        wanted = mail is not None and mail.own_name
        if wanted and not key:
            raise PermanentError("`mail.own_name` is on, but PRESALE_BRIDGE_IMPERSONATION_KEY_FILE is not set")
        impersonation = Impersonation(replace(self.connection, key=key)) if wanted else None
        return RedmineDesk(self.tracker.client, self.tracker.names, impersonation)

    def found(self) -> Found:
        """What the cabinet has, looked up without any rules."""
        return survey(connect(self.connection), self.now)

    def engine(self, run: str = "") -> Engine:
        """An engine whose decisions are logged under a run's name."""
        return Engine(self.tracker, self.store, self.policy, run or self.new_run())

    def new_run(self) -> str:
        """A name for a run that sorts by time and is not given twice."""
        return f"{self.now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"

    def run_pass(self, stopping: threading.Event | None = None, *, tickets: bool = True) -> Summary:
        """One pass, unless another one is at work on the same store; without `tickets` over the mail alone."""
        run = self.new_run()
        owner = f"{socket.gethostname()} {os.getpid()} {run}"
        if not self.store.acquire_pass(owner, self.now(), LEASE):
            return Summary(run, self.now(), exit=Exit.BUSY, why="another pass is at work on this store")
        try:
            one = Pass(
                self.engine(run),
                self.now(),
                stopping=stopping.is_set if stopping else lambda: False,
                renew=lambda: self._renew(owner),
                mail=self.mail_office,
            )
            return one.run(tickets=tickets)
        finally:
            self.store.release_pass(owner)

    def _renew(self, owner: str) -> None:
        self.store.renew_pass(owner, self.now(), LEASE)

    def plan(self) -> list[Look]:
        """What a pass would do, on everything that is open and all that it would look at; writes nothing."""
        return Pass(self.engine("plan"), self.now()).plan()

    def past_tickets(self, since: datetime, cache: Path, bar: Callable[[int], Callable[[], None]]) -> list[Ticket]:
        """Everything in scope that changed since then, closed ones too; what was read before comes from the cache.

        `bar` is told how many there are, and what it returns is called after each.
        """
        archive = Archive(cache / sha256(self.connection.url.encode()).hexdigest()[:16] / made_by(self.policy))
        heads = self.tracker.changed(since).heads
        step = bar(len(heads))
        found: list[Ticket] = []
        for head in heads:
            with suppress(NotFoundError):  # deleted meanwhile
                found += filter(None, [archive.get(head.id, head.updated_on, self.tracker.read)])
            step()
        return found

    def undo(self, run: str, *, dry: bool) -> list[Undone]:
        """Put back what a run changed, where nobody has touched it since."""
        return list(Undo(self.tracker, self.store, dry=dry).run(run))

    def resume(self) -> str:
        """Let go of the brake; returns why it had been pulled, empty when it had not."""
        why = self.store.get(BRAKE)
        self.store.set(BRAKE, "")
        return why

    def serve(self, every: timedelta, stopping: threading.Event) -> None:
        """Passes on a schedule until told to stop; a pass that fails is logged and the next one comes in time."""
        scheduler = schedule.Scheduler()
        job = Guarded(lambda: self._logged_pass(stopping))
        scheduler.every(int(every.total_seconds())).seconds.do(job)
        job()
        while not stopping.is_set():
            scheduler.run_pending()
            stopping.wait(1)
        self.store.close()

    def _logged_pass(self, stopping: threading.Event) -> None:
        log.info("%s", self.run_pass(stopping))


@dataclass
class Guarded:
    """A job for `schedule`, which drops a job that raises and runs it first ever after (library trap): this one never raises."""

    work: Callable[[], None]

    def __call__(self) -> None:
        """Run it; whatever goes wrong is logged."""
        started = time.monotonic()
        try:
            self.work()
        except BridgeError as error:
            log.error("the pass failed: %s", error)  # noqa: TRY400 - a sentence for the operator says more than a traceback
        except Exception:
            log.exception("the pass failed")
        log.debug("took %.1f s", time.monotonic() - started)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set; a pass in its middle finishes the ticket it is at."""
    stopping = threading.Event()
    before = {number: signal.signal(number, lambda *_: stopping.set()) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
