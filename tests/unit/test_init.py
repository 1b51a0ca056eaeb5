"""`presale-bridge init`: whatever names a Redmine has, the draft is usable rules, keeps the comments, and invents nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bridge.app import App
from bridge.cli.main import parser, run
from bridge.cli.starting import init
from bridge.core.policy import Policy
from bridge.errors import PermanentError
from bridge.policy.found import Found, FoundPerson, FoundRole, FoundStatus, FoundTracker
from bridge.policy.load import parse
from bridge.policy.shipped import shipped_rules
from bridge.report.init import decisions, draft
from bridge.report.sheet import Sheet, quoted
from bridge.settings import find_rules, read_settings
from tests.unit.making import ROOT, RULES

TEMPLATE = shipped_rules().read_text(encoding="utf-8")
NIGHT = datetime(2026, 11, 22, 22, 30, tzinfo=UTC)
"""Already Monday the 23rd in Moscow."""

OPEN = (
    "Новая",
    "В работе",
    "Решена",
    "Обратная связь",
    "Ожидание ответа",
    "Согласование",
    "Согласовано",
    "Не согласовано",
)
GROUPS = (
    *("Пресейл", "Отдел продаж", "Лаборатория совместимости"),
    *("Базовая техническая поддержка", "Отдел партнёров", "Отдел разработки"),
)
CABINET = Found(
    url="https://redmine.example.com",
    account="presale-bridge",
    trackers=(
        FoundTracker("Ошибка"),
        FoundTracker("ТехП Пресейл", frozenset({"Сведения о системе", "Информация об обновлении", "Отдел"})),
    ),
    statuses=(*map(FoundStatus, OPEN), FoundStatus("Закрыта", closed=True), FoundStatus("Отказ", closed=True)),
    roles=(
        *(FoundRole(name, True) for name in ("Инженер пресейла", "Инженер отдела", "Менеджер продаж", "Руководитель")),
        *(FoundRole("Клиент"), FoundRole("Мост", True, False)),
    ),
    groups=GROUPS,
    people=(FoundPerson("ivanov", frozenset({"Инженер пресейла"})), FoundPerson("orlova", frozenset({"Руководитель"}))),
    priorities=("Нормальный",),
    projects=("clients",),
)
ENGLISH = Found(
    url="https://redmine.example.com",
    account="bot",
    trackers=(FoundTracker("Bug"), FoundTracker("Feature"), FoundTracker("Support", frozenset())),
    statuses=(
        *map(FoundStatus, ("New", "In Progress", "Resolved", "Feedback")),
        *(FoundStatus("Closed", closed=True), FoundStatus("Rejected", closed=True)),
    ),
    roles=(
        FoundRole("Manager", True),
        FoundRole("Developer", True),
        FoundRole("Reporter"),
        FoundRole("Bot", True, False),
    ),
    people=(FoundPerson("jane", frozenset({"Manager"})),),
    projects=("one", "two"),
)


def drafted(found: Found) -> Policy:
    """The rules of a draft; they have to be usable, without warnings."""
    loaded = parse(draft(found, TEMPLATE, NIGHT), folder=ROOT)
    assert loaded.warnings == ()
    return loaded.policy


@pytest.mark.parametrize(
    "found", [CABINET, ENGLISH], ids=["the cabinet of the policy", "Redmine's English default data"]
)
def test_w5_a_draft_begins_today_in_shadow_mode(found: Found) -> None:
    """Nothing old is touched and nothing is written before somebody says so; "today" is the calendar's, not Greenwich's."""
    limits = drafted(found).limits
    assert limits.not_before.isoformat() == "2026-11-23T00:00:00+03:00"
    assert limits.shadow


def test_a_cabinet_as_the_policy_has_it_keeps_all_that_is_shipped() -> None:
    """Only names that really differ are changed: here the closing status and the lead."""
    rules, given = drafted(CABINET), parse(TEMPLATE, folder=ROOT).policy
    assert dict(rules.departments) == dict(given.departments)
    assert rules.required == given.required
    assert rules.routes == given.routes
    assert rules.redmine == replace(
        given.redmine, statuses=replace(given.redmine.statuses, closed=frozenset({"Закрыта", "Отказ"}))
    )
    assert rules.lead == "orlova"


def test_the_comments_of_the_template_stay() -> None:
    """A draft is the shipped file, line by line, but for names and marks."""
    text = draft(ENGLISH, TEMPLATE, NIGHT)
    comments = [line.strip() for line in TEMPLATE.split("\n") if line.lstrip().startswith("#")]
    assert [line for line in comments if line not in text] == []


def test_names_of_an_english_redmine() -> None:
    """Statuses, tracker, roles and lead are guessed from what is there."""
    rules = drafted(ENGLISH)
    statuses = rules.redmine.statuses
    assert (statuses.waiting, statuses.resumed, statuses.reopened) == ("Feedback", "In Progress", "In Progress")
    assert (statuses.pauses, statuses.ends, statuses.closed) == ({"Feedback"}, {"Resolved"}, {"Closed", "Rejected"})
    assert rules.redmine.scope.trackers == {"Support"}
    assert rules.redmine.staff.roles == {"Manager", "Developer"}
    assert rules.redmine.bridge_users == {"bot"}
    assert rules.lead == "jane"


def test_r2_a_department_without_a_group_is_left_out_and_its_tickets_stay_with_the_first_line() -> None:
    """Rather nobody than somebody who does not exist; the text stays as a comment."""
    text = draft(ENGLISH, TEMPLATE, NIGHT)
    rules = parse(text, folder=ROOT).policy
    assert set(rules.departments) == {"Пресейл"}
    assert {route.department for route in rules.routes} == {"Пресейл"}
    assert "\n  # Отдел продаж:" in text
    assert all(step.of == "due" for step in rules.reminders)


def test_r5_an_approval_without_its_statuses_is_left_out() -> None:
    """A gate that nobody could open would hold tickets for ever."""
    lacking = tuple(status for status in CABINET.statuses if status.name != "Не согласовано")
    text = draft(replace(CABINET, statuses=lacking), TEMPLATE, NIGHT)
    assert [route.name for route in parse(text, folder=ROOT).policy.routes if route.approval] == []
    assert "согласование выключено: в Redmine нет статуса «Не согласовано» (R5)" in text


def test_r5_an_approval_without_the_department_after_it_stays() -> None:
    """Who decides is there; only where the ticket goes then is left out."""
    groups = tuple(name for name in GROUPS if name != "Лаборатория совместимости")
    gates = [route.approval for route in drafted(replace(CABINET, groups=groups)).routes if route.approval]
    assert {gate.then for gate in gates} == {""}


def test_groups_are_known_by_the_words_in_them() -> None:
    """A group «Sales» is taken for the sales department, and a person is asked; no group is taken twice."""
    text = draft(replace(ENGLISH, groups=("Sales", "Technical support", "Warehouse")), TEMPLATE, NIGHT)
    departments = parse(text, folder=ROOT).policy.departments
    assert {name: one.group for name, one in departments.items()} == {
        "Пресейл": "Пресейл",
        "Отдел продаж": "Sales",
        "Базовая техническая поддержка": "Technical support",
    }
    assert "РЕШИТЕ: это группа «Sales»?" in text


@pytest.mark.parametrize(
    ("fields", "names", "called"),
    [
        pytest.param(
            {"Сведения о системе", "Информация об обновлении системы"},
            ["Сведения о системе", "Информация об обновлении системы"],
            {},
            id="named as in the rules",
        ),
        pytest.param(
            {"Сведения о системе", "Информация об обновлениях"},
            ["Сведения о системе", "Информация об обновлении системы"],
            {"Информация об обновлении системы": "Информация об обновлениях"},
            id="one is named a little otherwise",
        ),
        pytest.param({"Сведения о системе"}, ["Сведения о системе"], {}, id="one is not there"),
        pytest.param(
            {"Информация об обновлении"},
            ["Информация об обновлении системы"],
            {"Информация об обновлении системы": "Информация об обновлении"},
            id="the first, on which an anchor stood, is not there",
        ),
        pytest.param({"Продукт"}, [], {}, id="none is there"),
    ],
)
def test_f1_only_fields_that_the_tracker_shows_are_asked_for(
    fields: set[str], names: list[str], called: dict[str, str]
) -> None:
    """A field that does not exist could never be filled."""
    rules = drafted(replace(CABINET, trackers=(FoundTracker("ТехП Пресейл", frozenset(fields)),)))
    assert [rule.name for rule in rules.required.fields] == names
    assert rules.redmine.field_names == called
    needed = {"os-install", "third-party-install", "hardware-test", "bug-report"}
    assert all(rule.needed_for == needed for rule in rules.required.fields)


def test_f1_fields_of_a_tracker_without_tickets() -> None:
    """Redmine shows a member no field without a ticket: the policy's tracker is taken to have the policy's fields, another is not."""
    ours = replace(CABINET, trackers=(FoundTracker("ТехП Пресейл"),))
    other = replace(CABINET, trackers=(FoundTracker("Заявки"),))
    assert len(drafted(ours).required.fields) == 2
    assert drafted(other).required.fields == ()


@pytest.mark.parametrize(
    ("elsewhere", "below", "expected"),
    [
        pytest.param((), "", (set(), ""), id="all that it sees"),
        pytest.param(("wiki",), "clients", (set(), "clients"), id="below a parent of all"),
        pytest.param(("wiki",), "", ({"one", "two"}, ""), id="only those that it is a member of"),
    ],
)
def test_projects_are_those_that_the_account_is_a_member_of(
    elsewhere: tuple[str, ...], below: str, expected: tuple[set[str], str]
) -> None:
    """A project that it only sees would be an error in `check --online`."""
    scope = drafted(replace(CABINET, projects=("one", "two"), elsewhere=elsewhere, below=below)).redmine.scope
    assert (scope.projects, scope.below) == expected


@pytest.mark.parametrize(
    ("change", "told"),
    [
        pytest.param({"trackers": ()}, "no tracker is switched on", id="no tracker"),
        pytest.param(
            {"statuses": (FoundStatus("New"), FoundStatus("Closed", closed=True))},
            "two open statuses",
            id="one open status",
        ),
        pytest.param({"statuses": (FoundStatus("New"), FoundStatus("Done"))}, "one that closes", id="none that closes"),
    ],
)
def test_a_redmine_that_lacks_the_least(change: dict[str, Any], told: str) -> None:
    """Without these there are no rules; the sentence says what to add."""
    with pytest.raises(PermanentError, match=told):
        draft(replace(CABINET, **change), TEMPLATE, NIGHT)


@pytest.mark.parametrize("waiting", ["Ждём клиента", "Pending", "Заморожено"])
def test_t9_some_open_status_is_chosen_for_waiting(waiting: str) -> None:
    """The likeliest, else the last; and a person is asked."""
    statuses = (*map(FoundStatus, ("New", "In Progress", waiting)), FoundStatus("Closed", closed=True))
    assert drafted(replace(ENGLISH, statuses=statuses)).redmine.statuses.waiting == waiting


@pytest.mark.parametrize(
    "name",
    [
        "yes",
        "1С: Предприятие",
        "# прим.",
        "«Альт» [новое]",
        '"',
        "a: b",
        "- x",
        "  ",
        "&x",
        "12:30",
        "null",
        "*",
        "Ж\\о",
        "x, y",
    ],
)
def test_any_name_that_redmine_allows_is_written_so_that_it_is_read_back(name: str) -> None:
    """Names are people's: colons, brackets and YAML's own words occur."""
    found = replace(
        CABINET, trackers=(FoundTracker(name, frozenset()),), account=name, projects=(name,), elsewhere=("x",)
    )
    rules = parse(draft(found, RULES, NIGHT)).policy
    assert (rules.redmine.scope.trackers, rules.redmine.bridge_users) == ({name}, {name})
    assert rules.redmine.scope.projects == {name}


def test_each_mark_is_listed_with_its_line() -> None:
    """What the command prints leads to the places."""
    text = draft(ENGLISH, TEMPLATE, NIGHT)
    lines = text.split("\n")
    found = decisions(text)
    assert len(found) == len(re.findall(r"^ *# РЕШИТЕ: ", text, re.MULTILINE)) > 10
    assert all(lines[one.line - 1].lstrip().startswith(f"# РЕШИТЕ: {one.text[:20]}") for one in found)


def test_a_file_is_never_overwritten_by_accident(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --force nothing is asked of Redmine and the file stays as it is."""
    file = tmp_path / "rules.yaml"
    file.write_text("mine", encoding="utf-8")
    assert run(["init", "--output", str(file)], {}) == 2
    assert file.read_text(encoding="utf-8") == "mine"
    assert "--force" in capsys.readouterr().err


