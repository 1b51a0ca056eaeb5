"""The directory of partners: who suits a ticket, and the answers to `partner-advice` and `project-work` proposed from it (policy; R6)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from bridge.core.decide import wants
from bridge.core.decisions import Propose
from bridge.core.messages import compose
from bridge.core.model import Audience, History, Journal, OwnStep, Step
from bridge.core.partners import Choice
from bridge.core.policy import Policy
from bridge.policy.load import parse
from tests.unit.making import MOSCOW, ROOT, RULES, STAFF, did, journal, look, moment, ticket

DIRECTORY = """\
partners:
  at_most: 2
  regions:
    Урал: {title: {ru: Урал, en: the Urals}, words: [урал, екатеринбург, yekaterinburg]}
    Сибирь: [сибирь, омск]
    Юг: [сочи]
  works:
    внедрение: {title: {ru: внедрение, en: implementation}, words: [внедрение, внедрить, implementation]}
    аудит: [аудит]
    проект: [проектирование]
  companies:
    А: {regions: all, works: внедрение, contact: a.example}
    Б: {regions: [Урал, Сибирь], works: [внедрение, аудит], contact: "https://b.example/?a=1"}
    В: {regions: Сибирь, works: аудит, contact: v@v.example}
    Г: {regions: Сибирь, works: all, contact: g.example}
"""
ADVICE = """\
  - name: Партнёры
    kind: partner-advice
    department: Пресейл
    when: {text: [партнёр, partner]}
    propose: {ru: "Обратитесь к партнёрам. {{ partner_list }}", en: "Please turn to a partner. {{ partner_list }}"}
"""
TEXT = RULES.replace("  - name: Проекты\n", f"{ADVICE}  - name: Проекты\n")


@cache
def rules(directory: str = DIRECTORY) -> Policy:
    """The small rules with a route that proposes partners."""
    return parse(TEXT + directory).policy


def chosen(text: str) -> Choice:
    """The partners for a text."""
    return look(ticket("Нужен партнёр", description=text), "11-23 10:15", rules()).partners


@pytest.mark.parametrize(
    ("text", "names", "left_out"),
    [
        pytest.param("Внедрение в Екатеринбурге", "БА", 0, id="Work and region; who names the region comes before who is everywhere"),
        pytest.param("Аудит в Омске", "БВ", 1, id="Who names the work comes before who does all"),
        pytest.param("Внедрение и аудит в Омске", "БГ", 2, id="Who does more of it comes first"),
        pytest.param("Внедрить", "АБ", 1, id="The work alone"),
        pytest.param("Мы в Сибири", "БВ", 2, id="The region alone"),
        pytest.param("Аудит в Сочи", "БВ", 1, id="Nobody does it there: who does it elsewhere"),
        pytest.param("Сочи", "А", 0, id="Only who is everywhere"),
        pytest.param("Проектирование в Екатеринбурге", "Г", 0, id="Nobody does it there: who does all kinds of work elsewhere"),
        pytest.param("Добрый день", "АБ", 2, id="Nothing is named: all, shortened"),
        pytest.param("", "АБ", 2, id="No text"),
    ],
)  # fmt: skip
def test_who_suits(text: str, names: str, left_out: int) -> None:
    """By region and work, wider where nobody suits, at most so many."""
    choice = chosen(text)
    assert ("".join(one.name for one in choice.partners), choice.left_out) == (names, left_out)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("Внедрение в Омске", "region: Сибирь («Омске»); work: внедрение («Внедрение»); 2 of 4 partners", id="What was found, in the customer's words"),
        pytest.param("Аудит в Сочи", "region: Юг («Сочи»); work: аудит («Аудит»); nobody for that, so by the work alone: 2 of 4 partners", id="What could not be kept to"),
        pytest.param("Привет", "region: none named; work: none named; 2 of 4 partners", id="Nothing was found"),
    ],
)  # fmt: skip
def test_the_reason_has_the_words(text: str, reason: str) -> None:
    """So that staff see why these partners and no others."""
    assert chosen(text).reason == reason


def test_a_region_in_a_field_counts() -> None:
    """A cabinet may ask for the region in a field of its own."""
    seen = ticket("Нужен партнёр", fields={"Регион": "г. Омск"})
    assert [one.name for one in look(seen, "11-23 10:15", rules()).partners.regions] == ["Сибирь"]


def test_partner_advice_is_proposed_with_the_answer_ready_to_send() -> None:
    """One private note to the department, in the customer's language; the customer gets the acknowledgement alone."""
    a = look(ticket("Which partner?", description="Implementation in Yekaterinburg."), "11-23 10:15", rules())
    private, public = compose(wants(a), a)
    assert private.private
    assert private.watchers == ("Пресейл",)
    assert "Готовый ответ клиенту (partner-advice)" in private.notes
    assert "регион — Урал («Yekaterinburg»), вид работ — внедрение («Implementation»)" in private.notes
    assert "Our partners, kind of work: implementation, region: the Urals:" in private.notes
    assert "1. Б (implementation, аудит; the Urals, Сибирь): https://b.example/?a=1" in private.notes
    assert "2. А (implementation; all of Russia): a.example" in private.notes
    assert not public.private
    assert "Б (" not in public.notes


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        pytest.param("Внедрение в Омске", "", id="Both are known"),
        pytest.param("Внедрение", "в каком регионе работы Вам нужны", id="The region is not"),
        pytest.param("В Омске", "какие работы Вам нужны", id="The work is not"),
        pytest.param("Аудит в Сочи", "", id="Both are known, and nobody suits both"),
        pytest.param("Подскажите", "какие работы и в каком регионе Вам нужны", id="Neither is"),
    ],
)
def test_the_answer_asks_for_what_the_ticket_does_not_name(text: str, asked: str) -> None:
    """A list by half of what matters says so to the customer."""
    a = look(ticket("Нужен партнёр", description=text), "11-23 10:15", rules())
    note = compose(wants(a), a)[0].notes
    assert ("Напишите, пожалуйста" in note) == bool(asked)
    assert asked in note


