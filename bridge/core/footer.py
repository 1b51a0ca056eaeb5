"""The visible footer of the bridge's notes (P4): it names the ticket, the steps and their ordinals, and is how a repeat is recognised."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bridge.core.model import ANY_ORDINAL, PRIVATE, Journal, Language, OwnStep, Role, Step
from bridge.core.text import QUOTED

LABELS: Final[dict[Step, tuple[str, str]]] = {
    Step.ACKNOWLEDGE: ("подтверждение", "acknowledgement"),
    Step.ASK: ("запрос сведений", "request for information"),
    Step.THANK: ("благодарность", "thanks"),
    Step.ROUTE: ("распределение", "routing"),
    Step.HAND_OVER: ("передача", "hand-over"),
    Step.REQUEST_APPROVAL: ("запрос согласования", "request for approval"),
    Step.PROPOSE: ("предложение ответа", "proposed answer"),
    Step.OUT_OF_SCOPE: ("вне рамок пресейла", "out of scope"),
    Step.SET_TERM: ("срок", "term"),
    Step.EXTEND: ("продление срока", "extension"),
    Step.REMIND: ("напоминание", "reminder"),
    Step.ESCALATE: ("эскалация", "escalation"),
    Step.NUDGE: ("повторная просьба", "nudge"),
    Step.CLOSE: ("закрытие", "closing"),
    Step.REOPEN: ("возобновление", "reopening"),
}
_BY_LABEL: Final = {label: step for step, labels in LABELS.items() for label in labels}
_FOOTER: Final = re.compile(r"^(?:Автоматическое сообщение · №|Automatic message · No\. )(\d+) · (.+)$")
_ITEM: Final = re.compile(r"^(.+?)(?: (\d+))?$")


def render(ticket_id: int, steps: Iterable[OwnStep], language: Language) -> str:
    """The footer line: «Автоматическое сообщение · №1234 · запрос сведений 1»."""
    column = 0 if language is Language.RU else 1
    items = ", ".join(
        f"{LABELS[step.step][column]} {step.ordinal}" if step.ordinal else LABELS[step.step][column] for step in steps
    )
    return notice(ticket_id, items, language)


def notice(ticket_id: int, what: str, language: Language) -> str:
    """The footer of a note that is the bridge's and no step: what the mail channel tells staff or a customer."""
    head = "Автоматическое сообщение · №" if language is Language.RU else "Automatic message · No. "
    return f"{head}{ticket_id} · {what}"


def last_line(notes: str) -> str:
    """The last line with anything on it; a quoted line counts as what it is."""
    return next((line.strip() for line in reversed(notes.splitlines()) if line.strip()), "")


def _last_unquoted_line(notes: str) -> str:
    """The last line with anything on it that is no quotation (P4): what is quoted below a footer does not hide it."""
    own = (line.strip() for line in reversed(notes.splitlines()))
    return next((line for line in own if line and not line.startswith(QUOTED)), "")


def ticket_of(notes: str) -> int | None:
    """The ticket that a note's footer names; None for a note without one."""
    found = _FOOTER.match(_last_unquoted_line(notes))
    return int(found[1]) if found else None


def is_footer(notes: str) -> bool:
    """Whether a note ends in a footer, this ticket's or another's."""
    return ticket_of(notes) is not None


def parse(ticket_id: int, journal: Journal) -> tuple[OwnStep, ...]:
    """The steps that a journal shows the bridge to have done: in its own words, and the footer names this ticket (P4)."""
    found = _FOOTER.match(_last_unquoted_line(journal.notes))
    if journal.by.role is not Role.BRIDGE or found is None or int(found[1]) != ticket_id:
        return ()
    return tuple(step for item in found[2].split(", ") for step in _step(item, journal))


def _step(item: str, journal: Journal) -> tuple[OwnStep, ...]:
    found = _ITEM.match(item.strip())
    if found is None or found[1] not in _BY_LABEL:
        return ()
    anchor = PRIVATE if journal.private else ""
    return (OwnStep(_BY_LABEL[found[1]], int(found[2] or ANY_ORDINAL), journal.at, anchor),)


def speaker_role(journal: Journal) -> Role:
    """Who really spoke: a note of the bridge's account without a footer is a person's, on the staff's side (P3, P4)."""
    role = journal.by.role
    if role is Role.BRIDGE and journal.notes.strip() and not is_footer(journal.notes):
        return Role.STAFF
    return role
