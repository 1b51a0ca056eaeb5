"""Sections in files beside rules.yaml: the directory of partners, the list of compatible products, and every mistake in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import PolicyError
from bridge.policy.load import load, parse
from bridge.policy.shipped import shipped_rules

RULES = """\
redmine:
  trackers: ТехП Пресейл
  staff: {roles: Инженер}
  bridge_users: presale-bridge
  markup: textile
  statuses: {waiting: Ожидание, resumed: В работе, reopened: В работе, pauses: Ожидание, closed: Закрыта}
calendar: {zone: Europe/Moscow, week: {mon-fri: 09:00-18:00}}
departments: {Пресейл: {first_line: true}}
families: {crypto: [криптопро]}
routes:
  - {name: Чужое, kind: third-party-install, department: Пресейл, unless_compatible: compatibility, when: {text: ["@crypto"]}}
  - {name: Совместимость, kind: compatibility, department: Пресейл, when: {text: [совместимость]}}
  - name: Проекты
    kind: project-work
    department: Пресейл
    when: {text: [внедрение]}
    out_of_scope: {auto: false, answer: {ru: "{{ partner_list }}", en: "{{ partner_list }}"}}
  - name: Партнёры
    kind: partner-advice
    department: Пресейл
    when: {text: [партнёр]}
    propose: {ru: "{{ partner_list }}", en: "{% for one in partners %}{{ one.name }}{% endfor %}"}
  - {name: Всё, kind: triage, department: Пресейл}
terms: {answer: 2 рабочих дня}
limits: {not_before: 2026-11-01T00:00:00+03:00}
lead: rukovoditel
partners: lists/partners.yaml
compatible: products.yaml
"""
PARTNERS = """\
at_most: 3
regions:
  Урал: [урал, екатеринбург]
  Юг: {title: {ru: Юг, en: The south}, words: [сочи]}
works:
  внедрение: внедрение
companies:
  Ромашка:
    regions: [Урал, Юг]
    works: [внедрение]
    contact: romashka.ru
  Василёк:
    regions: all
    works: all
    contact: site.example
"""
PRODUCTS = """\
КриптоПро CSP:
  words: ["@crypto", cryptopro]
  products: [Альт Сервер]
  note: 5.0
