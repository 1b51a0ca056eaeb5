"""What was decided becomes what is written: at most one public and one private note, with the attributes that travel along (W1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Final, assert_never

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.core import footer
from bridge.core.assess import Assessment
from bridge.core.decisions import (
    Acknowledge,
    Ask,
    Close,
    Decision,
    Escalate,
    Extend,
    HandOver,
    Nudge,
    OutOfScope,
    PleaseCheck,
    Propose,
    Remind,
    Reopen,
    RequestApproval,
    RouteTo,
    SetTerm,
    Thank,
)
from bridge.core.fields import Filled
from bridge.core.markup import inert
from bridge.core.model import PRIVATE, Attribute, Audience, Change, Language, OwnStep, Refusal, Write
from bridge.core.moments import format_moment
from bridge.core.partners import Found
from bridge.core.policy import FieldRule, Text
from bridge.core.rules import words_of
from bridge.core.spans import format_span
from bridge.core.terms import extended

WORDS_SHOWN: Final = 6
"""How many of the words that decided staff are shown in a note."""
MAX_TEXT: Final = 8_000
"""Characters of a note; what a template makes beyond is cut off, the footer stays."""

_ENVIRONMENT: Final = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)


@lru_cache(maxsize=512)
def _template(source: str) -> Template:
    return _ENVIRONMENT.from_string(source)


def render(text: Text, language: Language, values: Mapping[str, Any]) -> str:
    """A text with its values, in one language, size-capped.

    Raises:
        jinja2.TemplateError: the text uses what is not there; `check` finds that beforehand.
    """
    return _template(text.get(language)).render(**values).strip()[:MAX_TEXT]


@dataclass(frozen=True, slots=True)
class _Part:
    """What one decision adds to the writes."""

    decision: Decision
    public: str = ""
    private: str = ""
    changes: tuple[Change, ...] = ()
    watchers: tuple[str, ...] = ()


def compose(decisions: tuple[Decision, ...], a: Assessment) -> tuple[Write, ...]:
    """The writes that carry out what was decided: the private note first, so that a crash in between tells the customer nothing unchecked."""
    writer = _Writer(a, decisions)
    parts = [writer.part(decision) for decision in decisions]
    return tuple(write for write in (writer.private(parts), writer.public(parts)) if write)


class _Writer:
    """Puts the texts of one ticket's decisions together."""

    def __init__(self, a: Assessment, decisions: tuple[Decision, ...]) -> None:
        self.a = a
        self.language = a.language
        self.due = self._due(decisions)
        self.term_is_told_elsewhere = any(isinstance(one, Ask | Extend) for one in decisions)

    def _due(self, decisions: tuple[Decision, ...]) -> datetime | None:
        """The term that the customer is told: as it will be after this pass; none while it is paused."""
        for one in decisions:
            if isinstance(one, SetTerm | Extend):
                return one.due
            if isinstance(one, RequestApproval):
                return extended(self.a.standing, self.a.policy, self.a.route, self.a.now, one.department).due
        return self.a.standing.due if self.a.standing.is_on else None

    # --- the two notes ------------------------------------------------------------------------------------------------------------------

    def public(self, parts: list[_Part]) -> Write | None:
        texts = [part.public for part in parts if part.public]
        changes = _last_of_each(change for part in parts for change in part.changes)
        if not texts and not changes:
            return None
        steps = self._steps((part.decision for part in parts if part.public or part.changes), "")
        watchers = tuple(name for part in parts if not part.private for name in part.watchers)
        notes = self._note("greeting", texts, steps, self.language) if texts else ""
        return Write(steps, notes, private=False, changes=changes, watchers=watchers)

    def private(self, parts: list[_Part]) -> Write | None:
        told = [part for part in parts if part.private]
        if not told:
            return None
        steps = self._steps((part.decision for part in told), PRIVATE)
        notes = self._note("", [part.private for part in told], steps, Language.RU)
        watchers = tuple(dict.fromkeys(name for part in told for name in part.watchers))
        return Write(steps, notes, private=True, watchers=watchers)

    def _note(self, greeting: str, texts: list[str], steps: tuple[OwnStep, ...], language: Language) -> str:
        head = [self._say(greeting, language)] if greeting else []
        return "\n\n".join([*head, *texts, footer.render(self.a.ticket.id, steps, language)])

    def _steps(self, decisions: Iterator[Decision] | Any, anchor: str) -> tuple[OwnStep, ...]:
        return tuple(self._step(decision, anchor) for decision in decisions)

    def _step(self, decision: Decision, anchor: str) -> OwnStep:
        if isinstance(decision, Remind | Escalate):
            return OwnStep(decision.step, decision.ordinal, self.a.now, decision.anchor)
        return OwnStep(
            decision.step, self.a.chronicle.count(decision.step, private=anchor == PRIVATE) + 1, self.a.now, anchor
        )

    # --- one decision -------------------------------------------------------------------------------------------------------------------

    def part(self, decision: Decision) -> _Part:  # noqa: C901, PLR0912 - one line for each of a closed set
        """Text, attributes and watchers of one decision."""
        statuses = self.a.policy.redmine.statuses
        match decision:
            case Acknowledge():
                return _Part(decision, self._acknowledge(decision))
            case Ask():
                fields = self._filled(decision.filled)
                return _Part(decision, self._ask(decision), changes=(*fields, *self._status(statuses.waiting)))
            case Thank():
                name = "thank" if decision.understood else "received"
                public = self._say(name, filled=self._sources(decision.filled))
                return _Part(decision, public, changes=(*self._filled(decision.filled), *self._resumed()))
            case PleaseCheck():
                return _Part(
                    decision,
                    private=self._staff("please_check", fields=self._numbered(decision.fields)),
                    watchers=self._to(decision.checker),
                )
            case RouteTo():
                title = self._title(decision.department.title)
                public = (
                    self._say("route", department=title, reason=inert(decision.route.name)) if decision.anew else ""
                )
                watchers = (*decision.route.watchers, *decision.department.watchers)
                return _Part(decision, public, changes=decision.changes, watchers=watchers)
            case HandOver():
                public = self._say(decision.text, department=self._title(decision.department.title))
                return _Part(decision, public, changes=decision.changes)
            case RequestApproval():
                public = self._say("request_approval", department=self._title(decision.department.title))
                return _Part(decision, public, changes=decision.changes)
            case Propose():
                private = self._staff(decision.text, answer=self._answer(decision.answer), reason=self._why())
                return _Part(decision, private=private, watchers=self._to(Audience.DEPARTMENT))
            case OutOfScope():
                return _Part(decision, self._answer(decision.answer))
            case SetTerm():
                return _Part(decision, changes=(decision.change,))
            case Extend():
                return _Part(decision, self._say("extend", department=self._title(decision.department.title)))
            case Remind():
                return _Part(
                    decision, private=self._reminder("remind", decision), watchers=self._to(decision.to, decision.lead)
                )
            case Escalate():
                return _Part(
                    decision,
                    private=self._reminder(decision.text, decision),
                    watchers=self._to(Audience.LEAD, decision.lead),
                )
            case Nudge():
                return _Part(
                    decision,
                    self._say("nudge", fields=self._numbered(decision.fields), term=self._moment(decision.close_on)),
                )
            case Close():
                return _Part(decision, self._say("close"), changes=self._status(decision.status))
            case Reopen():
                return _Part(decision, self._say("reopen"), changes=self._status(decision.status))
            case _:
                assert_never(decision)

    def _acknowledge(self, decision: Acknowledge) -> str:
        text = self._say("acknowledge", term="" if self.term_is_told_elsewhere else self._moment(self.due))
        if not decision.wanted:
            return text
        return f"{text}\n\n{self._say('wanted', fields=self._numbered(decision.wanted))}"

    def _ask(self, decision: Ask) -> str:
        return self._say("ask", fields=self._numbered(decision.fields), filled=self._sources(decision.filled))

    def _reminder(self, name: str, decision: Remind | Escalate) -> str:
        span = format_span(abs(decision.left), Language.RU)
        late = decision.left < timedelta(0)
        return self._staff(
            name,
            term=self._moment(decision.due, Language.RU),
            left="" if late else span,
            late_by=span if late else "",
        )

    # --- values -------------------------------------------------------------------------------------------------------------------------

    def _values(self, language: Language) -> dict[str, Any]:
        """All that a text may use; what a decision has more exactly overrides it."""
        return {
            "ticket": self.a.ticket.id,
            "kind": self.a.kind,
            "term": self._moment(self.due, language),
            "department": inert(self.a.department.title.get(language)),
            "status": inert(self.a.state.status),
            "fields": [],
            "filled": [],
            "reason": "",
            "left": "",
            "late_by": "",
            "answer": "",
            "steps": [],
            "partners": [],
            "partner_list": "",
            "regions": "",
            "works": "",
            "named_regions": "",
            "named_works": "",
            "more": 0,
        }

    def _say(self, name: str, language: Language | None = None, **values: object) -> str:
        language = language or self.language
        return render(self.a.policy.texts[name], language, {**self._values(language), **values})

    def _staff(self, name: str, **values: object) -> str:
        return self._say(name, Language.RU, **values)

    def _answer(self, answer: Text) -> str:
        """A route's answer in the customer's language, with the partners that suit where it names some."""
        values = self._values(self.language)
        if self.a.route.names_partners:
            chosen = self._partners()
            values |= {**chosen, "partner_list": self._say("partners", **chosen)}
        return render(answer, self.language, values) if answer.ru else ""

    def _partners(self) -> dict[str, Any]:
        """The partners chosen, in the names of the directory: nothing that the customer wrote (P6). Everywhere is an empty text."""
        choice, directory = self.a.partners, self.a.policy.directory
        titles = {topic.name: topic.title.get(self.language) for topic in (*directory.regions, *directory.works)}
        return {
            "partners": [
                {
                    "number": number,
                    "name": one.name,
                    "regions": ", ".join(titles[name] for name in one.regions if name in titles),
                    "works": ", ".join(titles[name] for name in one.works if name in titles),
                    "contact": one.contact,
                }
                for number, one in enumerate(choice.partners, 1)
            ],
            "regions": ", ".join(titles[topic.name] for topic in choice.regions),
            "works": ", ".join(titles[topic.name] for topic in choice.works),
            "named_regions": ", ".join(titles[one.topic.name] for one in choice.found_regions),
            "named_works": ", ".join(titles[one.topic.name] for one in choice.found_works),
            "more": choice.left_out,
        }

    def _why(self) -> str:
        """Why this route, for staff: its name in the rules and the words that were found; the log and `explain` have all of it."""
        route = self.a.route
        words = words_of(self.a.chronicle, self.a.policy, route).found[:WORDS_SHOWN]
        shown = f"; слова: {', '.join(f'«{word}»' for word in words)}" if words else ""
        chosen = self._named_topics() if route.names_partners else ""
        return inert(f"маршрут «{route.name}»{shown}{chosen}")

    def _named_topics(self) -> str:
        """By which regions and kinds of work the partners were chosen, as the directory calls them, and the words that showed them."""
        choice = self.a.partners
        regions = _topics(choice.found_regions, kept=bool(choice.regions))
        works = _topics(choice.found_works, kept=bool(choice.works))
        return f"; партнёры подобраны так: регион — {regions}, вид работ — {works}"

    def _title(self, title: Text) -> str:
        return inert(title.get(self.language))

    def _moment(self, at: datetime | None, language: Language | None = None) -> str:
        return format_moment(at, language or self.language, self.a.policy.calendar, self.a.now) if at else ""

    def _numbered(self, fields: tuple[FieldRule, ...]) -> list[dict[str, Any]]:
        return [
            {
                "number": number,
                "name": inert(rule.name),
                "label": inert(rule.name),
                "question": rule.question.get(self.language).strip(),
                "hint": rule.hint.get(self.language).strip(),
            }
            for number, rule in enumerate(fields, 1)
        ]

    def _sources(self, filled: tuple[Filled, ...]) -> list[dict[str, str]]:
        return [{"name": inert(one.name), "source": self._source(one)} for one in filled]

    def _source(self, filled: Filled) -> str:
        at = self.a.ticket.journals[filled.note - 1].at if filled.note else self.a.ticket.created_on
        return self._moment(at)

    # --- attributes and watchers --------------------------------------------------------------------------------------------------------

    def _status(self, status: str) -> tuple[Change, ...]:
        return self._change(Attribute.STATUS, self.a.state.status, status)

    def _resumed(self) -> tuple[Change, ...]:
        statuses = self.a.policy.redmine.statuses
        return self._status(statuses.resumed) if self.a.state.status in statuses.pauses else ()

    def _filled(self, filled: tuple[Filled, ...]) -> tuple[Change, ...]:
        state = self.a.state.fields
        return tuple(
            c for one in filled for c in self._change(Attribute.FIELD, state.get(one.name, ""), one.value, one.name)
        )

    def _change(self, attribute: Attribute, old: str, new: str, name: str = "") -> tuple[Change, ...]:
        refused = Refusal(attribute, new, name) in self.a.chronicle.history.refused
        return () if refused or not new or old == new else (Change(attribute, old, new, name),)

    def _to(self, audience: Audience, lead: str = "") -> tuple[str, ...]:
        """Who has to be a watcher to be mailed: the lead (M2), the department's group unless the ticket is assigned to it."""
        if audience is Audience.LEAD:
            return (lead,) if lead else ()
        group = self.a.department.group
        return (group,) if audience is Audience.DEPARTMENT and self.a.state.assigned_to != group else ()


def _topics(found: tuple[Found, ...], *, kept: bool) -> str:
    """What a ticket names, with its words; not `kept` where no partner suits it."""
    named = ", ".join(f"{one.topic.title.ru} ({', '.join(f'«{word}»' for word in one.words)})" for one in found)
    return (named if kept else f"{named}: таких партнёров нет") if named else "не назван"


def _last_of_each(changes: Iterator[Change]) -> tuple[Change, ...]:
    """One change an attribute: what was decided later wins."""
    return tuple({(change.attribute, change.name): change for change in changes}.values())
