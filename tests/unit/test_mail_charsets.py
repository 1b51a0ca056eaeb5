"""Charsets: what is declared, what is not, what is declared wrongly (trap 15)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.adapters.mail.charsets import codec_of, decode
from bridge.adapters.mail.headers import unencoded
from tests.unit.letters import raw, read

RUSSIAN = "Добрый день! Не можем установить Альт Рабочая станция на ноутбук."
CYRILLIC = ("cp1251", "koi8-r", "cp866", "iso8859-5", "utf-8")


@pytest.mark.parametrize(
    "declared", ["", "utf-8", "windows-1251", "koi8-r", "iso-8859-1", "us-ascii", "x-unknown", "iso-8859-5"]
)
@pytest.mark.parametrize("real", CYRILLIC)
@pytest.mark.parametrize(
    "text", [RUSSIAN, "Привет", "Вопрос про лицензию", "ЗАПРОС НА ТЕСТИРОВАНИЕ", "Иван Иванов, ООО Ромашка"]
)
def test_trap_15_russian_in_any_charset_under_any_declaration(real: str, declared: str, text: str) -> None:
    """KOI8-R, cp1251 and their kin come out readable, and a wrong declaration is told."""
    found = decode(text.encode(real), declared)
    assert found.text == text
    assert bool(found.trouble) == (codec_of(declared) != codec_of(real) and (real, declared) != ("utf-8", ""))


@pytest.mark.parametrize("word", ["Да", "Тест", "ИНН 7701", "Счёт", "СРОЧНО", "ПОДДЕРЖКА", "АРМ"])
@pytest.mark.parametrize("charset", CYRILLIC)
def test_trap_15_a_right_declaration_is_believed(charset: str, word: str) -> None:
    """A few letters are no ground to doubt what was declared."""
    assert decode(word.encode(charset), charset).text == word


@pytest.mark.parametrize(
    ("text", "charset", "declared"),
    [
        pytest.param("Grüße aus München", "iso-8859-1", "iso-8859-1", id="German in Latin-1"),
        pytest.param("café déjà vu", "iso-8859-1", "", id="French without a declaration"),
        pytest.param("Ångström ÄÖÜ", "iso-8859-1", "iso-8859-1", id="Capitals of Latin-1 are no Cyrillic"),
        pytest.param("ÄäÖöÜü", "iso-8859-1", "iso-8859-1", id="Nothing but umlauts is neither Russian nor Chinese"),
        pytest.param("umlaut äöüÄÖÜß", "iso-8859-1", "iso-8859-1", id="A word of umlauts"),
        pytest.param("test äöüßÄÖÜß€", "iso-8859-15", "iso-8859-15", id="A word of umlauts and the euro's sign"),
        pytest.param("“quoted” – €100", "cp1252", "iso-8859-1", id="cp1252 declared as Latin-1"),
        pytest.param("你好，世界", "gb2312", "gb2312", id="Chinese"),
        pytest.param("龍馬", "gb18030", "gb2312", id="Characters beyond the declared GB2312"),
        pytest.param("こんにちは", "iso-2022-jp", "iso-2022-jp", id="Japanese with escapes"),
        pytest.param("こんにちは", "iso-2022-jp", "", id="Japanese with escapes, not declared"),
        pytest.param("你好！我公司可代开", "utf-8", "gb2312", id="UTF-8 declared as Chinese"),
        pytest.param("Příliš žluťoučký", "utf-8", "iso-8859-2", id="UTF-8 declared as Central European"),
        pytest.param("联通", "gb2312", "gb2312", id="Chinese that happens to be valid UTF-8"),
        pytest.param("①②", "cp932", "shift_jis", id="Characters of Windows under Shift_JIS"),
        pytest.param("안녕하세요", "euc-kr", "ks_c_5601-1987", id="Korean under Microsoft's name"),
        pytest.param("Ελληνικά", "iso-8859-7", "iso-8859-7", id="Greek"),
        pytest.param("שלום", "iso-8859-8", "iso-8859-8-i", id="Hebrew in logical order"),
        pytest.param("Привет", "utf-7", "utf-7", id="UTF-7"),
        pytest.param("Привет", "utf-16", "", id="UTF-16 with its mark"),
        pytest.param("Hello there", "utf-16-le", "", id="UTF-16 without any mark"),
        pytest.param("Привет", "utf-8-sig", "utf-8", id="UTF-8 with a mark"),
        pytest.param("Привет", "utf-8", "utf8mb4", id="A charset that does not exist"),
        pytest.param("Привет", "koi8-r", "KOI8_R", id="Another spelling"),
        pytest.param("Привет", "cp1251", "win-1251", id="A nickname"),
        pytest.param("Привет", "cp1251", "'windows-1251'", id="In quotation marks"),
    ],
)
def test_charsets(text: str, charset: str, declared: str) -> None:
    """Other charsets, and other names of them."""
    assert decode(text.encode(charset), declared).text.lstrip("\ufeff") == text


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        pytest.param(
            b"\x1b$B-!\x1b(B \x1b$B4]?t;z\x1b(B\nend",
            "iso-2022-jp",
            "① 丸数字\nend",
            id="ISO-2022-JP with a circled digit",
        ),
        pytest.param(
            "\xa1Yes!\n".encode() + b"\xa1This is not!",
            "utf-8",
            "\xa1Yes!\n\xa1This is not!",
            id="UTF-8 and Latin-1 in one text",
        ),
        pytest.param(
            "Atención al cliente. ".encode() + "Informações que são propriedade, divulgação".encode("cp1252"),
            "utf-8",
            "Atención al cliente. Informações que são propriedade, divulgação",
            id="A footer in another charset",
        ),
        pytest.param(
            f"{RUSSIAN}\n\n".encode() + "> Её цена\nПроверено антивирусом".encode("koi8-r"),
            "utf-8",
            f"{RUSSIAN}\n\n> Её цена\nПроверено антивирусом",
            id="A quotation in KOI8-R in UTF-8",
        ),
        pytest.param(
            f"{RUSSIAN}\n\n".encode() + "Проверено".encode("cp1251"),
            "utf-8",
            f"{RUSSIAN}\n\nПроверено",
            id="A short footer in cp1251 below UTF-8",
        ),
        pytest.param(
            f"{RUSSIAN}\n\n".encode("cp1251") + "Отправлено через шлюз".encode(),
            "windows-1251",
            f"{RUSSIAN}\n\nОтправлено через шлюз",
            id="A footer in UTF-8 below cp1251",
        ),
        pytest.param(
            "Совсем не так, как там.".encode("cp866"),
            "cp866",
            "Совсем не так, как там.",
            id="Words in cp866 that are valid UTF-8",
        ),
        pytest.param(
            "Потрібна ліцензія, їх п'ять".encode("koi8-u"),
            "koi8-r",
            "Потрібна ліцензія, їх п'ять",
            id="Ukrainian in KOI8-U under the name of KOI8-R",
        ),
    ],
)
def test_bytes_of_more_than_one_charset(data: bytes, declared: str, text: str) -> None:
    """What came together from several programs is readable everywhere, and no ASCII letter is taken for the half of another."""
    assert decode(data, declared).text == text


@pytest.mark.parametrize(
    "name",
    [
        "zlib",
        "bz2",
        "hex",
        "base64",
        "rot13",
        "idna",
        "punycode",
        "unicode_escape",
        "undefined",
        "mbcs",
        "",
        "x" * 5000,
        "\x00",
    ],
)
def test_what_is_no_charset_is_not_decoded_by(name: str) -> None:
    """A mail cannot choose one of Python's codecs that unpack, take quadratic time or are no charset."""
    assert codec_of(name) == ""