class Surveyed(App):
    """An app whose Redmine has been looked through."""

    def found(self) -> Found:
        """See `App.found`."""
        return CABINET


def drafts(template: Path, to: Path) -> int:
    """What the command says about drafting from this template."""
    given = parser().parse_args(["init", "--rules", str(template), "--output", str(to)])
    return init(Surveyed(read_settings({}), None, find_rules), given)


def test_a_template_copied_alone_takes_the_shipped_words(tmp_path: Path) -> None:
    """What serves everybody comes with the bridge; partners and products, which everybody has of his own, are left to a person."""
    template, to = tmp_path / "template", tmp_path / "new"
    for folder in (template, to):
        folder.mkdir()
    shutil.copy(ROOT / "rules.yaml", template)
    assert drafts(template / "rules.yaml", to / "rules.yaml") == 0
    for name in ("words.yaml", "learned.json", "rules.schema.json"):
        assert (to / name).read_bytes() == (ROOT / name).read_bytes()


def test_a_template_whose_own_words_are_missing_is_refused(tmp_path: Path) -> None:
    """With the name of the file that is not there."""
    (tmp_path / "new").mkdir()
    template = tmp_path / "rules.yaml"
    text = (ROOT / "rules.yaml").read_text(encoding="utf-8")
    template.write_text(text.replace("families: words.yaml", "families: our-words.yaml"), encoding="utf-8")
    with pytest.raises(PermanentError, match=r"our-words\.yaml cannot be read"):
        drafts(template, tmp_path / "new" / "rules.yaml")