1С:
  words: [1с]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Rules with two files beside them."""
    (tmp_path / "lists").mkdir()
    (tmp_path / "rules.yaml").write_text(RULES, encoding="utf-8")
    (tmp_path / "lists" / "partners.yaml").write_text(PARTNERS, encoding="utf-8")
    (tmp_path / "products.yaml").write_text(PRODUCTS, encoding="utf-8")
    return tmp_path


def change(folder: Path, name: str, old: str, new: str) -> None:
    """Change one thing in one file."""
    text = (folder / name).read_text(encoding="utf-8")
    assert text.count(old) >= 1
    (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")


def mistakes(folder: Path) -> list[str]:
    """What is wrong with the rules of a folder."""
    with pytest.raises(PolicyError) as caught:
        load(folder / "rules.yaml")
    return [str(one) for one in caught.value.mistakes]


def warnings(folder: Path) -> list[str]:
    """What is worth knowing, but for kinds without a route."""
    return [str(one) for one in load(folder / "rules.yaml").warnings if "no route gives" not in one.message]


def test_what_is_in_the_files_is_in_the_policy(folder: Path) -> None:
    """Paths are counted from the folder of the rules; all words are in the one index."""
    policy = load(folder / "rules.yaml").policy
    assert [(one.name, one.regions, one.works) for one in policy.directory.partners] == [
        ("Ромашка", ("Урал", "Юг"), ("внедрение",)),
        ("Василёк", ("*",), ("*",)),
    ]
    assert [(one.name, one.title.en) for one in policy.directory.regions] == [("Урал", "Урал"), ("Юг", "The south")]
    assert policy.directory.at_most == 3
    assert [(one.name, one.products, one.note) for one in policy.compatible] == [
        ("КриптоПро CSP", ("Альт Сервер",), "5.0"),
        ("1С", (), ""),
    ]
    found = policy.words.search("в Екатеринбурге ставим криптопро")
    assert "екатеринбург" in found
    assert "@crypto" in found
    assert warnings(folder) == []


def test_the_same_inline(folder: Path) -> None:
    """A short list can stand in rules.yaml itself."""
    from_files = load(folder / "rules.yaml").policy
    indented = ["".join(f"  {line}\n" for line in text.splitlines()) for text in (PARTNERS, PRODUCTS)]
    text = RULES.replace("partners: lists/partners.yaml\n", f"partners:\n{indented[0]}")
    inline = parse(text.replace("compatible: products.yaml\n", f"compatible:\n{indented[1]}")).policy
    assert inline.directory == from_files.directory
    assert inline.compatible == from_files.compatible


LISTS, ITEMS = "lists/partners.yaml", "products.yaml"


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param(LISTS, "[Урал, Юг]", "[¦Урл, Юг]", "unknown region 'Урл' (did you mean 'Урал'?)", id="A mistyped region"),
        pytest.param(LISTS, "works: [внедрение]", "works: [¦внедрения]", "unknown kind of work 'внедрения' (did you mean 'внедрение'?)", id="A mistyped kind of work"),
        pytest.param(LISTS, "  Василёк:", "  ¦Ромашка:", "duplicate key 'Ромашка' (it is already at line 8)", id="A partner twice"),
        pytest.param(LISTS, "  Василёк:\n    regions: all\n", "  ¦Василёк:\n", "'regions' is missing (add `regions:`: Names of", id="A partner without regions"),
        pytest.param(LISTS, "at_most: 3", "¦at_mots: 3", "unknown key 'at_mots' (did you mean 'at_most'?)", id="A mistyped key"),
        pytest.param(LISTS, "at_most: 3", "at_most: ¦три", "a whole number is needed", id="A number in words"),
        pytest.param(LISTS, "words: [сочи]", "words: ¦[]", "at least one is needed", id="A region without words"),
        pytest.param(LISTS, "[урал, екатеринбург]", "[урал, ¦ек*терин]", "pattern 'ек*терин': the asterisk stands at the end", id="A broken pattern in a list"),
        pytest.param(LISTS, "words: [сочи]", 'words: [¦"@crpyto"]', "there is no family 'crpyto' (did you mean 'crypto'?)", id="A mistyped family under `words`"),
        pytest.param(LISTS, "  внедрение: внедрение", "  внедрение: ¦не ...", "pattern 'не ...': a gap needs a word after it", id="A broken pattern on its own"),
        pytest.param(LISTS, "[урал, екатеринбург]", "[урал, екатеринбург\n  Юг¦: [", "a bracket is not closed, or a comma is missing", id="No YAML"),
        pytest.param(LISTS, PARTNERS, "¦", "the file is empty", id="An empty file"),
        pytest.param(LISTS, PARTNERS, "¦- Ромашка\n", "keys with values are needed here", id="A list where sections belong"),
        pytest.param(LISTS, "romashka.ru", "¦https://u:p@romashka.ru", "this looks like a key or a password", id="A password in a contact"),
        pytest.param(ITEMS, "1С:\n  words: [1с]\n", "1С:¦\n", "keys with values are needed here, and there is nothing", id="A product without anything"),
        pytest.param(ITEMS, "1С:\n  words: [1с]\n", "¦1С: {note: 8.3}\n", "'words' is missing", id="A product without words"),
        pytest.param(ITEMS, "1С:", "¦КриптоПро CSP:", "duplicate key 'КриптоПро CSP' (it is already at line 1)", id="A product twice"),
        pytest.param(ITEMS, "note: 5.0", "¦notes: 5.0", "unknown key 'notes' (did you mean 'note'?)", id="A mistyped key of a product"),
        pytest.param("rules.yaml", "compatible: products.yaml", "compatible: ¦product.yaml", "", id="A file that is not there"),
        pytest.param("rules.yaml", "compatible: products.yaml", "compatible: ¦[КриптоПро]", "keys with values are needed here, not a list", id="Names alone"),
        pytest.param("rules.yaml", "unless_compatible: ", "unless_compatible: ¦x-", "unknown kind 'x-compatibility' (did you mean 'compatibility'?)", id="A mistyped kind"),
        pytest.param("rules.yaml", "unless_compatible: compatibility", "unless_compatible: ¦bug-report", "no route gives the kind 'bug-report'", id="A kind without a route"),
        pytest.param("rules.yaml", "unless_compatible: compatibility", "unless_compatible: ¦third-party-install", "the route 'Чужое' of kind 'third-party-install' is itself", id="A route that stands in for itself"),
        pytest.param("rules.yaml", "    propose: {", "    out_of_scope: {answer: {ru: Нет., en: No.}}\n    ¦propose: {", "the route 'Партнёры' has an `out_of_scope` answer and a `propose` at once", id="Two answers"),
        pytest.param("rules.yaml", 'propose: {ru: "{{ partner_list }}"', 'propose: {ru: ¦"{{ partner_lits }}"', "unknown variable 'partner_lits' in the text (did you mean 'partner_list'?)", id="A mistyped variable"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_the_file_it_is_in(folder: Path, file: str, old: str, new: str, said: str) -> None:
    """One mistake, one line, and the place is where a person would look (`¦`): that file, line and column."""
    change(folder, file, old, new)
    marked = (folder / file).read_text(encoding="utf-8")
    before = marked[: marked.index("¦")]
    (folder / file).write_text(marked.replace("¦", ""), encoding="utf-8")
    place = f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: "
    told = mistakes(folder)
    assert len(told) == 1, told
    assert told[0].startswith(place + said)


def test_a_directory_without_companies(folder: Path) -> None:
    """The section is named where the rules name the file: there is nothing to point at in the file itself."""
    change(folder, LISTS, PARTNERS, "regions: {}\n")
    (told,) = mistakes(folder)
    assert told.startswith("rules.yaml:27:1: 'companies' is missing")


def test_mistakes_of_all_files_come_at_once(folder: Path) -> None:
    """Whoever wrote them mends them in one go."""
    change(folder, LISTS, "[Урал, Юг]", "[Урл, Юг]")
    change(folder, ITEMS, "note: 5.0", "notes: 5.0")
    change(folder, "rules.yaml", "lead: rukovoditel", "laed: rukovoditel")
    assert [line.split(":")[0] for line in mistakes(folder)] == [LISTS, ITEMS, "rules.yaml", "rules.yaml"]


def test_rules_that_are_in_no_file_have_none_beside_them() -> None:
    """A sentence, not a search in whatever folder the process stands."""
    with pytest.raises(PolicyError, match="these rules are in no file"):
        parse(RULES)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        pytest.param("rules.yaml", "unless_compatible: compatibility, ", "", "rules.yaml:28:1: the list of compatible products is used nowhere", id="A list that no route asks"),
        pytest.param("rules.yaml", "auto: false", "auto: true", f"{LISTS}:15:14: 'Василёк' is an example, and the route 'Проекты' sends it to customers by itself", id="An example that would go out"),
    ],
)  # fmt: skip
def test_a_warning(folder: Path, file: str, old: str, new: str, said: str) -> None:
    """The rules are usable, and their author should know."""
    change(folder, file, old, new)
    (told,) = warnings(folder)
    assert told.startswith(said)


def test_a_directory_that_no_answer_names(folder: Path) -> None:
    """Where no text has partners in it, the directory does nothing."""
    change(folder, "rules.yaml", '{ru: "{{ partner_list }}", en: "{{ partner_list }}"}', "{ru: Нет., en: No.}")
    change(
        folder,
        "rules.yaml",
        'propose: {ru: "{{ partner_list }}", en: "{% for one in partners %}{{ one.name }}{% endfor %}"}',
        "propose: {ru: Да., en: Yes.}",
    )
    (told,) = warnings(folder)
    assert told.startswith("rules.yaml:27:1: the directory of partners is used nowhere")


def test_shipped_words_serve_where_none_stand_beside(tmp_path: Path) -> None:
    """Rules copied alone into a folder recognise what the shipped ones do, and `check` says whose words they are."""
    (tmp_path / "rules.yaml").write_text(shipped_rules().read_text(encoding="utf-8"), encoding="utf-8")
    loaded, shipped = load(tmp_path / "rules.yaml"), load(shipped_rules())
    assert loaded.policy.learned == shipped.policy.learned
    told = {one.message: one.line for one in loaded.warnings}
    for name in ("words.yaml", "learned.json"):
        assert told[f"{name} is not beside the rules: the one that comes with the bridge is used"] > 1
    assert not [one for one in shipped.warnings if "comes with the bridge" in one.message]
