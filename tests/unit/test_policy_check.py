"""Mistakes planted in a rules file: each is found alone, and all of them by one check."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.errors import Mistake, PolicyError
from bridge.policy.load import Loaded, parse

BASE = """\
version: 1
redmine:
  projects: all
  trackers: [ТехП Пресейл]
  staff: {roles: [Инженер]}
  bridge_users: [presale-bridge]
  markup: textile
  statuses:
    waiting: Ожидание
    resumed: В работе
    reopened: В работе
    pauses: [Ожидание, Обратная связь]
    ends: [Решена]
    closed: [Закрыта]
calendar:
  zone: Europe/Moscow
  week: {mon-fri: "09:00-18:00"}
  years:
    2028: {off: [2028-01-01..2028-01-09], short: [2028-02-22]}
  days: {2026-12-31: short}
departments:
  Пресейл: {first_line: true, assign: false}
  Отдел продаж: {term: 1 working day}
  Лаборатория: {title: {ru: Лаборатория, en: The laboratory}}
  Разработка: {}
families:
  install: [установка, установить]
  hardware: [принтер, сканер]
required:
  fields:
    Сведения:
      question: {ru: Какая система?, en: Which system?}
      hint: {ru: uname -a, en: uname -a}
      needed_for: [os-install, bug-report]
      wanted_for: others
    Обновление:
      question: {ru: Что обновляли?, en: What was updated?}
      hint: {ru: rpm -qa, en: rpm -qa}
      needed_for: [hardware-test]
routes:
  - name: Лицензии
    kind: licensed-support
    department: Разработка
    when: {text: [лицензия]}
    out_of_scope:
      answer: {ru: Это не к нам., en: Not here.}
  - name: Оборудование
    kind: hardware-test
    department: Пресейл
    when:
      all:
        - text: ["@hardware"]
        - none: [{text: [драйвер]}]
    approval:
      by: Отдел продаж
      waiting: Согласование
      granted: Согласовано
      refused: Не согласовано
      then: Лаборатория
  - name: Установка
    kind: os-install
    department: Пресейл
    when: {any: [{text: ["@install"]}, {subject: [установщик]}]}
  - name: Ошибка
    kind: bug-report
    department: Пресейл
    when: {text: [ошибка, "re:код [0-9]+"]}
  - name: Совместимость
    kind: compatibility
    department: Пресейл
    when: {field: {Продукт: [сервер]}, language: ru}
  - name: Остальное
    kind: triage
    department: Пресейл
terms:
  answer: 2 working days
  by_kind: {bug-report: 3 working days}
  hand_over: {extend: 1 working day, at_most: 2}
reminders:
  - {name: Скоро, at: -4 working hours, of: due, to: assignee}
  - {name: Пора, at: 0h, of: due, to: lead}
  - {name: Отдел, at: -2 working hours, of: department_due, to: department}
follow_up:
  no_term: [спасибо]
silence: {nudge_after: 5 working days, close_after: 10 working days, status: Закрыта}
limits:
  not_before: 2026-11-01T00:00:00+03:00
lead: rukovoditel
texts:
  acknowledge:
    ru: |
      Здравствуйте!
      Принято: {{ ticket }}.
    en: "Registered: {{ ticket }}."
