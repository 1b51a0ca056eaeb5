"""What becomes of a mail that came in: one pure function judges, with the reason that the log, the quarantine and `mail explain` show."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from bridge.core import quotes
from bridge.core.answers import read_answer
from bridge.core.events import Chronicle
from bridge.core.fields import is_missing
from bridge.core.letter import Address, Automatic, Bounce, Letter
from bridge.core.machines import machine_of, writer_of
from bridge.core.model import EMPTY_HISTORY, Channel, Language, Person, Role, State, Ticket
from bridge.core.policy import FieldRule, MailLimits, Policy, ReplyToClosed, Text
from bridge.core.rules import Routing, routing_of
from bridge.core.subjects import is_forward, is_reply, number_in, topic, unnumbered
from bridge.core.text import language
from bridge.core.thanks import is_only
from bridge.core.threads import Threads
from bridge.core.words import fold

OWN_HEADER: Final = "X-Presale-Bridge"
"""Stands in every mail that the bridge sends."""
SUBJECT_AT_MOST: Final = 255
"""Characters of a subject in Redmine."""
_NO_TEXT: Final = Text("(письмо без текста)", "(mail without text)")
_NO_SUBJECT: Final = Text("(без темы)", "(no subject)")
_ITEM: Final = re.compile(r"^\s{0,3}(?:\d{1,2}\s?[.)]|[-*•])\s{0,3}")
_QUESTION_LINES: Final = 4
_QUESTION_CHARS: Final = 30
_TOPIC_BEGINS: Final = 40


@dataclass(frozen=True, slots=True)
class Thread:
    """The ticket that a letter's references stand for, as Redmine shows it: who may write into it (addresses as they are compared).

    `subject` is the one that its mails have; empty where that is not known.
    """

    ticket_id: int
    closed: bool
    people: frozenset[str]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """What is written into Redmine: `subject` without prefixes, `text` without quotes and signature; `cut` says that something was cut."""

    subject: str
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class AsTicket:
    """A new ticket; `linked` is the ticket that staff should look at beside it (a stranger in a thread, a number in the subject)."""

    reason: str
    content: Content
    linked: int | None = None


@dataclass(frozen=True, slots=True)
class AsNote:
    """A note on a ticket; `reopen` where the ticket is closed and the rules want it open again."""

    reason: str
    content: Content
    ticket_id: int
    reopen: bool = False


@dataclass(frozen=True, slots=True)
class LeaveAlone:
    """Not presale: people in the mailbox deal with it; no ticket, no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class FromMachine:
    """Sent by a machine: opens nothing, ends nothing, gets no answer. `kind` is None for the bridge's own mail.

    A bounce of a mail of ours names its ticket, so that staff can be told.
    """

    reason: str
    kind: Automatic | None = None
    ticket_id: int | None = None
    bounce: Bounce | None = None


@dataclass(frozen=True, slots=True)
class PutAside:
    """Into the quarantine, for a person to look at."""

    reason: str


Verdict = AsTicket | AsNote | LeaveAlone | FromMachine | PutAside

# --- what is written ------------------------------------------------------------------------------------------------------------------------


def content_of(letter: Letter, policy: Policy, thread: Thread | None = None) -> Content:
    """What a letter says for Redmine: without prefixes, quotes and signature; something stands there even where the mail said nothing."""
    reply = bool(letter.references) or is_reply(letter.subject)
    own = quotes.cut(letter.text, forwarded=is_forward(letter.subject), reply=reply)
    text = labelled(own.text, policy.required.fields) or _said_in_subject(letter, thread)
    spoken = language(f"{letter.subject}\n{own.text}")
    return Content(_shown_topic(topic(letter.subject), spoken), text or _NO_TEXT.get(spoken), own.cut)


def _said_in_subject(letter: Letter, thread: Thread | None) -> str:
    """The subject of a letter in a thread, where it is another one than the thread's."""
    said = topic(unnumbered(letter.subject))
    return "" if thread is None or not thread.subject or _same_topic(said, thread.subject) else said


def _same_topic(said: str, known: str) -> bool:
    """Whether they are one, of which mails may have the beginning only."""
    one, other = (" ".join(topic(unnumbered(subject)).casefold().split()) for subject in (said, known))
    return one == other or (len(one) >= _TOPIC_BEGINS and other.startswith(one.rstrip("…. ")))


