"""The composition root: settings and rules make the engine and the jobs. The only place that reads the clock."""

from __future__ import annotations

import logging
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Final

from bridge.adapters.processes import is_gone, named
from bridge.adapters.redmine.connection import Connection, connect
from bridge.adapters.redmine.desk import RedmineDesk
from bridge.adapters.redmine.findings import Finding, Level
from bridge.adapters.redmine.impersonation import Impersonation
from bridge.adapters.redmine.meter import UNMEASURED, Meter
from bridge.adapters.redmine.online import check_online
from bridge.adapters.redmine.survey import survey
from bridge.adapters.redmine.tracker import RedmineTracker
from bridge.adapters.store import SqlStore
from bridge.core.model import Channel, Ticket
from bridge.core.outbound import unmailed_since
from bridge.core.policy import Policy
from bridge.core.rules import is_in_shadow
from bridge.engine import BRAKE, Budget, Engine, Look, Rate
from bridge.errors import NotFoundError, PermanentError, with_extra
from bridge.jobs import Exit, Flag, Pass, Summary
from bridge.mail.office import MailOffice
from bridge.policy.found import Found
from bridge.policy.load import Loaded, load
from bridge.report.archive import Archive, made_by
from bridge.settings import Settings
from bridge.undo import Undo, Undone

log: Final = logging.getLogger("bridge.app")

LEASE: Final = timedelta(minutes=15)
"""How long a pass that died keeps others out, where nobody can tell that its process is gone."""


def clock() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 - the one place


@contextmanager
def _mail_extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        told = f"The rules have a section `mail`, which needs {error.name}: {with_extra('mail')}"
        raise PermanentError(told) from None


@dataclass
class App:
    """Everything that a command needs, made when it is first used. `meter` is told of requests, `progress` called as a pass goes on."""

    settings: Settings
    rules_given: str | None
    find: Callable[[str | None], Path]
    meter: Meter = UNMEASURED
    progress: Callable[[], None] = lambda: None

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

    def reload(self) -> None:
        """Read the rules again, and forget what was made of the old ones.

        Raises:
            PolicyError, PermanentError: they, or the settings with them, cannot be used; the old ones stay.
        """
        fresh = replace(self)
        fresh.loaded = load(self.rules, self.now())
        fresh.require()
        self.loaded = fresh.loaded
        for made in ("tracker", "mail_office", "_desk"):
            self.__dict__.pop(made, None)

    def require(self) -> None:
        """Make of the settings what the rules need; nothing is connected, not even the store.

        Raises:
            PolicyError, PermanentError: something is missing or cannot be used, and would not do at any pass.
        """
        _ = self.tracker
        if self.policy.mail is not None:
            _ = self._desk
            self.settings.require_mail()
            with _mail_extra():
                from bridge.mail.opening import open_mailbox, open_postman, threads_of  # noqa: PLC0415 - as below
            open_mailbox(self.settings, self.policy.mail)
            open_postman(self.settings)
            threads_of(self.settings, self.policy.mail)

    def close(self) -> None:
        """Let go of the store, where it was opened."""
        if "store" in self.__dict__:
            self.store.close()

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
            self.settings.redmine_url,
            self.settings.redmine_key,
            self.settings.plain_http,
            ca=self.settings.ca,
            meter=self.meter,
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
        with _mail_extra():
            from bridge.mail.opening import Cabinet, open_office  # noqa: PLC0415 - an extra that others do without
        cabinet = Cabinet(self.tracker, self._desk, self.store)
        return open_office(self.settings, self.policy, self.policy.mail, cabinet)

    def check_online(self) -> tuple[Finding, ...]:
        """The rules against the live Redmine and, where the rules have a mailbox, the mail servers."""
        found = check_online(self.tracker, self.policy)
        if self.policy.mail is None:
            return found
        self.settings.require_mail()
        from bridge.mail.opening import check_servers  # noqa: PLC0415 - an extra that others do without

        remedy = "Correct the settings (docs/mail.md)"
        wrong = check_servers(self.settings, self.policy.mail, self.now())
        return (*(Finding(Level.ERROR, f"mail: {sentence}", remedy) for sentence in wrong), *found)

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
        return Engine(self.tracker, self.store, self.policy, run or self.new_run(), others=self._when_to_mail)

    def _when_to_mail(self, ticket: Ticket, now: datetime) -> datetime | None:
        """When a ticket has notes to be mailed; never where nothing is mailed."""
        mail = self.policy.mail
        if mail is None or ticket.channel is not Channel.MAIL or is_in_shadow(ticket, self.policy):
            return None
        return unmailed_since(ticket, mail, self.store.post.posted(ticket.id), now)

    @property
    def rate(self) -> Rate:
        """How fast Redmine may be written to (`limits.writes_per_minute`)."""
        return Rate(self.store, self.policy.limits.writes_per_minute, self.now)

    def new_run(self) -> str:
        """A name for a run that sorts by time and is not given twice."""
        return f"{self.now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"

    def run_pass(self, stopping: Flag | None = None, *, tickets: bool = True) -> Summary:
        """One pass, unless another one is at work on the same store; without `tickets` over the mail alone."""
        return self._leased(stopping, lambda one: one.run(tickets=tickets))

    def run_hints(self, hints: Mapping[int, str], budget: Budget, stopping: Flag | None = None) -> Summary:
        """A pass over these tickets alone (each with its tracker's name, or ""), unless another one is at work on the same store."""
        return self._leased(stopping, lambda one: one.run_for(hints, budget))

    def _leased(self, stopping: Flag | None, work: Callable[[Pass], Summary]) -> Summary:
        run, lost = self.new_run(), Flag()
        owner = f"{named(os.getpid())} {run}"
        if not self._begin(owner):
            return Summary(run, self.now(), exit=Exit.BUSY, why="another pass is at work on this store")

        def renew() -> None:
            self.progress()
            if not self.store.renew_pass(owner, self.now(), LEASE):
                lost.set()  # taken over meanwhile: this process slept, or a clock jumped

        def stops() -> bool:
            return lost.is_set() or bool(stopping and stopping.is_set())

        try:
            return work(
                Pass(self.engine(run), self.now(), stopping=stops, renew=renew, mail=self.mail_office, rate=self.rate)
            )
        finally:
            self.store.release_pass(owner)

    def _begin(self, owner: str) -> bool:
        """Begin a pass; one whose process is gone is ended first, so that after a kill nobody waits until its time is over."""
        if self.store.acquire_pass(owner, self.now(), LEASE):
            return True
        before = self.store.pass_owner()
        if not is_gone(before):
            return False
        log.warning("the pass of a process that is gone is taken over: %s", before)
        self.store.release_pass(before)
        return self.store.acquire_pass(owner, self.now(), LEASE)

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
