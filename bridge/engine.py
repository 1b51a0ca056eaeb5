"""One ticket: read, settle what is unknown, decide, claim, write, read back, confirm."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from bridge.budget import BRAKE, BrakeError, Budget, Rate, RateError
from bridge.core import footer
from bridge.core.assess import Assessment, assess
from bridge.core.decide import next_moment, wants
from bridge.core.decisions import Decision
from bridge.core.messages import compose
from bridge.core.model import Attribute, Change, Journal, OwnStep, Role, State, Ticket, Write
from bridge.core.policy import Policy
from bridge.errors import NotDoneError, NotFoundError, PermanentError
from bridge.ports import Claim, ClaimState, Known, Store, Tracker

__all__ = ["BRAKE", "BrakeError", "Budget", "Engine", "Look", "Rate", "RateError", "Result"]

log: Final = logging.getLogger("bridge.engine")


class Result(StrEnum):
    """What became of looking at one ticket."""

    NOTHING = "nothing"
    WRITTEN = "written"
    UNKNOWN = "unknown"
    OLD = "old"
    SHADOW = "shadow"
    GONE = "gone"


@dataclass(frozen=True)
class Look:
    """What was found and done for one ticket."""

    ticket_id: int
    result: Result
    decisions: tuple[Decision, ...] = ()
    writes: tuple[Write, ...] = ()
    troubles: tuple[str, ...] = ()
    assessment: Assessment | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Engine:
    """Brings one ticket to where the rules want it. `now` comes in; `run` names the pass in the log.

    `others` says when somebody else has to see a ticket: a crash before they do must not forget it.
    """

    tracker: Tracker
    store: Store
    policy: Policy
    run: str
    report: Callable[[str], None] = log.warning
    others: Callable[[Ticket, datetime], datetime | None] = lambda *_: None

    def assess(self, ticket_id: int, now: datetime, *, keep: bool = True) -> Assessment | None:
        """Read the ticket and all that is known of it; None when it is not in scope any more. `keep` remembers who spoke (P1)."""
        ticket = self.tracker.read(ticket_id)
        return None if ticket is None else self._assess(ticket, now, keep=keep)

    def _assess(self, ticket: Ticket, now: datetime, *, keep: bool = True) -> Assessment:
        """Redmine's clock may be ahead of ours: whatever stands in the ticket has happened."""
        seen_at = max([now, *(journal.at for journal in ticket.journals)])
        return assess(self._with_kept_roles(ticket, keep=keep), self.store.history(ticket.id), self.policy, seen_at)

    def plan(self, ticket_id: int, now: datetime) -> Look:
        """What `look` would do; writes nothing, neither to Redmine nor to the store."""
        a = self.assess(ticket_id, now, keep=False)
        if a is None:
            return Look(ticket_id, Result.GONE)
        decisions = wants(a)
        result = self._brake(a) or (Result.WRITTEN if decisions else Result.NOTHING)
        return Look(ticket_id, result, decisions, compose(decisions, a), assessment=a)

    def look(self, ticket_id: int, now: datetime, read_at: datetime, budget: Budget) -> Look:
        """Do what the ticket wants at `now`; `read_at` is the server's time before which all changes are seen.

        Raises:
            TemporaryError, PermanentError: the ticket could not be read or written; nothing else is affected (W6).
            BrakeError: the pass has no writes left (W5).
            RateError: the minute has none left.
        """
        try:
            ticket = self.tracker.read(ticket_id)
        except NotFoundError:
            ticket = None
        if ticket is None:
            self.store.forget(ticket_id)
            return Look(ticket_id, Result.GONE)
        a, troubles = self._assess(ticket, now), list[str]()
        wait = self._settle(a, now, troubles)
        if wait:
            self._keep(a, read_at, wait)
            return Look(ticket_id, Result.UNKNOWN, troubles=tuple(troubles), assessment=a)
        if troubles:
            ticket = self.tracker.read(ticket_id) or ticket
        return self._carry_out(self._assess(ticket, now), now, read_at, budget, troubles)

    # --- people ---------------------------------------------------------------------------------------------------------------------------

    def _with_kept_roles(self, ticket: Ticket, *, keep: bool) -> Ticket:
        """Who spoke is decided when a journal is first seen, and kept (P1)."""
        kept = self.store.roles(ticket.id)
        fresh = {journal.id: journal.author.role for journal in ticket.journals if journal.id not in kept}
        if fresh and keep:
            self.store.keep_roles(ticket.id, fresh)
        journals = tuple(
            replace(journal, author=replace(journal.author, role=kept.get(journal.id, journal.author.role)))
            for journal in ticket.journals
        )
        return replace(ticket, journals=journals)

    # --- what is unknown ------------------------------------------------------------------------------------------------------------------

    def _settle(self, a: Assessment, now: datetime, troubles: list[str]) -> datetime | None:
        """Settle claims of unknown outcome from what stands in Redmine (W3); when to look again if that is not possible yet."""
        wait: datetime | None = None
        settled: set[int] = set()
        for claim in self.store.claims(a.ticket.id):
            found = self._journal_of(claim, a)
            if found is not None:
                troubles += self._aftermath(a, claim, found) if found.id not in settled else ()
                settled.add(found.id)
                self.store.settle(claim, ClaimState.CONFIRMED, found.at, found.id)
            elif now < (until := self._claimed_at(claim, now) + self.policy.limits.settle_unknown):
                wait = max(wait or until, until)
            else:
                self.store.release(claim)
        return wait

    def _claimed_at(self, claim: Claim, now: datetime) -> datetime:
        """When a step was claimed. A clock far ahead that was set right has left a moment which cannot be: then it counts from now on (W3)."""
        at = claim.at or now
        if at <= now + self.policy.limits.settle_unknown:
            return at
        self.store.release(claim)
        self.store.claim([claim], now)
        return now

    def _aftermath(self, a: Assessment, claim: Claim, found: Journal) -> Iterator[str]:
        """What would have followed the write if its answer had come: W2 and W4, each done once whatever else is interrupted."""
        if claim.anchor and not found.private:
            yield self._came_out_public(a, found)
        for made in found.changes if claim.saw is not None and not claim.anchor else ():
            if made.old != _seen_up_to(claim.saw or 0, a.ticket).value_of(made):
                yield from self._put_back(a, a.ticket, made, made)

    def _journal_of(self, claim: Claim, a: Assessment) -> Journal | None:
        """The note that shows a claimed step as done; of a reminder's step there can be earlier notes, which are confirmed already."""
        journals = [
            event.journal
            for event in a.chronicle.events
            if any(
                own.step is claim.step
                and own.ordinal == claim.ordinal
                and (_same_side(own, claim) or _may_have_come_out_public(claim, event.journal))
                for own in event.steps
            )
        ]
        settled = sum(
            own.step is claim.step and own.ordinal == claim.ordinal
            for own in a.chronicle.history.done
            if _same_side(own, claim)
        )
        return journals[-1] if len(journals) > settled else None

    # --- deciding and writing -------------------------------------------------------------------------------------------------------------

    def _brake(self, a: Assessment) -> Result | None:
        limits = self.policy.limits
        if a.standing.terms[0].start < limits.not_before and not self.store.adopted(a.ticket.id):
            return Result.OLD
        return Result.SHADOW if limits.shadow or a.route.shadow else None

    def _carry_out(self, a: Assessment, now: datetime, read_at: datetime, budget: Budget, troubles: list[str]) -> Look:
        decisions = wants(a)
        held = self._brake(a)
        self._log(a, decisions, held, now)
        if held or not decisions:
            self._keep(a, read_at, next_moment(a))
            return Look(a.ticket.id, held or Result.NOTHING, decisions, troubles=tuple(troubles), assessment=a)
        writes = self._allowed(compose(decisions, a), a)
        budget.take(len(writes))
        ticket = a.ticket
        for write in writes:
            ticket = self._write(a, write, now, troubles) or ticket
        after = self._assess(ticket, now) if writes else a
        self._keep(after, read_at, next_moment(after))
        return Look(a.ticket.id, Result.WRITTEN if writes else Result.NOTHING, decisions, writes, tuple(troubles), a)

    def _allowed(self, writes: tuple[Write, ...], a: Assessment) -> tuple[Write, ...]:
        """Private notes only where the right to write one is proven, and none came out public before (W2)."""
        if all(not write.private for write in writes):
            return writes
        project = a.state.project
        if self.store.get(_public_in(a)) or not self.tracker.may_write_private(project):
            self._once(
                f"no right: {project}",
                f"project «{project}»: no right to write private notes, so staff are not reminded there",
            )
            return tuple(write for write in writes if not write.private)
        return writes

    def _once(self, name: str, sentence: str) -> None:
        if not self.store.get(f"said: {name}"):
            self.store.set(f"said: {name}", "yes")
            self.report(sentence)

    def _write(self, a: Assessment, write: Write, now: datetime, troubles: list[str]) -> Ticket | None:
        """Claim, write, read back, confirm (W3); the ticket as it was read back."""
        saw = max((journal.id for journal in a.ticket.journals), default=0)
        claims = [Claim(a.ticket.id, own.step, own.ordinal, own.anchor, saw=saw) for own in write.steps]
        if not self.store.claim(claims, now):
            log.info("ticket %s: another process is at it", a.ticket.id)
            return None
        try:
            troubles += self.tracker.write(a.ticket.id, write)
        except (PermanentError, NotDoneError):
            for claim in claims:
                self.store.release(claim)
            raise
        ticket = self.tracker.read(a.ticket.id)
        if ticket is not None:
            troubles += self._confirm(a, write, claims, ticket, now)
        return ticket

    def _confirm(
        self, a: Assessment, write: Write, claims: list[Claim], ticket: Ticket, now: datetime
    ) -> Iterator[str]:
        known = {journal.id for journal in a.ticket.journals}
        fresh = [journal for journal in ticket.journals if journal.id not in known]
        own = next((journal for journal in fresh if _is_ours(write, journal, ticket.id)), None)
        if write.notes and own is None:
            yield f"ticket {ticket.id}: Redmine took the note and did not keep it; check that the bridge's role may add notes"
        if own is not None and write.private and not own.private:
            yield self._came_out_public(a, own)
        yield from self._check_changes(a, write, fresh, ticket, now)
        state = ClaimState.REFUSED if write.notes and own is None else ClaimState.CONFIRMED
        for claim in claims:  # last: what is not settled is looked at again after a crash
            self.store.settle(claim, state, own.at if own else now, own.id if own else None)

    def _came_out_public(self, a: Assessment, own: Journal) -> str:
        """A private note that everybody can read: blanked, reported as mailed already, and none more in this project (W2)."""
        self.store.set(_public_in(a), "came out public")
        self.tracker.blank(own.id)
        return f"ticket {a.ticket.id}: a private note came out public and was blanked; it was already mailed. No more private notes in «{a.state.project}»"

    def _check_changes(
        self, a: Assessment, write: Write, fresh: list[Journal], ticket: Ticket, now: datetime
    ) -> Iterator[str]:
        ours = [journal for journal in fresh if _is_ours(write, journal, ticket.id)]
        for change in write.changes:
            made = next(
                (c for journal in ours for c in journal.changes if _same(c, change) and c.new == change.new), None
            )
            if made is None and ticket.current.value_of(change) != change.new and not _by_others(fresh, ours, change):
                if self.store.refuse(ticket.id, change.attribute, change.name, change.new, now):
                    yield f"ticket {ticket.id}: Redmine did not take {_named(change)}{_shown(change, change.new)}; it is not tried again"
            elif made is not None and made.old != change.old:
                yield from self._put_back(a, ticket, change, made)

    def _put_back(self, a: Assessment, ticket: Ticket, change: Change, made: Change) -> Iterator[str]:
        """A person changed it between reading and writing: their value goes back (W4), unless it was changed again since."""
        if ticket.current.value_of(change) != change.new:
            return
        back = Change(change.attribute, change.new, made.old, change.name)
        yield from self.tracker.write(a.ticket.id, Write((), changes=(back,)))
        yield f"ticket {a.ticket.id}: somebody had set {_named(change)}{_shown(change, made.old, 'to ')} meanwhile; it was put back"

    # --- memory ---------------------------------------------------------------------------------------------------------------------------

    def _keep(self, a: Assessment, read_at: datetime, next_at: datetime | None) -> None:
        updated_on = a.ticket.updated_on or a.ticket.created_on
        clock = Result.OLD.value if self._brake(a) is Result.OLD else a.standing.clock.value
        due = a.standing.due
        wake = min((at for at in (next_at, self.others(a.ticket, a.now)) if at), default=None)
        self.store.keep(Known(a.ticket.id, updated_on, read_at, wake, closed=a.is_closed, clock=clock, due=due))

    def _log(self, a: Assessment, decisions: tuple[Decision, ...], held: Result | None, now: datetime) -> None:
        for decision in decisions:
            note = f" ({held}: not written)" if held else ""
            reason = decision.reason + note
            more = {"ticket": a.ticket.id, "step": decision.step.value, "reason": reason, "run": self.run}
            log.info("ticket %s: %s: %s [%s]", a.ticket.id, decision.step, reason, self.run, extra=more)
            self.store.log(self.run, a.ticket.id, now, [OwnStep(decision.step, 0, now)], reason)


