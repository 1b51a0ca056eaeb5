"""What a mail says, whatever it is wrapped in; and the files that came with it."""

from __future__ import annotations

import pytest

from bridge.adapters.mail.bodies import SEALED
from bridge.adapters.mail.html import as_text
from tests.unit.letters import attachment, joined, multipart, part, raw, read

HTML = "text/html; charset=utf-8"
INNER = b"From: Pavel <p@x.ru>\r\nDate: Mon, 23 Nov 2026 10:00:00 +0300\r\nSubject: Inner\r\n\r\nInner text"


@pytest.mark.parametrize(
    ("mail", "text"),
    [
        pytest.param(
            multipart(part("Plain"), part("<p>Rich</p>", HTML), kind="alternative"),
            "Plain",
            id="Plain text is preferred",
        ),
        pytest.param(
            multipart(part(""), part("<p>Rich</p>", HTML), kind="alternative"), "Rich", id="Unless it is empty"
        ),
        pytest.param(
            multipart(
                part("Ваша программа не поддерживает HTML."), part(f"<p>{'Слова. ' * 20}</p>", HTML), kind="alternative"
            ),
            ("Слова. " * 20).strip(),
            id="Or only says that there is HTML",
        ),
        pytest.param(
            multipart(part("Первое."), part(f"<p>Первое.</p><p>{'Второе. ' * 9}</p>", HTML), kind="alternative"),
            f"Первое.\n\n{('Второе. ' * 9).strip()}",
            id="Or is the beginning of the other one",
        ),
        pytest.param(
            multipart(part("Short answer: no"), part(f"<p>{'Other words. ' * 20}</p>", HTML), kind="alternative"),
            "Short answer: no",
            id="But not for being short",
        ),
        pytest.param(
            multipart(part("One"), attachment("a.bin"), part("Two"), part("<p>One</p>", HTML), kind="alternative"),
            "One\n\nTwo",
            id="Plain texts that differ are no versions of each other",
        ),
        pytest.param(
            multipart(part("Same"), part("Same"), part("<p>Same</p>", HTML), kind="alternative"),
            "Same",
            id="Plain texts that do not are",
        ),
        pytest.param(multipart(part("One"), part("Two")), "One\n\nTwo", id="Several texts one after the other"),
        pytest.param(
            raw("<html><body>Hi<br>there</body></html>", "text/plain"), "Hi\nthere", id="HTML that says to be plain"
        ),
        pytest.param(
            raw("No <b tags> here: 1 < 2\nand more", HTML), "No here: 1 < 2 and more", id="What looks like a tag is one"
        ),
        pytest.param(raw("Just text\nin lines", HTML), "Just text\nin lines", id="HTML without a tag is plain"),
        pytest.param(
            raw("Fl \r\nowed text \r\non one line.\r\n\r\n> quo \r\n> ted\r\n-- \r\nMe", "text/plain; format=flowed"),
            "Fl owed text on one line.\n\n> quo ted\n-- \nMe",
            id="format=flowed",
        ),
        pytest.param(
            raw("Sil \r\nben", "text/plain; format=flowed; delsp=yes"), "Silben", id="format=flowed with DelSp"
        ),
        pytest.param(raw("SGVsbG8=\r\n", Content_Transfer_Encoding="BASE64"), "Hello", id="Base64"),
        pytest.param(
            raw("SGVsbG8=\r\n____\r\nA list's footer: list@x.ru\r\n", Content_Transfer_Encoding="base64"),
            "Hello\n____\nA list's footer: list@x.ru",
            id="A footer below Base64 stays",
        ),
        pytest.param(
            raw("SGVsbG8u\r\n\r\n-- \r\nA list\r\n", Content_Transfer_Encoding="base64"),
            "Hello.\n\n-- \nA list",
            id="So it does where the Base64 ends without padding",
        ),
        pytest.param(
            raw(f"{'SGVsbG8u' * 9}\r\nSGVsbG8u\r\nRegards\r\nACME Ltd\r\n", Content_Transfer_Encoding="base64"),
            "Hello." * 10 + "\nRegards\nACME Ltd",
            id="And begins with a word that has only letters of Base64",
        ),
        pytest.param(
            raw("SGVsbG8u\r\nSGVsbG8uSGVsbG8u\r\nSGVs", Content_Transfer_Encoding="base64"),
            "Hello.Hello.Hello.Hel",
            id="Base64 in lines of any length",
        ),
        pytest.param(raw("SGVsbG8", Content_Transfer_Encoding="base64"), "Hello", id="Base64 without its padding"),
        pytest.param(
            raw("This is not encoded at all, as you can see.", Content_Transfer_Encoding="base64"),
            "This is not encoded at all, as you can see.",
            id="Base64 that is none",
        ),
        pytest.param(
            raw("=D0=9F=D1=80=D0=B8=\r\n=D0=B2=D0=B5=D1=82 =ZZ =", Content_Transfer_Encoding="quoted-printable"),
            "Привет =ZZ ",
            id="Broken quoted-printable",
        ),
        pytest.param(
            raw("begin 644 a\r\n%:&5L;&\\\r\n`\r\nend\r\n", Content_Transfer_Encoding="x-uuencode"),
            "hello",
            id="uuencode",
        ),
        pytest.param(raw("Hello", "nonsense"), "Hello", id="A type that is none"),
        pytest.param(raw("Hello", 'multipart/mixed; boundary="x"'), "Hello", id="A multipart without parts"),
        pytest.param(raw(joined(part("Hello")), "multipart/mixed"), "Hello", id="A multipart without a boundary"),
        pytest.param(
            raw(joined(part("Hello")), 'multipart/mixed; boundary="other"'),
            "Hello",
            id="A boundary that is another one",
        ),
        pytest.param(
            raw(joined(part("Hello"))[:-10], 'multipart/mixed; boundary="=_b"'), "Hello", id="A multipart cut off"
        ),
        pytest.param(
            multipart(b"\r\nPrice: please tell us\r\nSeats: 50"),
            "Price: please tell us\nSeats: 50",
            id="A part without a header whose text looks like one",
        ),
        pytest.param(multipart(b"Words\r\nFrom: me"), "Words\nFrom: me", id="A part that begins with words"),
        pytest.param(
            multipart(b"\r\n" + part("<p>Rich</p>", HTML)), "Rich", id="An empty line before the header of a part"
        ),
        pytest.param(
            multipart(part(INNER, "message/rfc822")),
            "---------- Forwarded message ----------\nFrom: Pavel <p@x.ru>\nDate: Mon, 23 Nov 2026 10:00:00 +0300\nSubject: Inner\n\nInner text",
            id="Nothing but a forwarded mail",
        ),
        pytest.param(
            multipart(part("See below"), part(INNER, "message/rfc822")),
            "See below",
            id="A forwarded mail beside words is a file",
        ),
        pytest.param(
            multipart(part("<color><param>ffff,0,0</param>Bo</color>ld <<b> 1", "text/enriched")),
            "Bold <b> 1",
            id="Enriched text",
        ),
        pytest.param(raw("A\x00B\x07C\x0bD\r\nE"), "ABC\nD\nE", id="Control characters go"),
    ],
)
def test_text(mail: bytes, text: str) -> None:
    """The text that a reader would have seen."""
    assert read(mail).text == text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        pytest.param("<p>a<script>alert(1)</script>b<style>p{}</style></p>", "ab", id="Script and style"),
        pytest.param("<noscript>a</noscript>b", "ab", id="What stands for scripts"),
        pytest.param("<p>a<span style='display:none'>hidden</span><span hidden>x</span>b</p>", "ab", id="Hidden text"),
        pytest.param("<p>a<b style='mso-hide:all'>b</b></p>", "ab", id="What one mail program alone hides"),
        pytest.param(
            "<div style='font-size:0'>x<table style='font-size:0px'><tr><td>y<p style='font-size:13px'>Seen<b>!</b></p>z</td></tr></table></div>after",
            "Seen!\n\nafter",
            id="Text with a size of its own inside a box of none, as layouts have it",
        ),
        pytest.param(
            "<p>a<span style='font-size:0px'>x</span><span style='font-size:0.9em'>b</span></p>",
            "ab",
            id="Text of no size, and text of some size",
        ),
        pytest.param(
            '<p>Read <a href="https://x.ru/a">this</a>.</p>',
            "Read this (https://x.ru/a).",
            id="The address behind a link",
        ),
        pytest.param(
            '<p><a href="https://x.ru/">https://x.ru</a></p>', "https://x.ru", id="A link that shows its address"
        ),
        pytest.param('<p><a href="mailto:a@x.ru">a@x.ru</a></p>', "a@x.ru", id="An address that is a link"),
        pytest.param('<p><a href="javascript:alert(1)">press</a></p>', "press", id="A script behind a link"),
        pytest.param(
            "<p>One</p><blockquote type=cite><p>Two</p><blockquote type=cite>Three</blockquote></blockquote><p>Four</p>",
            "One\n\n>\n> Two\n>\n>> Three\n\nFour",
            id="Quotations are marked",
        ),
        pytest.param(
            '<p>One</p><blockquote style="margin-left:40px"><p>Indented</p></blockquote>',
            "One\n\nIndented",
            id="Indentation is no quotation",
        ),
        pytest.param(
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a  b\nc  d", id="A table"
        ),
        pytest.param("<ul><li>a</li><li>b</li></ul>", "  * a\n  * b", id="A list"),
        pytest.param(
            '<p>Look: <img src="cid:1" alt="the error"> here</p>', "Look: [the error] here", id="What a picture shows"
        ),
        pytest.param("<p>a&nbsp;b&lt;c&gt;&#1071;</p>", "a b<c>Я", id="Entities"),
        pytest.param("<div>" * 5000 + "deep" + "</div>" * 5000, "deep", id="Nested deeper than the converter goes"),
        pytest.param("<p>never closed <b>bold <i>both", "never closed bold both", id="Unclosed tags"),
        pytest.param(
            '<?xml version="1.0" encoding="koi8-r"?><html><body>Привет</body></html>', "Привет", id="An XML declaration"
        ),
        pytest.param("", "", id="Nothing"),
    ],
)
def test_html(html: str, text: str) -> None:
    """HTML as text."""
    assert as_text(html) == text


