"""What can be wrong with rules whose form is right: names, statuses, kinds, texts, secrets. Each check is one function of the draft."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from bridge.core.learned import Learned
from bridge.core.worktime import WorkCalendar
from bridge.errors import Mistake
from bridge.policy import check_beside, check_mail, check_routes, check_terms
from bridge.policy.check_routes import Conditions
from bridge.policy.check_words import unused_families
from bridge.policy.form import Draft
from bridge.policy.form_words import NO_SECRETS
from bridge.policy.positions import Document, Path
from bridge.policy.schema import MarkSpec
from bridge.policy.schema_base import TextOverride, TextSpec
from bridge.policy.templates import flaws, is_template
from bridge.policy.texts import MAX_TEXT, shipped_texts
from bridge.policy.vocabulary import ALL, KINDS, OTHERS, did_you_mean

_SECRET: Final = re.compile(
    r"\b[0-9a-f]{40}\b|\b\w+://[^\s/:@]+:[^\s/@]+@|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{20,}\."
)
_SHORTEST_SETTLE: Final = timedelta(minutes=2)


def mistakes(draft: Draft, conditions: Conditions) -> Iterator[Mistake]:
    """Everything that makes the rules unusable."""
    for check in _CHECKS:
        yield from check(draft)
    table_checks = (
        check_routes.order,
        check_routes.names,
        check_routes.both_gates,
        check_routes.unreachable,
        check_routes.likeness,
    )
    for table_check in table_checks:
        if not draft.lacks("routes") or len(draft.rules.routes) > 1:
            yield from table_check(draft, conditions)


def warnings(
    draft: Draft, conditions: Conditions, calendar: WorkCalendar, learned: Learned, now: datetime | None
) -> Iterator[Mistake]:
    """What is worth knowing about usable rules. Without `now` nothing is said about years to come."""
    for message in calendar.year_warnings(now) if now else ():
        yield draft.document.at_key(("calendar",), message)
    yield from check_routes.dead_words(draft, conditions)
    yield from check_routes.coverage(draft, conditions)
    yield from check_terms.short_terms(draft)
    yield from unused_families(draft, learned)
    yield from check_beside.unused(draft)
    yield from check_beside.examples(draft)
    yield from check_mail.left_alone(draft)
    yield from _settle(draft)
    yield from _rate(draft)


def secrets(document: Document) -> Iterator[Mistake]:
    """Values that look like a key or a password; the value itself is not repeated."""
    for path, text in _texts_of(document.data, ()):
        if _SECRET.search(text):
            yield document.at_value(path, "this looks like a key or a password", NO_SECRETS)


def _texts_of(data: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(data, str):
        yield path, data
    entries = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in entries:
        yield from _texts_of(value, (*path, key))


def _first_line(draft: Draft) -> Iterator[Mistake]:
    departments = draft.rules.departments
    first = [name for name, spec in departments.items() if spec.first_line]
    if len(first) > 1:
        message = f"{len(first)} departments are the first line: {', '.join(first)}"
        yield draft.document.at_key(("departments", first[1], "first_line"), message, "only one can be")
    if not first and draft.is_whole("departments"):
        yield draft.document.at_key(
            ("departments",), "no department is the first line", "add `first_line: true` to one"
        )


def _groups(draft: Draft) -> Iterator[Mistake]:
    first: dict[str, str] = {}
    for name, spec in draft.rules.departments.items():
        group = spec.group or name
        if group in first:
            message = f"the group {group!r} stands for two departments: {first[group]!r} and {name!r}"
            yield draft.document.at_key(("departments", name), message, "give each a `group` of its own")
        first.setdefault(group, name)


def _departments(draft: Draft) -> Iterator[Mistake]:
    if not draft.departments:
        return
    for route in draft.rules.routes:
        named = {(*route.path, "department"): route.department}
        if route.approval:
            named[*route.path, "approval", "by"] = route.approval.by
            named[*route.path, "approval", "then"] = route.approval.then
        for path, name in named.items():
            if name and name not in draft.departments:
                yield draft.document.at_value(
                    path, f"unknown department {name!r}", did_you_mean(name, draft.departments)
                )


def _kinds(draft: Draft) -> Iterator[Mistake]:
    for path, kind in _named_kinds(draft):
        if kind not in KINDS:
            place = draft.document.at_key if "by_kind" in path else draft.document.at_value
            yield place(path, f"unknown kind {kind!r}", did_you_mean(kind, KINDS))


def _named_kinds(draft: Draft) -> Iterator[tuple[Path, str]]:
    for route in draft.rules.routes:
        yield (*route.path, "kind"), route.kind
        if route.unless_compatible:
            yield (*route.path, "unless_compatible"), route.unless_compatible
    for kind in draft.rules.terms.by_kind:
        yield ("terms", "by_kind", kind), kind
    for name, spec in draft.rules.required.fields.items():
        path = ("required", "fields", name)
        kinds = [("needed_for", spec.needed_for), ("wanted_for", spec.wanted_for)]
        for key, some in kinds:
            yield from (((*path, key, index), kind) for index, kind in enumerate(some) if kind not in {ALL, OTHERS})


def _needed_or_wanted(draft: Draft) -> Iterator[Mistake]:
    for name, spec in draft.rules.required.fields.items():
        both = sorted(set(spec.needed_for) & set(spec.wanted_for))
        if both:
            message = f"the field {name!r} is needed and wanted at once for {', '.join(both)}"
            path = ("required", "fields", name, "wanted_for")
            yield draft.document.at_key(path, message, "name each kind in one of the two")


def _statuses(draft: Draft) -> Iterator[Mistake]:
    if draft.lacks("redmine", "statuses"):
        return
    spec = draft.rules.redmine.statuses
    pauses, closed = set(spec.pauses), set(spec.closed)
    wrong = (
        ("waiting", spec.waiting not in pauses, "must be one of `pauses`: while we wait, the clock stands still"),
        ("waiting", spec.waiting in closed, "cannot be a closed status"),
        ("resumed", spec.resumed in pauses, "cannot be one of `pauses`: the clock would never go on"),
        ("resumed", spec.resumed in closed, "cannot be a closed status"),
        ("reopened", spec.reopened in pauses | closed, "cannot be a pausing or closed status"),
    )
    for key, holds, message in wrong:
        if holds:
            yield draft.document.at_value(("redmine", "statuses", key), f"{getattr(spec, key)!r} {message}")
    for index, status in enumerate(spec.pauses):
        if status in closed | set(spec.ends) and not status == spec.waiting in closed:
            other = "closed" if status in closed else "ends"
            message = f"{status!r} is in `pauses` and in `{other}` at once"
            yield draft.document.at_value(("redmine", "statuses", "pauses", index), message, "leave it in one of them")


def _approvals(draft: Draft) -> Iterator[Mistake]:
    pauses = draft.rules.redmine.statuses.pauses if not draft.lacks("redmine", "statuses") else ()
    for route in draft.rules.routes:
        if not route.approval:
            continue
        path = (*route.path, "approval")
        marks = {key: getattr(route.approval, key) for key in ("waiting", "granted", "refused")}
        for one, other in (("granted", "refused"), ("waiting", "granted"), ("waiting", "refused")):
            if _same(marks[one], marks[other]):
                message = f"`{one}` and `{other}` are the same mark"
                yield draft.document.at_key((*path, other), message, "choose another status or value for one of them")
        if route.approval.waiting.status in pauses:
            message = f"{route.approval.waiting.status!r} is one of `pauses`, but waiting for an approval does not pause the term"
            yield draft.document.at_value((*path, "waiting"), message, "use another status (R5)")


def _same(one: MarkSpec, other: MarkSpec) -> bool:
    return one.model_dump() == other.model_dump()


def _own_texts(draft: Draft) -> Iterator[Mistake]:
    shipped = shipped_texts()
    for name, own in draft.rules.texts.items():
        path: Path = ("texts", name)
        if name not in shipped:
            yield draft.document.at_key(path, f"unknown text {name!r}", did_you_mean(name, shipped))
        yield from _templates(draft, path, own)
    for route in draft.rules.routes:
        if route.out_of_scope:
            yield from _templates(draft, (*route.path, "out_of_scope", "answer"), route.out_of_scope.answer)
        if route.propose:
            yield from _templates(draft, (*route.path, "propose"), route.propose)


def _templates(draft: Draft, path: Path, texts: TextSpec | TextOverride) -> Iterator[Mistake]:
    for language in ("ru", "en"):
        for flaw in flaws(getattr(texts, language) or ""):
            yield draft.document.at_line((*path, language), flaw.line, flaw.message, flaw.remedy)


def _plain_texts(draft: Draft) -> Iterator[Mistake]:
    """Texts that are used as they stand."""
    for path, text in _plain(draft):
        for language in ("ru", "en"):
            body = getattr(text, language)
            if is_template(body):
                message = "this text is used as it stands; nothing is filled in for {{ … }}"
                yield draft.document.at_value((*path, language), message, "write it without {{ … }} and {% … %}")
            if len(body) > MAX_TEXT:
                message = f"the text has {len(body)} characters"
                yield draft.document.at_value((*path, language), message, f"at most {MAX_TEXT} are possible")


def _plain(draft: Draft) -> Iterator[tuple[Path, TextSpec]]:
    for name, department in draft.rules.departments.items():
        if department.title:
            yield ("departments", name, "title"), department.title
    for name, rule in draft.rules.required.fields.items():
        yield ("required", "fields", name, "question"), rule.question
        yield ("required", "fields", name, "hint"), rule.hint


def _settle(draft: Draft) -> Iterator[Mistake]:
    if draft.rules.limits.settle_unknown < _SHORTEST_SETTLE:
        message = "`settle_unknown` must be longer than the time-outs of Redmine and of the proxy before it (W3)"
        yield draft.document.at_value(("limits", "settle_unknown"), message, "5 minutes is usual")


def _rate(draft: Draft) -> Iterator[Mistake]:
    limits = draft.rules.limits
    if limits.writes_per_minute < limits.changes_per_pass:
        message = (
            f"{limits.writes_per_minute} writes a minute may never come to the {limits.changes_per_pass} of one pass that pull the brake (W5): "
            "a flood would go out slowly instead of being stopped"
        )
        yield draft.document.at_value(
            ("limits", "writes_per_minute"), message, "let `writes_per_minute` be no less than `changes_per_pass`"
        )


_CHECKS: Final[tuple[Callable[[Draft], Iterator[Mistake]], ...]] = (
    _first_line,
    _groups,
    _departments,
    _kinds,
    _needed_or_wanted,
    _statuses,
    _approvals,
    _own_texts,
    _plain_texts,
    check_terms.units,
    check_terms.steps,
    check_terms.silence,
    check_beside.topics,
    check_beside.answers,
    check_beside.instead,
    check_mail.section,
)