def test_a_broken_character_spoils_nothing_else() -> None:
    """UTF-8 that was cut in the middle of a character stays UTF-8."""
    found = decode(RUSSIAN.encode()[:-2], "utf-8")
    assert found.text.startswith(RUSSIAN[:-2])
    assert "1 characters do not fit" in found.trouble


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("=?koi8-r?B?79TXxdQ=?=", "Ответ", id="Base64 in KOI8-R"),
        pytest.param("=?windows-1251?Q?=CE=F2=E2=E5=F2_?= 1", "Ответ  1", id="Quoted-printable in cp1251"),
        pytest.param(
            "=?UTF-8?B?0J/RgNC40LLQtdGCIA==?= =?UTF-8?B?0LzQuNGA?=",
            "Привет мир",
            id="The space between two words is none",
        ),
        pytest.param("=?utf-8?Q?a b?=", "a b", id="A raw space inside, as some write it"),
        pytest.param("=?x-unknown?B?0J/RgNC40LLQtdGC?=", "Привет", id="An unknown charset"),
        pytest.param("=?utf-8?B?0J/RgNC40LLQtdG?=", "Приве", id="Base64 cut short"),
        pytest.param("=?utf-8*ru?Q?=D0=AF?=", "Я", id="With a language (RFC 2231)"),
        pytest.param("a =?utf-8?Q?no end", "a =?utf-8?Q?no end", id="An encoded word without an end"),
        pytest.param("=?utf-8?Q?one =?utf-8?Q?=D0=AF?=", "=?utf-8?Q?one Я", id="One that was broken off by the next"),
        pytest.param("x=?utf-8?Q?=D0=AF?=y", "xЯy", id="Grown together with its neighbours"),
        pytest.param("", "", id="Nothing"),
    ],
)
def test_encoded_words(value: str, expected: str) -> None:
    """Encoded words (RFC 2047) as they ought to be, and as they come."""
    assert unencoded(value).removesuffix("\ufffd") == expected


@given(st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=60), st.integers(1, 20))
def test_trap_15_words_split_inside_characters(text: str, size: int) -> None:
    """Wherever a mail program cut the bytes: the words are put together before they are decoded."""
    data = text.encode()
    words = [f"=?utf-8?B?{base64.b64encode(data[at : at + size]).decode()}?=" for at in range(0, len(data), size)]
    assert unencoded(" ".join(words)) == text


@pytest.mark.parametrize("charset", ["koi8-r", "windows-1251", "utf-8"])
def test_trap_15_raw_headers(charset: str) -> None:
    """Characters that stand raw in the header are read by the charset of the text, and from, subject and names are right."""
    mail = raw(RUSSIAN.encode(charset), f"text/plain; charset={charset}", Subject="@", From="@ <ivan@example.com>")
    found = read(
        mail.replace(b"Subject: @", b"Subject: " + "Вопрос".encode(charset)).replace(
            b"From: @", b"From: " + "Иван".encode(charset)
        )
    )
    assert (found.subject, found.text) == ("Вопрос", RUSSIAN)
    assert found.sender is not None
    assert found.sender.name == "Иван"
    assert any("beyond ASCII" in trouble for trouble in found.troubles)


@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "koi8-r", "utf-16", "utf-7", "iso-2022-jp", "gb2312", "big5", "x"]),
)
def test_any_bytes(data: bytes, declared: str) -> None:
    """Any bytes under any name become a text that can be written down."""
    decode(data, declared).text.encode()