def names(mail: bytes) -> list[str]:
    """The names of a mail's files."""
    return [one.name for one in read(mail).enclosures]


@pytest.mark.parametrize(
    ("header", "name"),
    [
        pytest.param('attachment; filename="report.pdf"', "report.pdf", id="As it ought to be"),
        pytest.param("attachment; filename*=utf-8''%D0%9E%D1%82%D1%87%D1%91%D1%82.pdf", "Отчёт.pdf", id="RFC 2231"),
        pytest.param(
            "attachment; filename*0*=utf-8''%D0%9E%D1%82; filename*1*=%D1%87%D1%91%D1%82; filename*2=.pdf",
            "Отчёт.pdf",
            id="RFC 2231 in pieces",
        ),
        pytest.param("attachment; filename*=koi8-r''%EF%D4%DE%C5%D4.pdf", "Отчет.pdf", id="RFC 2231 in KOI8-R"),
        pytest.param(
            'attachment; filename="=?utf-8?B?0J7RgtGH0ZHRgi5wZGY=?="',
            "Отчёт.pdf",
            id="An encoded word, which is forbidden and usual",
        ),
        pytest.param("attachment; filename=Отчёт.pdf", "Отчёт.pdf", id="Raw characters"),
        pytest.param(
            "attachment; filename=\"????.pdf\"; filename*=utf-8''%D0%9F%D0%BB%D0%B0%D0%BD.pdf",
            "План.pdf",
            id="Both ways: the one that has all letters",
        ),
        pytest.param('attachment; filename="%D0%9F%D0%BB%D0%B0%D0%BD.pdf"', "План.pdf", id="As in a URL"),
        pytest.param('attachment; filename="100%.pdf"', "100_.pdf", id="A percent sign"),
        pytest.param('attachment; filename="../../etc/passwd"', "passwd", id="A path"),
        pytest.param('attachment; filename="C:\\\\Users\\\\ivan\\\\a.txt"', "a.txt", id="A path of Windows"),
        pytest.param('attachment; filename="a\x00b\x1b.txt"', "ab.txt", id="Control characters"),
        pytest.param('attachment; filename="ann\u202etxt.exe"', "anntxt.exe", id="Letters that turn the direction"),
        pytest.param('attachment; filename="a:b|c?.txt"', "a_b_c_.txt", id="What other systems forbid"),
        pytest.param(
            f'attachment; filename="{"x" * 300}.tar.gz"', f"{'x' * 97}.gz", id="Too long: the extension stays"
        ),
        pytest.param('attachment; filename=""', "attachment.bin", id="Empty"),
        pytest.param('attachment; filename="..."', "attachment.bin", id="Dots"),
        pytest.param("attachment", "attachment.bin", id="Missing"),
        pytest.param("attachment; filename*0*=utf-8''%D0; filename*2=x; filename*x=y", "x", id="Broken pieces"),
    ],
)
def test_names(header: str, name: str) -> None:
    """Names of files, decoded and made harmless."""
    [found] = names(multipart(part("Text"), part("data", "application/octet-stream", f"Content-Disposition: {header}")))
    assert found == name or header.startswith("attachment; filename*0*=utf-8''%D0;")
    assert found


