"""The rules as they are written → the values that `decide` reads. Nothing is checked here: `bridge.policy.load` did before."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bridge.core.conditions import Condition
from bridge.core.learned import Learned
from bridge.core.policy import (
    EVERY_KIND,
    EVERYTHING,
    Approval,
    Department,
    Directory,
    Extension,
    FieldRule,
    Limits,
    Mail,
    MailLimits,
    Mark,
    OutOfScope,
    Partner,
    Policy,
    Product,
    Redmine,
    ReminderStep,
    ReplyToClosed,
    Required,
    Route,
    Scope,
    Silence,
    Staff,
    Statuses,
    Terms,
    Text,
    Topic,
)
from bridge.core.word_index import WordIndex
from bridge.core.words import fold
from bridge.core.worktime import WorkCalendar
from bridge.policy.schema import (
    ApprovalSpec,
    DepartmentSpec,
    FieldSpec,
    MarkSpec,
    RouteSpec,
    RulesFile,
)
from bridge.policy.schema_base import TextSpec
from bridge.policy.schema_beside import PartnersSpec, TopicSpec
from bridge.policy.schema_cabinet import RedmineSpec
from bridge.policy.schema_mail import MailSpec
from bridge.policy.templates import variables
from bridge.policy.texts import PARTNERS, shipped_texts
from bridge.policy.vocabulary import ALL, OTHERS


def build(
    rules: RulesFile,
    calendar: WorkCalendar,
    conditions: Mapping[int, Condition | None],
    words: WordIndex,
    learned: Learned,
) -> Policy:
    """The policy; `conditions` are those of the routes by their index."""
    departments = {name: _department(name, spec) for name, spec in rules.departments.items()}
    return Policy(
        redmine=_redmine(rules.redmine),
        calendar=calendar,
        departments=MappingProxyType(departments),
        required=_required(rules),
        routes=tuple(_route(spec, conditions.get(index), rules) for index, spec in enumerate(rules.routes)),
        terms=_terms(rules),
        reminders=_reminders(rules),
        no_term=rules.follow_up.no_term,
        words=words,
        limits=Limits(**dict(rules.limits)),
        lead=rules.lead,
        texts=_texts(rules),
        silence=Silence(**dict(rules.silence)) if rules.silence else None,
        directory=_directory(rules.partners) if rules.partners else Directory(),
        compatible=tuple(
            Product(name, spec.words, spec.products, spec.note) for name, spec in rules.compatible.items()
        ),
        mail=_mail(rules.mail) if rules.mail else None,
        learned=learned,
    )


def _mail(spec: MailSpec) -> Mail:
    return Mail(
        address=spec.address,
        project=spec.project,
        tracker=spec.tracker,
        not_before=spec.not_before,
        name=_text(spec.name) if spec.name else Text("Пресейл", "Presale support"),
        aliases=frozenset(spec.aliases),
        folders=spec.folders,
        name_field=spec.fields.name,
        address_field=spec.fields.address,
        hold=spec.hold,
        mark="" if spec.send == ALL else spec.send,
        closed=ReplyToClosed(spec.closed),
        authserv=spec.trust,
        own_name=spec.own_name,
        copy=spec.copy_to_mailbox,
        mark_seen=spec.mark_seen,
        move_to=spec.move_to,
        keep=spec.keep,
        limits=MailLimits(**dict(spec.limits)),
    )


def _text(spec: TextSpec) -> Text:
    return Text(spec.ru, spec.en)


def _redmine(spec: RedmineSpec) -> Redmine:
    statuses = spec.statuses
    return Redmine(
        scope=Scope(frozenset(spec.trackers), frozenset(spec.projects.names), spec.projects.below),
        staff=Staff(frozenset(spec.staff.roles), frozenset(spec.staff.always), frozenset(spec.staff.never)),
        statuses=Statuses(
            waiting=statuses.waiting,
            resumed=statuses.resumed,
            reopened=statuses.reopened,
            pauses=frozenset(statuses.pauses),
            ends=frozenset(statuses.ends),
            closed=frozenset(statuses.closed),
        ),
        markup=spec.markup,
        bridge_users=frozenset(spec.bridge_users),
        department_field=spec.department_field,
        field_names=dict(spec.field_names),
    )


def _department(name: str, spec: DepartmentSpec) -> Department:
    return Department(
        name=name,
        group=spec.group or name,
        title=_text(spec.title) if spec.title else Text(name, name),
        first_line=spec.first_line,
        assign=spec.assign,
        term=spec.term,
        lead=spec.lead,
        category=spec.category,
        field_value=spec.field_value,
        watchers=spec.watchers,
        members=frozenset(spec.members),
        roles=frozenset(spec.roles),
    )


def _kinds(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset(EVERY_KIND if name in {ALL, OTHERS} else name for name in names)


def _field(name: str, spec: FieldSpec) -> FieldRule:
    return FieldRule(
        name=name,
        question=_text(spec.question),
        hint=_text(spec.hint),
        needed_for=_kinds(spec.needed_for),
        wanted_for=_kinds(spec.wanted_for),
        labels=spec.labels,
        min_length=spec.min_length,
        pattern=spec.pattern,
        attachment=spec.attachment,
    )


def _required(rules: RulesFile) -> Required:
    fields = tuple(_field(name, spec) for name, spec in rules.required.fields.items())
    placeholders = {fold(text).strip(" .!") for text in rules.required.placeholders} - {""}
    return Required(fields, frozenset(placeholders), rules.required.at_most)


def _mark(spec: MarkSpec) -> Mark:
    return Mark(spec.status, spec.field, spec.value)


def _approval(spec: ApprovalSpec) -> Approval:
    return Approval(spec.by, _mark(spec.waiting), _mark(spec.granted), _mark(spec.refused), spec.then)


def names_partners(text: TextSpec) -> bool:
    """Whether an answer has partners in it."""
    return bool(PARTNERS & (variables(text.ru) | variables(text.en)))


def _route(spec: RouteSpec, when: Condition | None, rules: RulesFile) -> Route:
    """A route; without a directory there is nothing to propose in an answer that names partners."""
    answer = spec.out_of_scope.answer if spec.out_of_scope else spec.propose
    with_partners = answer is not None and names_partners(answer)
    can_propose = spec.propose and (rules.partners or not with_partners)
    return Route(
        name=spec.name,
        kind=spec.kind,
        department=spec.department,
        when=when,
        category=spec.category,
        priority=spec.priority,
        watchers=spec.watchers,
        term=spec.term,
        approval=_approval(spec.approval) if spec.approval else None,
        out_of_scope=OutOfScope(_text(spec.out_of_scope.answer), spec.out_of_scope.auto) if spec.out_of_scope else None,
        propose=_text(spec.propose) if spec.propose and can_propose else None,
        unless_compatible=spec.unless_compatible or "",
        names_partners=with_partners and rules.partners is not None,
        shadow=spec.shadow,
        leave_mail=spec.mail == "leave",
    )


def _directory(spec: PartnersSpec) -> Directory:
    return Directory(
        regions=tuple(_topic(name, topic) for name, topic in spec.regions.items()),
        works=tuple(_topic(name, topic) for name, topic in spec.works.items()),
        partners=tuple(
            Partner(name, _everything(one.regions), _everything(one.works), one.contact)
            for name, one in spec.companies.items()
        ),
        at_most=spec.at_most,
    )


def _topic(name: str, spec: TopicSpec) -> Topic:
    return Topic(name, _text(spec.title) if spec.title else Text(name, name), spec.words)


def _everything(names: tuple[str, ...]) -> tuple[str, ...]:
    return (EVERYTHING,) if ALL in names else names


def _terms(rules: RulesFile) -> Terms:
    hand_over = rules.terms.hand_over
    return Terms(
        answer=rules.terms.answer,
        by_kind=MappingProxyType(dict(rules.terms.by_kind)),
        hand_over=Extension(hand_over.extend, hand_over.at_most) if hand_over else None,
        attributes_alone=rules.terms.attributes_alone,
    )


def _reminders(rules: RulesFile) -> tuple[ReminderStep, ...]:
    steps = enumerate(rules.reminders, start=1)
    return tuple(ReminderStep(ordinal, step.at, step.of, step.to, step.name) for ordinal, step in steps)


def _texts(rules: RulesFile) -> Mapping[str, Text]:
    texts = dict(shipped_texts())
    for name, own in rules.texts.items():
        texts[name] = Text(own.ru or texts[name].ru, own.en or texts[name].en)
    return MappingProxyType(texts)