def _shown_topic(subject: str, spoken: Language) -> str:
    if not subject:
        return _NO_SUBJECT.get(spoken)
    return subject if len(subject) <= SUBJECT_AT_MOST else f"{subject[: SUBJECT_AT_MOST - 1]}…"


def labelled(text: str, rules: Iterable[FieldRule]) -> str:
    """The text with the field's name before an answer that stands right under our quoted question, so that it can be read (F4)."""
    names = tuple(rules)
    lines = text.split("\n")
    return "\n".join(_with_label(lines, i, names) for i in range(len(lines)))


def _with_label(lines: list[str], at: int, rules: tuple[FieldRule, ...]) -> str:
    line = lines[at]
    if not at or not line.strip() or line.lstrip().startswith(">"):
        return line
    quoted = list(takewhile(lambda one: one.lstrip().startswith(">"), reversed(lines[:at][-_QUESTION_LINES:])))
    question = " ".join(one.lstrip(" >") for one in reversed(quoted))
    rule = next((rule for rule in rules if question and _asks_for(rule, question)), None)
    return f"{rule.name}: {line.strip()}" if rule and not read_answer(line, rules, ()) else line


def _asks_for(rule: FieldRule, question: str) -> bool:
    bare = fold(_ITEM.sub("", question))
    return any(bare.startswith(fold(asked)[:_QUESTION_CHARS]) for asked in (rule.question.ru, rule.question.en))


def fields_of(content: Content, policy: Policy) -> dict[str, str]:
    """What labels in a mail fill: «Сведения о системе: …» (F4); what says nothing fills nothing (F2)."""
    rules = {rule.name: rule for rule in policy.required.fields}
    found = read_answer(content.text, policy.required.fields, ())
    return {name: value for name, value in found.items() if not is_missing(rules[name], value, policy.required, ())}


def as_ticket(letter: Letter, content: Content, policy: Policy) -> Ticket:
    """The ticket that a letter would become, as routes, terms and texts see it; its number is 0 until Redmine gives one."""
    mail = policy.mail
    created = State(
        subject=content.subject,
        description=content.text,
        project=mail.project if mail else "",
        tracker=mail.tracker if mail else "",
        fields=fields_of(content, policy),
        attachments=tuple(one.name for one in letter.enclosures),
    )
    return Ticket(0, author_of(letter), letter.arrived_at, created, channel=Channel.MAIL)


def author_of(letter: Letter) -> Person:
    """The sender as a customer (P3); the address is the key."""
    sender = writer_of(letter) or Address("")
    return Person(sender.key, sender.name or sender.mail, Role.CUSTOMER, mail=sender.mail)


def route_of(letter: Letter, content: Content, policy: Policy) -> Routing:
    """The route that a letter's ticket would take (R1)."""
    ticket = as_ticket(letter, content, policy)
    return routing_of(Chronicle(ticket, EMPTY_HISTORY, policy), policy, ticket.created.fields)


# --- what becomes of it ---------------------------------------------------------------------------------------------------------------------


def thread_of(letter: Letter, threads: Threads | None) -> int | None:
    """The ticket that a letter belongs to by our own Message-IDs, whoever wrote it."""
    return threads.ticket_of(letter.references) if threads else None


def judge(  # noqa: PLR0913 - all that a verdict depends on
    letter: Letter,
    policy: Policy,
    threads: Threads | None,
    thread: Thread | None,
    letters_today: int,
    *,
    tickets_lately: int = 0,
) -> Verdict:
    """What becomes of a letter, and why.

    `thread` is the ticket that `thread_of` names, as Redmine shows it; None where there is none, or where it is gone. `letters_today` counts
    the sender's other letters of the last day, `tickets_lately` those that became tickets within the last hour. Without `threads` no thread can be believed.
    """
    aside = (
        _own(letter, policy, threads) or _machine(letter, policy, threads) or _unusable(letter, policy, letters_today)
    )
    if aside is not None:
        return aside
    number = thread_of(letter, threads)
    if thread is not None and thread.ticket_id == number:
        verdict = _in_thread(letter, content_of(letter, policy, thread), policy, thread)
    else:
        verdict = _anew(letter, content_of(letter, policy), policy, number)
    return (_flood(policy, tickets_lately) if isinstance(verdict, AsTicket) else None) or verdict


