"""What is read out of a text: words, language, the writer's own part, thanks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.core.model import Language
from bridge.core.text import MAX_CHARS, has_words, language, strip_quotes, tokenize
from bridge.core.thanks import is_only, without_signature
from bridge.core.word_index import WordIndex
from bridge.core.words import english_lemma, fold, pattern_keys

NO_TERM = """
спасибо; спасибочки; спс; благодарить; благодарность; признателен; от души; ок; окей; хорошо; отлично; супер; прекрасно; замечательно; здорово;
«принято»; «принял»; ясно; понятно; «понял»; «поняла»; «поняли»; «разобрался»; «разобралась»; «разобрались»; «получил»; «получила»; «получили»;
получилось; «работает»; «заработал»; «заработала»; «заработало»; «заработали»; «установилось»; «установился»; «установилась»; «помог»;
«помогла»; «помогло»; «помогли»; «решен»; «решена»; «решено»; «решили»; решиться; вопрос решен; вопрос закрыт; вопрос снят;
«проблема решена»; «проблема устранена»; «проблема ушла»; «закрыт»; «можно закрывать»; «можно закрыть»; «заявку можно закрывать»;
«обращение можно закрывать»; you can close; you can close ...1 ticket; «подтверждаю»; «подтверждаем»; «попробую»; «попробуем»;
«проверю»; «проверим»; «изучу»; «изучим»; «вопросов» ...1 «нет»; «нет» ...1 «вопросов»; «больше вопросов нет»; всё в порядке; то что нужно;
исчерпывающий; thanks; thank; thankful; thx; tnx; ty; cheers; appreciate; grateful; ok; okay; great; perfect; excellent; awesome; wonderful;
super; got it; i see; understood; «noted»; «received»; «confirmed»; helpful; «helped»; «helps»; «works»; «worked»; «working»; «did the trick»;
problem ...2 «solved»; problem ...2 «fixed»; issue ...2 «resolved»; issue ...2 «fixed»; «solved»; «fixed»; «resolved»; «closed»;
no ...1 questions; that's it; «will try»; «will check»
"""
"""The patterns as `follow_up.no_term` ships them."""


@pytest.fixture(scope="module")
def thanks() -> WordIndex:
    """An index over the patterns of thanks."""
    return WordIndex.build([pattern.strip() for pattern in NO_TERM.split(";")])


def same(pattern: str, word: str) -> bool:
    """Would a pattern of one word find this word?"""
    return not set(pattern_keys(pattern)).isdisjoint(tokenize(word)[0].keys)


INFLECTIONS = (
    "ошибка ошибок, домен доменов, дистрибутив дистрибутивом, сервер серверов, установка установку, обновление обновлений, лицензия лицензии, "
    "драйвер драйвера, договор договору, принтер принтере, установить установили, работать работает, закрыть закрыт, закрыть закрыли, "
    "решить решена, купить купленные, купленный куплены, поддержка поддержкой, рабочий рабочую, сеть сети, ядро ядер, ключ ключей, "
    "образ образов, партнёр партнеров, партнер партнёру, совместимый совместимы, данные данными, сертифицированный сертифицирована, "
    "банка банкой, Альт Альте, Континент Континента, КриптоПро криптопро, install installing, install installed, driver drivers, "
    "policy policies, crash crashes, update updating, license licensed, use using, run ran, buy bought, stop stopped, box boxes, note noted, "
    "Astra ASTRA, Kaspersky kaspersky, Basis basis, ViPNet VipNet, ViPNet VipNet'ом, Linux Linuxом, 1С 1C, х86_64 x86_64, Альт Aльт, Alt Аlt, "
    "Astra Astrа, ещё еще"
)


@pytest.mark.parametrize("pair", INFLECTIONS.split(", "))
def test_forms_of_one_word_are_one(pair: str) -> None:
    """Inflected, differently cased or typed with the other alphabet's letters, a word is found by its dictionary form."""
    pattern, word = pair.split()
    assert same(pattern, word)


DIFFERENT = (
    "сталь стали, установка остановка, домен домна, порт портал, сеть сетка, печать печь, договор договориться, диск дискета, "
    "образ образование, ключ включить, машина машинный, база базальт, почта почтальон, партнер партер, пакет макет, дать данные, "
    "ядро ядовитый, совместить совместим, установка установить, обновление обновить, лицензия лицензировать, тестирование тестировать, "
    "настройка настроить, совместимость совместимый, policy police, import important, new news, not note, us use, server serve, "
    "windows window, car care, test tester, install installation, compatible compatibility, 1С 1, x86 x86_64, C C++, Альт Alt"
)


SAME_TO_THE_DICTIONARY = pytest.param(
    "банк банка",
    marks=pytest.mark.xfail(
        strict=True, reason="the dictionary holds «банка» for a form of «банк» nineteen times in twenty"
    ),
)