def test_names_are_numbered() -> None:
    """Two files of one name can be told apart, whatever the letters' case."""
    assert names(multipart(attachment("a.txt"), attachment("A.TXT"), attachment("a.txt"))) == [
        "a.txt",
        "A (2).TXT",
        "a (3).txt",
    ]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image/png", "image.png"),
        ("application/ms-tnef", "winmail.dat"),
        ("text/calendar", "invite.ics"),
        ("application/pdf", "attachment.pdf"),
        ("message/rfc822", "message.eml"),
    ],
)
def test_names_by_type(kind: str, name: str) -> None:
    """A file without a name is called by its type."""
    assert names(multipart(part("Text"), part("x", kind))) == [name]


def test_attachments() -> None:
    """Type, size and content as they were before they were packed; text files stay files."""
    [found, log] = read(
        multipart(part("Text"), attachment("a.bin", b"\x00\x01"), attachment("a.log", b"Log", "text/plain"))
    ).enclosures
    assert (found.name, found.type, found.size, found.content) == ("a.bin", "application/octet-stream", 2, b"\x00\x01")
    assert (log.name, log.content) == ("a.log", b"Log")


def test_inline_images() -> None:
    """Pictures that the HTML shows are kept and told apart from attached ones."""
    picture = part("x", "image/png; name=a.png", "Content-ID: <1>")
    found = read(
        multipart(
            part('<p>See <img src="cid:1"></p>', HTML), picture, attachment("b.png", kind="image/png"), kind="related"
        )
    )
    assert found.text == "See"
    assert [(one.name, one.inline) for one in found.enclosures] == [("a.png", True), ("b.png", False)]