def _own(letter: Letter, policy: Policy, threads: Threads | None) -> Verdict | None:
    """Mail of the bridge's own: its copies, and whatever comes back round a loop."""
    own = _addresses(policy)
    sender = letter.sender.key if letter.sender else ""
    if threads and threads.read(letter.message_id) is not None:
        if sender in own or not own:
            return FromMachine("it is the bridge's own mail: its Message-ID is one of ours")
        return PutAside(f"it carries a Message-ID of ours, but is from {sender or 'nobody'}")
    if letter.header(OWN_HEADER).strip():
        return FromMachine(f"it is the bridge's own mail: it has the header {OWN_HEADER}")
    looped = {value.strip().casefold() for value in letter.headers.get("x-loop", ())}
    if looped & own:
        return FromMachine("it came back round a loop: its X-Loop header is ours")
    return FromMachine("it is from the mailbox itself") if sender in own else None


def _addresses(policy: Policy) -> frozenset[str]:
    return policy.mail.own if policy.mail else frozenset()


def _machine(letter: Letter, policy: Policy, threads: Threads | None) -> FromMachine | None:
    machine = machine_of(letter, _addresses(policy))
    if machine is None:
        return None
    read = threads.read(letter.bounce.original_id) if threads and letter.bounce else None
    ours = f", of ticket {read[0]}" if read else ""
    return FromMachine(f"{machine.reason}{ours}", machine.kind, read[0] if read else None, letter.bounce)


def _unusable(letter: Letter, policy: Policy, letters_today: int) -> PutAside | None:
    writer = writer_of(letter)
    if writer is None:
        return PutAside("it has no sender whom an answer could reach")
    cap = (policy.mail.limits if policy.mail else MailLimits()).per_address
    if letters_today >= cap:
        return PutAside(f"{writer.mail} has sent {letters_today} mails within a day already (limit {cap})")
    return None


def _flood(policy: Policy, tickets_lately: int) -> PutAside | None:
    """A machine that hides what it is, and answers each acknowledgement in a new mail, is a customer of many requests."""
    cap = (policy.mail.limits if policy.mail else MailLimits()).per_hour
    if tickets_lately < cap:
        return None
    return PutAside(
        f"its sender has opened {tickets_lately} tickets within an hour already (limit {cap}): is it a machine that answers us?"
    )


def _in_thread(letter: Letter, content: Content, policy: Policy, thread: Thread) -> Verdict:
    """A letter with one of our Message-IDs among its references."""
    writer = writer_of(letter)
    assert writer is not None
    number, sender = thread.ticket_id, writer.mail
    if writer.key not in thread.people:
        return AsTicket(f"it refers to a mail of ticket {number}, but {sender} has no part in that", content, number)
    known = f"it answers a mail of ticket {number}, and {sender} has part in that"
    if not thread.closed:
        return AsNote(known, content, number)
    if not letter.enclosures and is_only(content.text, policy.words, policy.no_term):
        return AsNote(f"{known}; thanks do not reopen it (T11)", content, number)
    if policy.mail is not None and policy.mail.closed is ReplyToClosed.NEW:
        return AsTicket(f"{known}; it is closed, and the rules want a new one", content, number)
    return AsNote(f"{known}; it is closed, and the rules want it open again", content, number, reopen=True)


def _anew(letter: Letter, content: Content, policy: Policy, gone: int | None) -> Verdict:
    """A letter that belongs to no ticket, whatever number its subject may have."""
    routing = route_of(letter, content, policy)
    why = f"route {routing.route.name!r} ({routing.route.kind}): {routing.reason}"
    if routing.route.leave_mail:
        return LeaveAlone(why)
    if gone is not None:
        return AsTicket(f"it refers to a mail of ticket {gone}, which is not to be had; {why}", content, gone)
    number = number_in(letter.subject)
    if number is not None:
        return AsTicket(f"its subject names ticket {number}, which proves nothing; {why}", content, number)
    return AsTicket(why, content)
