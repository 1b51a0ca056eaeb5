"""Nudging and closing where a customer stays silent (F6): off as shipped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from bridge.core.assess import Assessment
from bridge.core.decisions import Close, Nudge
from bridge.core.model import Role, Step
from bridge.core.policy import Silence
from bridge.core.terms import Clock


def silence(a: Assessment) -> Iterator[Nudge | Close]:
    """A warning, later the closing; only where nobody but the bridge did anything since the last request."""
    rule, asked_at = a.policy.silence, a.chronicle.last(Step.ASK)
    if rule is None or asked_at is None or a.standing.clock is not Clock.PAUSED or _others_since(a, asked_at):
        return
    reason, warned_at = f"silence since {a.policy.calendar.local(asked_at).isoformat()}", _warned_at(a, asked_at)
    if warned_at is None and a.now >= _days_after(a, asked_at, rule.nudge_after):
        close_on = _close_on(a, rule, asked_at, a.now)
        yield Nudge(reason, a.fields.needed(a.kind), close_on)
    elif warned_at and a.now >= _close_on(a, rule, asked_at, warned_at):
        yield Close(reason, rule.status)


def silence_moments(a: Assessment) -> Iterator[datetime]:
    """When silence would have lasted long enough for the warning, and for the closing once warned."""
    rule, asked_at = a.policy.silence, a.chronicle.last(Step.ASK)
    if rule is None or asked_at is None:
        return
    yield _days_after(a, asked_at, rule.nudge_after)
    if warned_at := _warned_at(a, asked_at):
        yield _close_on(a, rule, asked_at, warned_at)


def _others_since(a: Assessment, at: datetime) -> bool:
    return any(event.at >= at and event.role not in (Role.BRIDGE, Role.ROBOT) for event in a.chronicle.events)


def _warned_at(a: Assessment, asked_at: datetime) -> datetime | None:
    return max((own.at for own in a.chronicle.done if own.step is Step.NUDGE and own.at > asked_at), default=None)


def _close_on(a: Assessment, rule: Silence, asked_at: datetime, warned_at: datetime) -> datetime:
    """So many working days after the request; after a warning that came late, as many after it as after one in time."""
    notice = max(rule.close_after - rule.nudge_after, 1)
    return max(_days_after(a, asked_at, rule.close_after), _days_after(a, warned_at, notice))


def _days_after(a: Assessment, at: datetime, days: int) -> datetime:
    return a.policy.calendar.closing_after(a.policy.calendar.date_of(at), days)