def test_the_template_is_the_shipped_file() -> None:
    """In the source as in a wheel."""
    assert shipped_rules() == ROOT / "rules.yaml"


SHEET = """\
# head
a: 1   # one
b:
  c: [x, y]
  # inside
  d: >-
    words
    words

  # tail
e:
  - {f: 1}
  - {f: 2}
g: &same
  h: 1
i: *same   # as above
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(("a",), "# a: 1   # one", id="one line"),
        pytest.param(("b", "d"), "  # d: >-\n  #   words\n  #   words\n\n  # tail\ne:", id="a block of text"),
        pytest.param(
            ("b",),
            "# b:\n#   c: [x, y]\n  # inside\n#   d: >-\n#     words\n#     words\n\n  # tail\ne:",
            id="all below",
        ),
        pytest.param(("i",), "g: &same\n  h: 1\n# i: *same   # as above\n", id="an alias, not what it stands for"),
        pytest.param(("e", 0), "e:\n  # - {f: 1}\n  - {f: 2}", id="an item"),
    ],
)
def test_a_sheet_comments_out_exactly_what_stands_at_a_path(path: tuple[str | int, ...], expected: str) -> None:
    """What is below goes along, what follows stays."""
    sheet = Sheet(SHEET)
    sheet.drop(path)
    assert expected in sheet.text()


def test_a_sheet_without_changes_is_the_text() -> None:
    """Nothing is reformatted."""
    assert Sheet(SHEET).text() == SHEET


def test_names_are_quoted_only_where_yaml_would_take_them_for_something_else() -> None:
    """People read the file."""
    assert [quoted(name) for name in ("В работе", "Ж/Д №2", "no", "1С")] == ["В работе", "Ж/Д №2", '"no"', '"1С"']