@pytest.mark.parametrize("pair", [SAME_TO_THE_DICTIONARY, *DIFFERENT.split(", ")])
def test_other_words_and_derivations_stay_apart(pair: str) -> None:
    """Similar words are not the same, and derivations are for families to link."""
    pattern, word = pair.split()
    assert not same(pattern, word)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Wi-Fi на x86_64 (10.2)", ["wi", "fi", "на", "x86_64", "10.2"]),
        ("C++, C# и с", ["c++", "c#", "и", "с"]),
        ("it doesn't, can't, won't; I'm", ["it", "does", "not", "can", "not", "will", "not", "i", "am"]),
        ("dont cannot", ["do", "not", "can", "not"]),
        ("за\u0301мок, и\u0306од, soft\u00adware", ["замок", "йод", "software"]),
        ("_не_работает_", ["не", "работает"]),
        ("п.10 5.10.4-std", ["п", "10", "5.10.4", "std"]),
        ("", []),
        ("👍 !!! …", []),
    ],
)
def test_words_of_a_text(text: str, words: list[str]) -> None:
    """A text falls into folded words; what belongs together stays together."""
    assert [token.word for token in tokenize(text)] == words


@pytest.mark.parametrize(
    ("text", "breaks"),
    [
        ("Не надо. Работает", [0, 1]),
        ("Не надо! работает? да", [0, 1, 1]),
        ("ред. 10 и т.д. далее", [0, 0, 0, 0, 0]),
        ("первое\n\nвторое", [1]),
        ("перенос\nстроки", [0]),
        ("- раз\n- два", [1]),
        ("раз; два, три", [1, 0]),
    ],
)
def test_sentences_end(text: str, breaks: list[int]) -> None:
    """A sentence ends at its mark, not at an abbreviation's point and not at a wrapped line."""
    assert [int(token.breaks) for token in tokenize(text)][1:] == breaks


def test_long_text_is_cut_between_words() -> None:
    """No half word is read where a text exceeds the limit."""
    tokens = tokenize("слово " * 3_332 + "последнее последнее")
    assert tokens[-1].text == "слово"
    assert tokens[-1].end <= MAX_CHARS


@given(st.text())
def test_tokens_are_in_order_and_in_the_text(text: str) -> None:
    """Whatever the text, its tokens lie within it, one after another."""
    end = 0
    for token in tokenize(text):
        assert end <= token.start < token.end <= len(text)
        assert text[token.start : token.end] == token.text
        end = token.end


@given(st.text())
def test_reading_never_raises(text: str) -> None:
    """No text is too strange to be read."""
    assert language(text) in Language
    assert has_words(text) in {True, False}
    assert len(strip_quotes(text)) <= len(text)
    assert "ё" not in fold(text)


@given(st.from_regex("[a-z]{1,12}", fullmatch=True))
def test_english_lemma_is_never_empty(word: str) -> None:
    """However short a word is, something is left of it."""
    assert english_lemma(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Language.RU),
        ("!!! 123", Language.RU),
        ("Не ставится Kaspersky Endpoint Security 12 на Alt Workstation 10", Language.RU),
        ("не ставится kaspersky endpoint security на alt workstation", Language.RU),
        ("How do I install «Альт Рабочая станция» 10 on my laptop?", Language.EN),
        ("Please help, the system does not boot", Language.EN),
        ("Alt Workstation price", Language.EN),
        ("Не грузится\n<pre>\nthe device is not ready, please wait for it\n</pre>", Language.RU),
        ("Ошибка:\nerror: could not open the file\n[  1.0] kernel: the disk is not found", Language.RU),
        ("$ sudo apt-get install foo\nE: Unable to locate package foo", Language.RU),
        ("> Please send the log to us\nВот лог", Language.RU),
        ("> Пришлите, пожалуйста, лог\n\nHere is the log that you asked for", Language.EN),
        ("Добрый день! См. https://example.org/how/to/install/the/system", Language.RU),
        ("Can ALT work with Континент АП? We need it for a customer", Language.EN),
        ("Ошибка the package is not installed and cannot be found for the system", Language.EN),
        (
            "Система пишет: the package is not installed. Что делать и как это исправить, подскажите, пожалуйста?",
            Language.RU,
        ),
    ],
)
def test_language(text: str, expected: Language) -> None:
    """The language is that of the writer's prose, whatever is quoted, logged or named in it."""
    assert language(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("+1", False),
        ("👍👍", False),
        (":)", False),
        (":D", False),
        ("xD", False),
        (":thumbs_up:", False),
        ("...", False),
        ("?", False),
        ("12", False),
        ("> всё, что было сказано", False),
        ("Иван Петров писал(а):\n> ок", False),
        ("ок", True),
        ("да", True),
        ("1C", False),
        ("+1, тоже не работает", True),
    ],
)
def test_t10_no_words_at_all(text: str, expected: bool) -> None:
    """Emoji, punctuation, numbers and quotations are no words of the writer's own."""
    assert has_words(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("> было\nстало", "стало"),
        ("Иван Петров писал(а):\n> было\n\nстало", "стало"),
        ("Иван Петров писал(а) в #note-3:\n> было\nстало", "стало"),
        ("John Smith wrote in #note-3:\n> was\nis", "is"),
        ("On Mon, 1 Nov 2026 at 10:00, John <j@example.org> wrote:\n> was\nis", "is"),
        ("Мне писал:\nничего", "Мне писал:\nничего"),
        ("<pre>\n> ls\n</pre>\n> было\nда", "<pre>\n> ls\n</pre>\nда"),
        ("ответ\n----- Original Message -----\nстарое", "ответ"),
        ("bq. было\nстало", "стало"),
        ("> всё\n> чужое", ""),
    ],
)
def test_quotations_are_dropped(text: str, expected: str) -> None:
    """What somebody else said is not the writer's own; a console's prompt inside <pre> is."""
    assert strip_quotes(text) == expected