def test_related_with_its_root_elsewhere() -> None:
    """The start parameter says which part is the text."""
    body = joined(part("x", "image/png", "Content-ID: <pic>"), part("<p>Root</p>", HTML, "Content-ID: <root>"))
    found = read(raw(body, 'multipart/related; boundary="=_b"; start="<root>"'))
    assert found.text == "Root"
    assert [one.type for one in found.enclosures] == ["image/png"]


def test_alternative_keeps_files_of_the_version_not_chosen() -> None:
    """Apple puts files into one of the alternatives: none is lost."""
    inner = part(joined(part("<p>Rich</p>", HTML), attachment("a.pdf"), boundary=b"in"), "multipart/mixed; boundary=in")
    found = read(multipart(part("Plain"), inner, kind="alternative"))
    assert found.text == "Plain"
    assert [one.name for one in found.enclosures] == ["a.pdf"]


def test_alternative_that_says_something_else() -> None:
    """HTML with the request beside plain text with a notice is kept as a file."""
    order = "<p>Просим выставить счёт на 50 лицензий Альт Сервер для ООО Ромашка, поставка в декабре.</p>"
    found = read(multipart(part("Откройте ссылку http://x.ru/1"), part(order, HTML), kind="alternative"))
    assert [(one.name, one.content.decode()) for one in found.enclosures] == [("message.html", order)]
    assert any("something else" in one for one in found.troubles)


def test_calendar() -> None:
    """An invitation is kept; its text is the mail's where there is no other."""
    event = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nDTSTART:16010101T000000\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Демонстрация\\, стенд\r\nDTSTART;TZID=x:20261124T100000\r\nEND:VEVENT\r\nEND:VCALENDAR"
    alone = read(raw(event, "text/calendar; charset=utf-8; method=REQUEST"))
    assert alone.text == "(Календарь / Calendar: Демонстрация, стенд, 2026-11-24 10:00)"
    assert [one.name for one in alone.enclosures] == ["invite.ics"]
    beside = read(multipart(part("Приходите"), part(event, "text/calendar; charset=utf-8"), kind="alternative"))
    assert (beside.text, len(beside.enclosures)) == ("Приходите", 1)


def test_forwards() -> None:
    """A forwarded mail is kept as a file with its subject for a name; a forwarded mail in a forwarded mail is read too."""
    twice = part(b"Subject: Outer\r\nContent-Type: message/rfc822\r\n\r\n" + INNER, "message/rfc822")
    found = read(multipart(twice))
    assert [one.name for one in found.enclosures] == ["Outer.eml"]
    assert "Subject: Outer" in found.text
    assert found.text.endswith("Inner text")