def test_where_nobody_suits_both_sides_are_told() -> None:
    """Staff see what was found, the customer that these are the nearest and not what was asked for."""
    a = look(ticket("Нужен партнёр", description="Аудит в Сочи"), "11-23 10:15", rules())
    note = compose(wants(a), a)[0].notes
    assert "регион — Юг («Сочи»): таких партнёров нет, вид работ — аудит («Аудит»)" in note
    assert "Партнёров, которые подошли бы совсем точно (аудит; Юг), в нашем списке пока нет." in note


def test_p6_nothing_of_the_customers_words_is_in_the_answer_and_the_reason_is_inert() -> None:
    """What stands between two words of a pattern could be a macro or an image; the note must not run it."""
    directory = DIRECTORY.replace("[аудит]", "[провести ... аудит]")
    text = "Партнёр должен провести {{include(x)}} аудит"
    a = look(ticket("Добрый день", description=text), "11-23 10:15", rules(directory))
    head, answer = compose(wants(a), a)[0].notes.split("Обратитесь к партнёрам.")
    assert "вид работ — аудит" in head
    assert "{{" not in head
    assert "include" not in answer


PROPOSED = did("11-23 10:12", Step.PROPOSE, private=True)


@pytest.mark.parametrize(
    "journals",
    [
        pytest.param((PROPOSED,), id="It was proposed"),
        pytest.param((journal("11-23 10:05", STAFF, "Обратитесь к А.", private=False),), id="Staff have answered"),
        pytest.param((PROPOSED, journal("11-23 10:14", notes="И ещё аудит в Сочи")), id="The customer adds something to it"),
    ],
)  # fmt: skip
def test_it_is_proposed_once_and_not_after_staff_spoke(journals: tuple[Journal, ...]) -> None:
    """Staff have it in their hands by then."""
    done = (OwnStep(Step.PROPOSE, 1, moment("11-23 10:12"), "private"),) if PROPOSED in journals else ()
    seen = ticket("Нужен партнёр", *journals)
    assert not [
        one for one in wants(look(seen, "11-23 10:30", rules(), History(done=done))) if isinstance(one, Propose)
    ]


def test_without_a_directory_nothing_is_proposed_to_partner_advice() -> None:
    """The shipped rules wait for a lead's own list; other proposals do not need one."""
    without = parse(TEXT).policy
    assert not [one for one in wants(look(ticket("Нужен партнёр"), "11-23 10:15", without)) if one.step is Step.PROPOSE]
    plain = parse(TEXT.replace(" {{ partner_list }}", "")).policy
    (one,) = [one for one in wants(look(ticket("Нужен партнёр"), "11-23 10:15", plain)) if isinstance(one, Propose)]
    assert "region" not in one.reason
    assert one.told == (Audience.DEPARTMENT,)


def test_an_answer_that_names_no_partners_is_not_explained_by_them() -> None:
    """Licences have nothing to do with regions."""
    a = look(ticket("Вопрос про лицензию", description="Мы в Омске."), "11-23 10:15", rules())
    (one,) = [one for one in wants(a) if isinstance(one, Propose)]
    assert "region" not in one.reason
    assert "Сибирь" not in compose(wants(a), a)[0].notes


# --- the files that are shipped -------------------------------------------------------------------------------------------------------


@cache
def shipped_with_partners() -> Policy:
    """The shipped rules with the example directory switched on, as a lead does it."""
    text = (ROOT / "rules.yaml").read_text(encoding="utf-8")
    switched = text.replace("\n# partners: partners.yaml\n", "\npartners: partners.yaml\n")
    assert switched != text
    loaded = parse(switched, folder=ROOT)
    assert loaded.warnings == ()
    return loaded.policy