def test_signature_is_cut_only_where_it_is_short() -> None:
    """A page that follows the farewell is no signature."""
    assert without_signature("Спасибо\n\nС уважением,\nИван") == "Спасибо"
    assert without_signature("Спасибо\n\nС уважением,\n" + "ещё\n" * 20).endswith("ещё\n")


THANKS_ONLY = r"""
Спасибо!
Спасибо, всё заработало
Благодарю, вопрос закрыт
ок, понял
Ок
Большое спасибо за оперативный ответ!
Спасибо большое, коллеги!
Добрый день, Иван Петрович! Спасибо, помогло.
Здравствуйте!\n\nБлагодарим за подробную консультацию.\n\nС уважением,\nПетров Пётр\nООО «Ромашка»\nтел. +7 495 000-00-00
Спасибо 👍
Понятно, спасибо. Вопросов больше нет.
Вопросов нет, спасибо
Спасибо, разобрались
Отлично, всё работает
Спасибо, попробуем
Иван, спасибо!
> Обновите систему и перезагрузитесь\n\nСпасибо, решено
Иван Петров писал(а):\n> как обновить?\n\nСпасибо!
Спасибо за помощь, проблема решена.
СПАСИБО!!!
Cпасибо
принято
Да, всё заработало, благодарю Вас
Спасибо, с уважением, Иван Сидоров
Спасибо\n\nОтправлено с iPhone
Благодарю за разъяснения
Спасибо, вопрос снят.
Спасибо, заявку можно закрывать
Thanks, that worked
Thank you!
Thanks a lot for your help
Ok, got it
Thank you very much, John!
It works now, thanks
Hi Ivan,\n\nThanks, that did the trick.\n\nBest regards,\nJohn Smith\nACME Ltd.
Understood, no further questions.
No more questions, thank you
Perfect, thanks!
thx
The problem is solved, thank you
Great, it's working now. Cheers
Thanks, will try
Thanks, you can close this ticket
Dear Ivan, thank you for the quick response
"""


@pytest.mark.parametrize("text", THANKS_ONLY.strip().splitlines())
def test_t10_thanks_and_confirmations_start_no_term(thanks: WordIndex, text: str) -> None:
    """Nothing is wanted by whoever only thanks, greets and signs."""
    assert is_only(text.replace("\\n", "\n"), thanks)


MORE_THAN_THANKS = r"""
Спасибо, а как обновить?
Спасибо, а как обновить
Спасибо, но не работает
Спасибо. Ещё вопрос: где взять образ
Спасибо, не помогло
Не работает
Добрый день!
👍
+1
Спасибо. Нужна помощь с установкой
Спасибо, жду ответ
Спасибо, помогите с драйвером
Спасибо, проверьте лицензию
Спасибо, закройте заявку
Спасибо, нет
Спасибо. Теперь Kaspersky
Спасибо, а Kaspersky
Спасибо! Обновление ставится, но принтер молчит
Спасибо, работает, только звука нет
Спасибо, заработало, однако медленно
Спасибо. Вопрос: нет ответа
Спасибо, попробуйте вы
Спасибо, когда будет ответ
> Спасибо!
> Спасибо!\nне помогло
Спасибо\n\nС уважением,\nИван\n\nP.S. Пришлите образ
Спасибо\n\nС уважением, Иван\nА где скачать образ?
Хорошо, система: Альт 10.2, x86_64
Да
Сведения о системе: Альт 10.2
спасибо http://example.org/log
Thanks, but it still fails
Thanks. How do I update it
Thanks, it works again but slowly
Thanks, not working
Thank you. Please send the image
Thanks, one more question
It doesn't work, thanks
It isn't working
Thanks, see the log attached
Ok, we have bought 50 licenses
Thanks, cannot log in
Thanks, confirm
Спасибо, помогите
Спасибо, заработайте уже
Ясно. Решите вопрос
Спасибо, примите
Спасибо. Обращение
Спасибо, закрывайте сами, как знаете
"""


@pytest.mark.parametrize("text", MORE_THAN_THANKS.strip().splitlines())
def test_t10_whatever_else_is_said_starts_a_term(thanks: WordIndex, text: str) -> None:
    """One word that is not accounted for, a question mark or a doubt: somebody has to read it."""
    assert not is_only(text.replace("\\n", "\n"), thanks)


def test_t10_only_the_patterns_named_count() -> None:
    """An index of more can be asked for some of its patterns."""
    index = WordIndex.build(["спасибо", "драйвер"])
    assert is_only("Спасибо, драйвер", index)
    assert not is_only("Спасибо, драйвер", index, ["спасибо"])