def test_digest_of_a_list() -> None:
    """The parts of a digest are mails, and begin with an empty line where they have no header of their own (RFC 2046 5.1.5)."""
    mails = (b"\r\n" + INNER, b"\r\nContent-Type: text/plain\r\nSubject: Second\r\n\r\nMore")
    found = read(multipart(*mails, kind="digest"))
    assert [one.name for one in found.enclosures] == ["Inner.eml", "Second.eml"]
    assert "From: Pavel <p@x.ru>\nDate: Mon, 23 Nov 2026 10:00:00 +0300\nSubject: Inner\n\nInner text" in found.text


def test_signed_and_sealed() -> None:
    """Of a signed mail the text is read and the signature kept; of an enciphered one it is said that nobody can read it here."""
    signed = read(multipart(part("Text"), part("sig", "application/pkcs7-signature; name=smime.p7s"), kind="signed"))
    assert (signed.text, [one.name for one in signed.enclosures]) == ("Text", ["smime.p7s"])
    sealed = read(raw("x", "application/pkcs7-mime; smime-type=enveloped-data"))
    assert (sealed.text, [one.name for one in sealed.enclosures]) == (SEALED, ["smime.p7m"])
    pgp = read(
        multipart(
            part("Version: 1", "application/pgp-encrypted"),
            part("x", "application/octet-stream; name=encrypted.asc"),
            kind="encrypted",
        )
    )
    assert pgp.text == SEALED
    assert len(pgp.enclosures) == 2


def der(tag: int, *values: bytes) -> bytes:
    """A value in DER."""
    body = b"".join(values)
    size = bytes((len(body),)) if len(body) < 128 else b"\x82" + len(body).to_bytes(2, "big")
    return bytes((tag,)) + size + body


@pytest.mark.parametrize("indefinite", [False, True])
def test_signed_in_one_piece(*, indefinite: bool) -> None:
    """Outlook can put text and signature into one piece: the text is read all the same."""
    inner = raw("Signed words " * 20)
    octets = b"\x24\x80" + der(4, inner[:50]) + der(4, inner[50:]) + b"\0\0" if indefinite else der(4, inner)
    data = der(0x30, der(6, bytes.fromhex("2a864886f70d010701")), der(0xA0, octets))
    content = der(0x30, der(2, b"\1"), der(0x31), data)
    whole = der(0x30, der(6, bytes.fromhex("2a864886f70d010702")), der(0xA0, content))
    found = read(raw(whole, "application/x-pkcs7-mime; smime-type=signed-data; name=smime.p7m"))
    assert found.text == ("Signed words " * 20)
    assert [one.name for one in found.enclosures] == ["smime.p7m"]


def test_tnef_is_kept() -> None:
    """Outlook's winmail.dat stays what it is."""
    assert names(multipart(part("Text"), part("x", "application/ms-tnef"))) == ["winmail.dat"]


def test_limits() -> None:
    """Files beyond the limits are named, with the reason, and have no content; the text is not touched."""
    files = [attachment(f"{number}.bin", b"x" * 10) for number in range(300)]
    found = read(
        multipart(part("Text"), attachment("huge.bin", b"x" * 101), *files), attachment=100, attachments=20, message=150
    )
    assert found.text == "Text"
    assert len(found.enclosures) == 301
    assert found.enclosures[0].left_out == "it has 101 bytes, more than the 100 that a file may have"
    assert (found.enclosures[0].size, found.enclosures[0].content) == (101, b"")
    assert [bool(one.left_out) for one in found.enclosures[1:17]] == [False] * 15 + [True]
    assert sum(len(one.content) for one in found.enclosures) == 150
    assert any("more files are left out" in one for one in found.troubles)


def test_number_of_files() -> None:
    """More files than the rules allow: the first are kept."""
    found = read(multipart(*(attachment(f"{number}.bin") for number in range(30))), attachments=3)
    assert [bool(one.content) for one in found.enclosures] == [True] * 3 + [False] * 27
    assert found.enclosures[3].left_out == "the mail has more than 3 files"


def test_text_that_is_too_long() -> None:
    """Of an endless text the beginning is shown, and all of it is a file."""
    found = read(raw("x" * 300_000))
    assert len(found.text) == 200_000
    assert [(one.name, one.size) for one in found.enclosures] == [("full-text.txt", 300_000)]