"""


@dataclass(frozen=True)
class Planted:
    """A mistake: what is replaced by what (`¦` marks the place that is to be named), and what is to be said."""

    old: str
    new: str
    said: str


def planted(old: str, new: str, said: str, why: str) -> object:
    """A row of the table."""
    return pytest.param(Planted(old, new, said), id=why)


TOGETHER = [
    planted("version: 1", "¦verison: 1", "unknown key 'verison' (did you mean 'version'?)", "A mistyped section"),
    planted("trackers: [", "¦traker: x\n  trackers: [", "unknown key 'traker' (did you mean 'trackers'?)", "A mistyped key"),
    planted("  markup: textile\n", "  markup: textile\n  ¦markup: textile\n", "duplicate key 'markup'", "A key twice"),
    planted("waiting: Ожидание\n", "waiting: ¦Новая\n", "'Новая' must be one of `pauses`", "The waiting status does not pause"),
    planted("Обратная связь]", "¦Решена]", "'Решена' is in `pauses` and in `ends` at once", "A status ends and pauses"),
    planted("zone: Europe/Moscow", "zone: ¦Europe/Moskow", "did you mean 'Europe/Moscow'?", "A mistyped zone"),
    planted("2028-02-22]", "¦2028-01-08]", "2028-01-08 is given twice", "A day of the calendar twice"),
    planted("{2026-12-31:", "{¦2031-12-31:", "the year of 2031-12-31 is unknown", "A day in an unknown year"),
    planted("  Разработка: {}", "  Разработка: {¦first_line: true}", "2 departments are the first line", "Two first lines"),
    planted("Отдел продаж: {", "Отдел продаж: {¦asign: false, ", "unknown key 'asign' (did you mean 'assign'?)", "A mistyped key of a department"),
    planted("сканер]", 'сканер, ¦"@scaner"]', "there is no family 'scaner'", "An unknown family in a family"),
    planted("os-install, bug-report]", "¦os-instal, bug-report]", "unknown kind 'os-instal' (did you mean 'os-install'?)", "Required for an unknown kind"),
    planted("[hardware-test]\n", "[hardware-test]\n      ¦wanted_for: [hardware-test]\n", "is needed and wanted at once for hardware-test", "Needed and wanted at once"),
    planted("kind: licensed-support", "kind: ¦licensed-suport", "unknown kind 'licensed-suport' (did you mean 'licensed-support'?)", "An unknown kind"),
    planted("department: Разработка", "department: ¦Разрабтка", "unknown department 'Разрабтка' (did you mean 'Разработка'?)", "An unknown department"),
    planted("ru: Это не к нам.", 'ru: ¦"Это не к нам, {{ tiket }}."', "unknown variable 'tiket' in the text (did you mean 'ticket'?)", "An unknown variable in an answer"),
    planted("- none: [{text", "- none: [{¦txt", "unknown condition 'txt' (did you mean 'text'?)", "An unknown condition"),
    planted("by: Отдел продаж", "by: ¦Отдел продажи", "unknown department 'Отдел продажи'", "Approved by an unknown department"),
    planted("refused: Не согласовано", "¦refused: Согласовано", "`granted` and `refused` are the same mark", "Granted is refused"),
    planted("- name: Совместимость", "- name: ¦Ошибка", "two routes are named 'Ошибка'", "Two routes of one name"),
    planted('"re:код [0-9]+"', '¦"re:код ([0-9]+"', "the regular expression is broken", "A broken regular expression"),
    planted("language: ru", "language: ¦rus", "`language` cannot be 'rus' (use ru or en)", "An unknown language"),
    planted("  - name: Остальное\n", "  - ¦name: Снова\n    kind: triage\n    department: Пресейл\n    when: {text: [установка]}\n  - name: Остальное\n", "the route 'Снова' is never reached: 'Установка'", "A route that is hidden by another"),
    planted("answer: 2 working days", "answer: ¦0 working days", "impossible term", "A term of nothing"),
    planted("by_kind: {", "by_kind: {¦bag-report: 2 working days, ", "unknown kind 'bag-report' (did you mean 'bug-report'?)", "A term for an unknown kind"),
    planted("bug-report: 3 working days}", "bug-report: ¦30 working hours}", "days and hours do not mix", "A term in hours, its extension in days"),
    planted("{name: Пора, at: 0h", "{name: Пора, at: ¦1 working day", "a reminder is set in working hours", "A reminder in days"),
    planted("at: -2 working hours", "at: ¦-10 working hours", "lies before the start of the term of 1 working day", "A step before the department's term"),
    planted("no_term: [спасибо]", "no_term: [¦'спасибо ...']", "a gap needs a word after it", "A broken pattern"),
    planted("status: Закрыта}", "status: ¦В работе}", "'В работе' is not one of the closed statuses", "Closing with an open status"),
    planted("  not_before: 2026-11-01T00:00:00+03:00", "  not_before: ¦2026-11-01", "has no time zone", "The first day without a zone"),
    planted("lead: rukovoditel", "lead: rukovoditel\n¦api_key: x", "secrets do not belong in this file", "A key for secrets"),
    planted("  acknowledge:", "  ¦acknowlege:", "unknown text 'acknowlege' (did you mean 'acknowledge'?)", "An unknown text"),
    planted("      Принято: {{ ticket }}.", "      ¦Принято: {{ ticket.", "the text is broken", "A broken template, by its line"),
]  # fmt: skip

ALONE = [
    planted("redmine:\n", "redmine: ¦нет\nx-redmine:\n", "keys with values are needed here, not 'нет'", "A section that is a word"),
    planted("  not_before: 2026-11-01T00:00:00+03:00", "  settle: 10 minutes", "'not_before' is missing", "No first day"),
    planted("lead: rukovoditel\n", "", "the section 'lead' is missing", "No lead"),
    planted("  - name: Остальное\n    kind: triage\n    department: Пресейл\n", "", "the last route has a `when`", "No route that catches all"),
    planted("    when: {text: [лицензия]}\n", "", "has no `when` and takes every ticket: 5 below it are never reached", "The route that catches all comes first"),
    planted("Пресейл: {first_line: true, assign: false}", "Пресейл: {}", "no department is the first line", "No first line"),
    planted("{first_line: true", "{first_line: ¦yes", "write `true` or `false`, not 'yes'", "yes is a word"),
    planted("  Отдел продаж: {term: 1 working day}", "  Отдел продаж:", "no department has a `term`", "A step of a term that no department has"),
    planted("  Разработка: {}", "  ¦Разработка: {group: Пресейл}", "the group 'Пресейл' stands for two departments", "A group twice"),
    planted("extend: 1 working day", "extend: ¦9 working hours", "days and hours do not mix", "An extension in hours"),
    planted("answer: 2 working days", "answer: ¦-2 working days", "impossible term", "A negative term"),
    planted("answer: 2 working days", "answer: ¦2 days", "say whether working days or calendar days", "Days of which kind"),
    planted("at: -4 working hours", "at: ¦-20 working hours", "lies before the start of the term of 2 working days", "A step before the term"),
    planted("{name: Пора, at: 0h, of: due, to: lead}", "{name: Пора, at: ¦-4h, of: due, to: assignee}", "the same step is there twice", "A step twice"),
    planted("waiting: Согласование", "waiting: ¦Обратная связь", "waiting for an approval does not pause the term", "Waiting for approval pauses"),
    planted("granted: Согласовано", "granted: ¦{field: Решение}", "a decision is shown by", "A field without a value"),
    planted("then: Лаборатория", "then: ¦Лаборатори", "unknown department 'Лаборатори' (did you mean 'Лаборатория'?)", "An approval goes on to nowhere"),
    planted("closed: [Закрыта]", "closed: [Закрыта, Ожидание]", "'Ожидание' cannot be a closed status", "The waiting status is closed"),
    planted("resumed: В работе", "resumed: ¦Ожидание", "the clock would never go on", "The resumed status pauses"),
    planted("close_after: 10 working days", "close_after: ¦5 working days", "closed before or with the nudge", "Closed with the nudge"),
    planted("when: {text: [лицензия]}", "when: {text: ¦[]}", "`text` needs at least one value", "A condition without words"),
    planted("when: {text: [лицензия]}", "when: ¦лицензия", "a condition is needed", "A condition that is a word"),
    planted('any: [{text: ["@install"]}, {subject: [установщик]}]', "any: ¦{text: [а], subject: [б]}", "`any` needs a list of conditions", "any of what"),
    planted("{Продукт: [сервер]}", "¦[сервер]", "`field` needs a name and values", "A field without a name"),
    planted("[лицензия]", "[лицензия, ¦true]", "write 'true' in quotes", "A word that YAML takes for something else"),
    planted('"@hardware"', "¦'новый \"@hardware\"'", "a family in quotes inside a pattern", "A family in quotes inside"),
    planted('"@hardware"', '¦"@hardvare"', "there is no family 'hardvare' (did you mean 'hardware'?)", "An unknown family"),
    planted("install: [установка", 'install: [¦"@install", установка', "family 'install' contains itself", "A family in a circle"),
    planted("ru: Лаборатория", "ru: ¦'Лаборатория {{ ticket }}'", "nothing is filled in", "A template where none is possible"),
    planted("ru: Какая система?", "ru: ¦''", "this is empty", "An empty text"),
    planted("no_term: [спасибо]", "no_term: [спасибо, ¦9d2c1a0b9d2c1a0b9d2c1a0b9d2c1a0b9d2c1a0b]", "looks like a key or a password", "A key in a value"),
    planted("days: {2026-12-31: short}", "days: {2026-12-31: ¦kurz}", "a day is `off`, `short`, `work` or its hours", "A day of no kind"),
    planted("{mon-fri:", "{mon-fri: '09:00-18:00', ¦fri:", "fri is given twice", "A weekday twice"),
    planted("{mon-fri:", "{¦mo-fri:", "'mo-fri' is no weekday", "A mistyped weekday"),
    planted("markup: textile", "markup: ¦markdown", "'markdown' is not possible here", "An unknown markup"),
    planted("lead: rukovoditel", "lead: rukovoditel\nextensions: [¦no_such_module]", "the extension 'no_such_module' cannot be used", "An extension that is not there"),
    planted('    en: "Registered: {{ ticket }}."', '    en: ¦"{% for f in fields %}{{ f.qestion }}{% endfor %}"', "unknown variable 'qestion' after a dot", "An unknown part of a field"),
    planted('    en: "Registered: {{ ticket }}."', '    en: ¦"{{ ticket | shout }}"', "No filter named 'shout'", "An unknown filter"),
    planted("answer: 2 working days", "answer: ¦[2]", "write it as text", "A list where a term is wanted"),
    planted("at_most: 2", "at_most: ¦010", "a whole number is needed, not '010'", "010 is no number"),
]  # fmt: skip


def place(text: str) -> tuple[str, tuple[int, int] | None]:
    """The text without its mark, and where the mark was."""
    before, mark, _ = text.partition("¦")
    at = (before.count("\n") + 1, len(before) - before.rfind("\n")) if mark else None
    return text.replace("¦", ""), at


def mistakes_of(text: str) -> list[str]:
    """What `parse` says about a text, a line for each mistake."""
    with pytest.raises(PolicyError) as caught:
        parse(text)
    assert str(caught.value) == "\n".join(str(mistake) for mistake in caught.value.mistakes)
    return str(caught.value).splitlines()


def test_the_base_has_no_mistakes_and_no_warnings_but_kinds_without_a_route() -> None:
    """What the mistakes are planted in is right itself."""
    loaded = parse(BASE, now=datetime(2027, 11, 1, tzinfo=UTC))
    assert [warning.message.partition(" the kind")[0] for warning in loaded.warnings] == ["no route gives"]


@pytest.mark.parametrize("mistake", [*TOGETHER, *ALONE])
def test_a_planted_mistake_is_found_with_its_place_and_nothing_else_is_said(mistake: Planted) -> None:
    """One mistake, one line, and the place is where a person would look."""
    assert BASE.count(mistake.old) >= 1
    text, at = place(BASE.replace(mistake.old, mistake.new, 1))
    said = [line for line in mistakes_of(text) if "x-redmine" not in line]
    assert len(said) == 1
    assert mistake.said in said[0]
    if at:
        assert said[0].startswith(f"rules.yaml:{at[0]}:{at[1]}: ")


def test_all_planted_mistakes_are_found_by_one_check() -> None:
    """Whoever wrote the file sees everything at once, in the order of the lines."""
    text = BASE
    rows: list[Planted] = [row.values[0] for row in TOGETHER]  # type: ignore[attr-defined]
    for number, row in enumerate(rows):
        assert text.count(row.old) >= 1, row
        text = text.replace(row.old, row.new.replace("¦", chr(0xE000 + number)), 1)
    clean = "".join(char for char in text if not 0xE000 <= ord(char) < 0xF000)
    said = mistakes_of(clean)
    assert len(rows) >= 20
    for row in rows:
        assert any(row.said in line for line in said), row.said
    assert len(said) == len(rows)
    places = [tuple(int(part) for part in line.split(":")[1:3]) for line in said]
    assert places == sorted(places)


def test_a_secret_is_never_repeated() -> None:
    """The message about a key in the file does not carry the key further."""
    key = "9d2c1a0b9d2c1a0b9d2c1a0b9d2c1a0b9d2c1a0b"
    said = mistakes_of(BASE.replace("lead: rukovoditel", f"lead: rukovoditel\nredmine_api_key: {key}"))
    assert len(said) == 2
    assert key not in "".join(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("[ошибка,", "[ошибка, установить,", "'установить' has no effect in the route 'Ошибка'", id="A word that a route above takes"),
        pytest.param("  not_before", "  settle_unknown: 10 s\n  not_before", "must be longer than the time-outs", id="A time-out too short"),
        pytest.param("  not_before", "  writes_per_minute: 49\n  not_before", "never come to the 50 of one pass", id="A rate below the brake"),
        pytest.param("  hardware: [", "  other: [слово]\n  hardware: [", "the family 'other' is used nowhere", id="A family that nothing uses"),
        pytest.param("  by_kind: {bug-report: 3 working days}\n  hand_over: {extend: 1 working day, at_most: 2}", "  by_kind: {bug-report: 3 working hours}", "for the term of 3 working hours this step lies before its start", id="A step before a shorter term"),
        pytest.param("    out_of_scope:\n      answer: {ru: Это не к нам., en: Not here.}\n", "", "is not included in presale support", id="Out of scope without saying so"),
        pytest.param("kind: triage", "kind: product-info", "what nothing recognises is usually of kind triage", id="The last route is not triage"),
    ],
)  # fmt: skip
def test_a_warning_leaves_the_rules_usable(old: str, new: str, said: str) -> None:
    """Warnings tell what is worth knowing about rules that work."""
    warnings = [str(warning) for warning in parse(BASE.replace(old, new, 1)).warnings]
    assert any(said in warning for warning in warnings), warnings


@pytest.mark.parametrize(
    ("now", "years"),
    [
        pytest.param(datetime(2027, 9, 30, tzinfo=UTC), [], id="In September the decree may not be there yet"),
        pytest.param(datetime(2027, 10, 1, tzinfo=UTC), ["2028"], id="From October on the next year is wanted"),
        pytest.param(datetime(2028, 1, 10, tzinfo=UTC), ["2028"], id="This year is wanted at once"),
    ],
)
def test_the_calendar_that_ends_is_told_in_time(now: datetime, years: list[str]) -> None:
    """A missing year is a warning from October on (issue: "a calendar that ends")."""
    text = BASE.replace("  years:\n    2028: {off: [2028-01-01..2028-01-09], short: [2028-02-22]}\n", "")
    said = [warning.message for warning in parse(text, now=now).warnings if "calendar" in warning.message]
    assert [f"no data for {year}" in line for year, line in zip(years, said, strict=True)] == [True] * len(years)


ODD = (
    "",
    "null",
    "[]",
    "{}",
    "true",
    "12",
    "010",
    "- а",
    "{а: б}",
    "[а, [б]]",
    "*x",
    "&x",
    "<<: {а: 1}",
    "|",
    "'",
    "x: y",
    "? ",
    "-1h",
    "all",
)


@settings(max_examples=100, deadline=None)
@given(
    edits=st.lists(
        st.tuples(st.integers(0, BASE.count("\n")), st.floats(0, 1), st.sampled_from(ODD)), min_size=1, max_size=3
    )
)
def test_no_edit_whatever_ends_in_anything_but_rules_or_mistakes(edits: list[tuple[int, float, str]]) -> None:
    """Values of any form, anywhere, are told as mistakes with places."""
    lines = BASE.split("\n")
    for number, where, odd in edits:
        at = int(where * len(lines[number]))
        key, colon, _ = lines[number].partition(": ")
        lines[number] = f"{key}{colon}{odd}" if where > 0.5 and colon else lines[number][:at] + odd + lines[number][at:]
    usable: Loaded | None = None
    mistakes: tuple[Mistake, ...] = ()
    try:
        usable = parse("\n".join(lines))
    except PolicyError as error:
        mistakes = error.mistakes
    assert usable or mistakes