CENTRE, NORTHWEST, SOUTH, VOLGA = "Центральный", "Северо-Западный", "Южный", "Приволжский"
URALS, SIBERIA, EAST = "Уральский", "Сибирский", "Дальневосточный"


@pytest.mark.parametrize(
    ("text", "regions"),
    [
        pytest.param("Мы находимся в Екатеринбурге", [URALS], id="A city in its case"),
        pytest.param("филиалы в Санкт-Петербурге и Москве", [CENTRE, NORTHWEST], id="Two cities"),
        pytest.param("г. Ростов-на-Дону", [SOUTH], id="A name of three words"),
        pytest.param("из Нижнего Новгорода", [VOLGA], id="The one Novgorod"),
        pytest.param("в Великом Новгороде", [NORTHWEST], id="The other Novgorod"),
        pytest.param("по всему УрФО", [URALS], id="A district's abbreviation"),
        pytest.param("по Сибири и Дальнему Востоку", [SIBERIA, EAST], id="Parts of the country"),
        pytest.param("our office is in Kazan", [VOLGA], id="In English"),
        pytest.param("во Владимире", [CENTRE], id="Vladimir, the city"),
        pytest.param("С уважением, Владимир Иванов, Ольга Иванова, Пётр Киров", [], id="Vladimir, Ivanovo and Kirov, the people"),
        pytest.param("грозный курган, орёл и тигр", [], id="Common words that are cities too"),
        pytest.param("Читаем документацию, пишем сочинение", [], id="Chita and Sochi are not in these words"),
    ],
)  # fmt: skip
def test_shipped_regions(text: str, regions: list[str]) -> None:
    """Federal districts and large cities, and no surnames."""
    choice = look(ticket("Нужен партнёр", description=text), "11-23 10:15", shipped_with_partners()).partners
    named = [one.name.removesuffix(" федеральный округ") for one in choice.regions]
    assert named == regions


@pytest.mark.parametrize(
    ("text", "work"),
    [
        pytest.param("внедрить Альт под ключ", "внедрение", id="Implementation"),
        pytest.param("мигрировать с Windows", "внедрение", id="Migration is implementation"),
        pytest.param("доработать нашу программу", "заказная разработка", id="Custom development"),
        pytest.param("ищем СЭД", "прикладное ПО", id="Applied software by type"),
        pytest.param("круглосуточная поддержка", "расширенная поддержка", id="Extended support"),
        pytest.param("провести обследование", "ИТ-обследование", id="A survey"),
        pytest.param("нужен технический проект", "проектирование", id="Project design"),
    ],
)
def test_shipped_works_are_those_of_the_policy(text: str, work: str) -> None:
    """Policy, `partner-advice`: implementation, custom development, applied software, extended support, survey, design."""
    directory, policy = shipped_with_partners().directory, shipped_with_partners()
    found = policy.words.search(text)
    assert [topic.name for topic in directory.works if any(words in found for words in topic.words)] == [work]


def test_shipped_partners_are_marked_as_examples_and_every_topic_is_offered() -> None:
    """Nobody takes them for real: their names say so, their addresses cannot exist."""
    directory = shipped_with_partners().directory
    assert all("ПРИМЕР" in one.name and ".example" in one.contact for one in directory.partners)
    for topic in directory.works:
        assert any(topic.name in one.works for one in directory.partners), topic


def test_project_work_gets_partners_too() -> None:
    """The answer that this is out of scope says whom to turn to."""
    text = "Просим выполнить внедрение под ключ в нашей организации в Тюмени."
    a = look(ticket("Внедрение", description=text), "11-23 10:15", shipped_with_partners())
    assert a.kind == "project-work"
    note = compose(wants(a), a)[0].notes
    assert "Если Вы согласны, вот готовый ответ" in note
    assert "1. ПРИМЕР 2 «Урал-Системы»" in note


def test_r6_auto_sends_the_partners_to_the_customer() -> None:
    """With `auto: true` the same answer goes out in public."""
    policy = shipped_with_partners()
    route = next(one for one in policy.routes if one.kind == "project-work")
    assert route.out_of_scope is not None
    auto = replace(route, out_of_scope=replace(route.out_of_scope, auto=True))
    policy = replace(policy, routes=tuple(auto if one is route else one for one in policy.routes))
    text = "Просим выполнить внедрение под ключ в нашей организации в Тюмени."
    a = look(ticket("Внедрение", description=text), moment("11-23 10:15").astimezone(MOSCOW), policy)
    (public,) = compose(wants(a), a)
    assert "1. ПРИМЕР 2 «Урал-Системы»" in public.notes
    assert not public.private
