"""All that can be known of a ticket at one moment: what `decide` decides from, and what `show` and `explain` show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from bridge.core.approval import ApprovalState, approval_of
from bridge.core.events import Chronicle, Event
from bridge.core.fields import Fields, read_fields
from bridge.core.model import Audience, History, Language, Role, State, Step, Ticket
from bridge.core.partners import Choice, choose
from bridge.core.policy import Department, Policy, Route
from bridge.core.rules import Routing, facts_of, language_of, route, routing_of
from bridge.core.terms import Standing, standing_of


@dataclass(frozen=True)
class Assessment:
    """One ticket at `now`."""

    chronicle: Chronicle
    policy: Policy
    now: datetime
    routing: Routing
    fields: Fields
    approval: ApprovalState
    standing: Standing

    @property
    def ticket(self) -> Ticket:
        """The ticket as it was known at `now`."""
        return self.chronicle.ticket

    @property
    def state(self) -> State:
        """The ticket's attributes at `now`."""
        return self.ticket.current

    @property
    def route(self) -> Route:
        """The route that the ticket takes."""
        return self.routing.route

    @property
    def kind(self) -> str:
        """The kind of request (policy, "What is included")."""
        return self.route.kind

    @property
    def language(self) -> Language:
        """The language that the customer writes in."""
        return language_of(self.ticket.created)

    @property
    def department(self) -> Department:
        """Whose the ticket is now."""
        return self.standing.department

    @property
    def lead(self) -> str:
        """Who is told when a term is about to be or has been missed."""
        return self.department.lead or self.policy.lead

    @property
    def whom_on_staff(self) -> Audience:
        """Who on the staff's side has the ticket: the person it is assigned to, else the department."""
        is_person = self.state.assigned_to and self.state.assigned_to not in self.policy.groups
        return Audience.ASSIGNEE if is_person else Audience.DEPARTMENT

    @property
    def in_scope(self) -> bool:
        """Whether the ticket stands in a tracker that the bridge looks after."""
        trackers = self.policy.redmine.scope.trackers
        return not self.state.tracker or self.state.tracker in trackers

    @property
    def is_closed(self) -> bool:
        """Whether the ticket is closed."""
        return self.state.status in self.policy.redmine.statuses.closed

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the required fields that say nothing, needed and wanted."""
        return self.fields.missing(self.kind)

    @cached_property
    def staff_words(self) -> tuple[Event, ...]:
        """Public notes of staff to the customer."""
        return tuple(
            event for event in self.chronicle.by(Role.STAFF) if event.words and not self.chronicle.is_contact(event)
        )

    @cached_property
    def partners(self) -> Choice:
        """The partners for what this ticket asks for; none where the rules have no directory."""
        return choose(facts_of(self.chronicle, self.policy, self.state.fields), self.policy.directory)

    @cached_property
    def route_before(self) -> Route | None:
        """The route as it was when the bridge last looked and wrote; None before the first time (R3)."""
        routed = [
            event
            for event in self.chronicle.events
            if event.did(
                Step.ACKNOWLEDGE, Step.ROUTE, Step.ASK, Step.OUT_OF_SCOPE, Step.REQUEST_APPROVAL, Step.HAND_OVER
            )
        ]
        if not routed:
            return None
        index = routed[-1].index
        facts = facts_of(self.chronicle, self.policy, self.chronicle.events[index].before.fields, upto=index)
        return route(facts, self.policy).route


def assess(ticket: Ticket, history: History, policy: Policy, now: datetime) -> Assessment:
    """Read the ticket's history with the rules; journals after `now` are not seen.

    Raises:
        CalendarDataError: the term reaches into a year without data.
    """
    seen = ticket.seen_at(now)
    considered = seen.as_considered(history.saw)
    chronicle = Chronicle(considered, history.as_considered(seen, considered), policy)
    routing = routing_of(chronicle, policy, chronicle.ticket.current.fields)
    fields = read_fields(chronicle, policy, routing.route.kind)
    approval = approval_of(chronicle, policy, routing.route)
    standing = standing_of(chronicle, routing.route, fields, approval, now)
    return Assessment(chronicle, policy, now, routing, fields, approval, standing)