def _same_side(own: OwnStep, claim: Claim) -> bool:
    """Public steps have no anchor; private ones and reminders have one."""
    return bool(own.anchor) == bool(claim.anchor)


def _is_written(ticket_id: int, journal: Journal, write: Write) -> bool:
    shown = {(own.step, own.ordinal) for own in footer.parse(ticket_id, journal)}
    return {(own.step, own.ordinal) for own in write.steps} <= shown


def _is_ours(write: Write, journal: Journal, ticket_id: int) -> bool:
    """Whether a journal is this write's: it has the footer, or is without words where only attributes were written."""
    if write.notes:
        return _is_written(ticket_id, journal, write)
    return journal.author.role is Role.BRIDGE and not journal.notes


def _same(one: Change, other: Change) -> bool:
    return one.attribute is other.attribute and one.name == other.name


def _seen_up_to(saw: int, ticket: Ticket) -> State:
    """The state that had been read when a step was claimed: up to the last journal of then."""
    state = ticket.created
    for journal in ticket.journals:
        state = state.after(journal) if journal.id <= saw else state
    return state


def _may_have_come_out_public(claim: Claim, journal: Journal) -> bool:
    """Whether a public note can be what was claimed as a private one: staff are told first, so nothing public was written in between."""
    return bool(claim.anchor) and claim.saw is not None and journal.id > claim.saw


def _public_in(a: Assessment) -> str:
    """Name of the setting that keeps private notes out of a project where one came out public (W2)."""
    return f"no private notes: {a.state.project}"


def _by_others(fresh: list[Journal], ours: list[Journal], change: Change) -> bool:
    return any(_same(c, change) for journal in fresh if journal not in ours for c in journal.changes)


def _named(change: Change) -> str:
    return (
        f"the field «{change.name}»"
        if change.attribute is Attribute.FIELD
        else f"the {change.attribute.value.replace('_', ' ')}"
    )


def _shown(change: Change, value: str, before: str = "") -> str:
    """A value as a trouble may tell it: neither a person's name nor what a customer wrote, since it is logged."""
    is_personal = change.attribute in (Attribute.ASSIGNEE, Attribute.FIELD)
    return "" if is_personal else f" {before}«{value}»"
