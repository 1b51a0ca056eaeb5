"""What a mail's header says: who, to whom, when, in answer to what, and whether that is true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.adapters.mail.addresses import ADDRESSES_AT_MOST, name_in, read_addresses
from bridge.adapters.mail.identifiers import REFERENCES_AT_MOST
from bridge.core.letter import Address
from tests.unit.letters import letter, raw, read


@pytest.mark.parametrize(
    ("value", "mail", "name"),
    [
        pytest.param("ivan@example.com", "ivan@example.com", "", id="Bare"),
        pytest.param("Ivan Petrov <ivan@example.com>", "ivan@example.com", "Ivan Petrov", id="With a name"),
        pytest.param(
            '"Petrov, Ivan" <ivan@example.com>', "ivan@example.com", "Petrov, Ivan", id="A comma in quotation marks"
        ),
        pytest.param(
            '"Ivan \\"the\\" P" <ivan@example.com>', "ivan@example.com", 'Ivan "the" P', id="Escaped quotation marks"
        ),
        pytest.param("ivan@example.com (Ivan Petrov)", "ivan@example.com", "Ivan Petrov", id="A comment as the name"),
        pytest.param("=?utf-8?B?0JjQstCw0L0=?= <ivan@example.com>", "ivan@example.com", "Иван", id="An encoded name"),
        pytest.param(
            '"=?utf-8?B?0JjQstCw0L0=?=" <ivan@example.com>',
            "ivan@example.com",
            "Иван",
            id="Encoded inside quotation marks",
        ),
        pytest.param(
            "=?utf-8?Q?=D0=98,_=D0=AF?= <ivan@example.com>",
            "ivan@example.com",
            "И, Я",
            id="An encoded comma separates nothing",
        ),
        pytest.param("Иван ivan@example.com", "ivan@example.com", "Иван", id="No angle brackets"),
        pytest.param("Ivan <ivan@example.com", "ivan@example.com", "Ivan", id="No closing bracket"),
        pytest.param("<Ivan> ivan@example.com", "ivan@example.com", "Ivan", id="Brackets in the wrong place"),
        pytest.param(
            "Ivan <IVAN@Example.COM>", "IVAN@example.com", "Ivan", id="The domain in lower case, the rest as it is"
        ),
        pytest.param(
            "<ivan@почта.рф>", "ivan@xn--80a1acny.xn--p1ai", "", id="A domain in Cyrillic becomes what the DNS knows"
        ),
        pytest.param("<иван@example.com>", "иван@example.com", "", id="A local part in Cyrillic"),
        pytest.param(
            "Sales: ivan@example.com, b@example.com;", "ivan@example.com", "", id="The first member of a group"
        ),
        pytest.param(
            "<@relay.example,@b:ivan@example.com>", "ivan@example.com", "", id="An old route before the address"
        ),
        pytest.param("'Ivan' <'ivan@example.com'>", "ivan@example.com", "Ivan", id="Apostrophes around"),
        pytest.param("Ivan O' <ivan@example.com>", "ivan@example.com", "Ivan O'", id="An apostrophe at the end"),
        pytest.param(
            '"Petrov, I. (Sales)" <ivan@example.com>',
            "ivan@example.com",
            "Petrov, I. (Sales)",
            id="A bracket in a name",
        ),
        pytest.param("<mailto:ivan@example.com>", "ivan@example.com", "", id="A link instead of an address"),
        pytest.param(
            "Petrov, Ivan <ivan@example.com>",
            "ivan@example.com",
            "Petrov, Ivan",
            id="A comma without quotation marks",
        ),
        pytest.param(
            "ivan@example.com <ivan@example.com>",
            "ivan@example.com",
            "ivan@example.com",
            id="The address as its own name",
        ),
    ],
)
def test_senders(value: str, mail: str, name: str) -> None:
    """From, as it ought to be and as it comes."""
    assert letter(From=value).sender == Address(mail, name)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Ivan",
        "<>",
        ".ivan@example.com",
        f"I <{'a' * 70}@example.com>",
        '"a b"@example.com',
        "undisclosed-recipients:;",
        "@example.com",
        "ivan@",
        "a@b..c",
        "ivan at example.com",
    ],
)
def test_no_sender(value: str) -> None:
    """Where there is no usable address, there is no sender."""
    assert letter(From=value).sender is None


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param("ivan at example.org (Ivan Petrov)", "Ivan Petrov", id="A comment"),
        pytest.param('"Ivan Petrov" <"ivan petrov"@example.org>', "Ivan Petrov", id="Before the brackets"),
        pytest.param("Ivan Petrov", "Ivan Petrov", id="Nothing else"),
        pytest.param(".ivan@example.org", "", id="An address is no name"),
    ],
)
def test_name_without_an_address(value: str, name: str) -> None:
    """The name of somebody whom no answer can reach."""
    assert name_in(value) == name


def test_sender_where_from_is_missing() -> None:
    """Sender stands in for a From that is not there, and for nothing else."""
    assert letter(From="", Sender="b@example.com").sender == Address("b@example.com")
    assert letter(From="nonsense", Sender="b@example.com").sender is None


def test_several_senders() -> None:
    """Of several senders the one that Sender names; that there are several is told."""
    both = "a@example.com, b@example.com"
    assert letter(From=both).sender == Address("a@example.com")
    found = letter(From=both, Sender="b@example.com")
    assert found.sender == Address("b@example.com")
    assert "it has 2 senders" in found.troubles


def test_name_that_shows_another_address() -> None:
    """A name with somebody else's address in it deceives nobody: the real address counts, and the other one is told."""
    found = letter(From='"director@example.org" <thief@example.net>')
    assert found.sender is not None
    assert found.sender.mail == "thief@example.net"
    assert "the sender's name shows another address: director@example.org" in found.troubles


def test_recipients() -> None:
    """To and Cc with groups and names; Reply-To is the first one."""
    found = letter(To="a@x.ru, G: b@x.ru, c@x.ru;", Cc='"D, E" <d@x.ru>', Reply_To="r@x.ru, s@x.ru")
    assert [one.mail for one in found.to] == ["a@x.ru", "b@x.ru", "c@x.ru"]
    assert found.cc == (Address("d@x.ru", "D, E"),)
    assert found.reply_to == Address("r@x.ru")


def test_addresses_are_bounded() -> None:
    """Of ten thousand recipients the first are read."""
    assert len(read_addresses(", ".join(f"u{i}@x.ru" for i in range(10_000)))) == ADDRESSES_AT_MOST


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("<a@b>", "a@b", id="As it ought to be"),
        pytest.param("a@b", "a@b", id="Without brackets"),
        pytest.param(" <a@\r\n b>", "a@b", id="Broken in the middle"),
        pytest.param("<a b@c> (made by hand)", "ab@c", id="A space in it"),
        pytest.param("<no-at-sign>", "no-at-sign", id="Without an at sign"),
        pytest.param("", "", id="Missing"),
        pytest.param("<>", "", id="Empty"),
    ],
)
def test_message_id(value: str, expected: str) -> None:
    """Message-ID without its brackets."""
    assert letter(Message_ID=value).message_id == expected


def test_references() -> None:
    """References, then In-Reply-To, each once; words in between are no identifiers."""
    found = letter(References="<a@x>\r\n\t<b@x><c@x>", In_Reply_To='Message of "Mon" <c@x> <d@x>')
    assert found.references == ("a@x", "b@x", "c@x", "d@x")


def test_references_are_bounded() -> None:
    """Of a thousand references the newest are kept."""
    found = letter(References=" ".join(f"<{i}@x>" for i in range(1000))).references
    assert len(found) == REFERENCES_AT_MOST
    assert found[-1] == "999@x"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(
            "Mon, 23 Nov 2026 13:15:00 +0300", datetime(2026, 11, 23, 10, 15, tzinfo=UTC), id="As it ought to be"
        ),
        pytest.param("23 Nov 2026 10:15:00 -0000", datetime(2026, 11, 23, 10, 15, tzinfo=UTC), id="No zone known"),
        pytest.param("Mon, 23 Nov 2026 10:15 GMT", datetime(2026, 11, 23, 10, 15, tzinfo=UTC), id="Without seconds"),
        pytest.param("Mon, 23 Nov 2026 10:15:00 +9999", None, id="A zone that is none"),
        pytest.param("Mon, 32 Nov 2026 10:15:00 +0300", None, id="A day that is none"),
        pytest.param("23 Nov 1901 10:15:00 +0300", None, id="Before there were mails"),
        pytest.param("yesterday", None, id="Words"),
        pytest.param("", None, id="Missing"),
        pytest.param("Mon, 23 Nov 99999999999 10:15:00 +0300", None, id="A year beyond all"),
    ],
)
def test_dates(value: str, expected: datetime | None) -> None:
    """Date, where it can be read and makes sense."""
    assert letter(Date=value).sent_at == expected


def test_subject_on_one_line() -> None:
    """A folded subject is one line; control characters and what could begin a header are gone."""
    assert letter(Subject="One\r\n  two\tthree\x00\x1b").subject == "One two three"
    assert letter(Subject="=?utf-8?Q?a=0D=0ABcc:_x=40y?=").subject == "a Bcc: x@y"


def test_header_is_tolerant() -> None:
    """An mbox line before, a broken line within, empty lines before, and none or one with spaces in it after."""
    whole = raw("Text")
    assert read(b"From ivan Mon Nov 23\r\n" + whole).subject == "Question"
    assert read(b"\r\n\r\n" + whole).text == "Text"
    assert read(b"\xef\xbb\xbf" + whole).sender == read(whole).sender
    broken = read(whole.replace(b"Subject: Question", b"Subject: Quest\r\nion broken off"))
    assert (broken.subject, broken.text) == ("Quest ion broken off", "Text")
    assert any("middle of the header" in one for one in broken.troubles)
    assert read(b"Subject: S\nText that begins at once.\nMore.").text == "Text that begins at once.\nMore."
    spoilt = b"Subject: S\nContent-Type: multipart/mixed; boundary=x\n \n--x\nContent-Type: text/html\n\n<p>Text</p>\n--x--\n"
    assert (read(spoilt).subject, read(spoilt).text) == ("S", "Text")
    missing = read(spoilt.replace(b"\n \n", b"\n"))
    assert (missing.subject, missing.text) == ("S", "Text")
    assert read(b"Just words, no header.").text == "Just words, no header."
    assert read(whole.replace(b"\r\n", b"\r")).text == "Text"
    assert read(b"").text == ""


def test_headers_by_name() -> None:
    """All values by lower-case name, decoded, in order."""
    found = letter(X_One="=?utf-8?B?0K8=?=").headers
    assert found["x-one"] == ("Я",)
    assert read(b"Received: b\r\nReceived: a\r\n\r\n").headers["received"] == ("b", "a")


def test_digest_is_the_same_on_every_route() -> None:
    """Received headers, line ends and trailing empty lines don't matter; sender, date, subject, number and text do."""
    whole = raw("One\r\nTwo\r\n")
    same = (b"Received: by mx\r\n" + whole, whole.replace(b"\r\n", b"\n"), whole + b"\r\n", b"X-Spam: no\r\n" + whole)
    assert {read(one).digest for one in same} == {read(whole).digest}
    other = (
        whole.replace(b"One", b"Eins"),
        whole.replace(b"Question", b"Answer"),
        whole.replace(b"<one@", b"<two@"),
        whole.replace(b"ivan@", b"petr@"),
        whole.replace(b"13:15", b"13:16"),
    )
    assert len({read(one).digest for one in (whole, *other)}) == 6


PASS = "mx.example.org; dmarc=pass (p=none) header.from=example.com; spf=pass smtp.mailfrom=example.com"


@pytest.mark.parametrize(
    ("headers", "domains"),
    [
        pytest.param({"Authentication_Results": PASS}, {"example.com"}, id="DMARC passed"),
        pytest.param(
            {"Authentication_Results": "mx.example.org; dkim=pass header.d=example.com"},
            {"example.com"},
            id="DKIM of From's own domain",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org 1; dkim=pass header.i=@example.com"},
            {"example.com"},
            id="DKIM by identity, with a version",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; dkim=pass header.d=mailer.net"},
            set(),
            id="DKIM of another domain",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; dmarc=fail header.from=example.com"}, set(), id="DMARC failed"
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; dmarc=pass header.from=other.net"},
            set(),
            id="DMARC of another From",
        ),
        pytest.param(
            {"Authentication_Results": PASS.replace("mx.example.org", "mx.attacker.net")},
            set(),
            id="Another server's word",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; none (dmarc=pass header.from=example.com)"},
            set(),
            id="In a comment",
        ),
        pytest.param(
            {"Authentication_Results": PASS, "From": "ivan@example.com, petr@example.com"},
            set(),
            id="Two senders prove nothing",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; spf=pass smtp.mailfrom=example.com"},
            set(),
            id="SPF says nothing of From",
        ),
        pytest.param({}, set(), id="Nothing is said"),
        pytest.param(
            {
                "Authentication_Results": 'mx.example.org; dkim=pass (2048-bit key; unprotected) header.d="example.com" '
                'header.i=@example.com header.b="AbCd+/=="; dmarc=pass (p=none (\\(sp)) header.from = example.com'
            },
            {"example.com"},
            id="Comments with semicolons, in one another and with escapes, and quoted values",
        ),
        pytest.param(
            {
                "Authentication_Results": 'mx.example.org; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.com; y"@evil.net'
            },
            set(),
            id="A result in a quoted address",
        ),
        pytest.param(
            {
                "Authentication_Results": 'mx.example.org; spf=pass smtp.mailfrom="x\\"; dmarc=pass header.from=example.com; \\"y"@evil.net'
            },
            set(),
            id="A quoted address with quotes in it",
        ),
        pytest.param(
            {
                "Authentication_Results": 'mx.example.org; spf=pass (of "a) ; dmarc=pass header.from=example.com (b"@evil.net) smtp.mailfrom=evil.net'
            },
            set(),
            id="A comment that a quoted address ends",
        ),
        pytest.param(
            {"Authentication_Results": 'mx.example.org; spf=pass "x; dmarc=pass header.from=example.com'},
            set(),
            id="A quotation that does not end",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; spf=pass (x; dmarc=pass header.from=example.com"},
            set(),
            id="A comment that does not end",
        ),
        pytest.param(
            {"Authentication_Results": f"{PASS}; dmarc=none header.from=example.com"},
            set(),
            id="DMARC told twice and differently",
        ),
        pytest.param(
            {
                "Authentication_Results": "mx.example.org; dmarc=fail header.from=example.com; dkim=pass header.d=example.com"
            },
            set(),
            id="DMARC failed, whatever a signature says",
        ),
        pytest.param(
            {"Authentication_Results": 'mx.example.org; dkim=pass header.d=evil.net header.i="@example.com"'},
            set(),
            id="DKIM of a stranger in From's name",
        ),
        pytest.param(
            {"Authentication_Results": 'mx.example.org; dkim=pass reason="header.d=example.com" header.d=evil.net'},
            set(),
            id="A domain in a reason",
        ),
        pytest.param(
            {"Authentication_Results": "mx.example.org; dkim=pass header.s=header.d=example.com header.d=evil.net"},
            set(),
            id="A domain in another property",
        ),
    ],
)
def test_verified(headers: dict[str, str], domains: set[str]) -> None:
    """From is genuine where our own server says so."""
    assert read(raw(**headers), authserv="mx.example.org").verified == domains
    assert read(raw(**headers)).verified == frozenset()


def test_attack_forged_authentication_results_below_our_own() -> None:
    """A sender can write such a header himself; only the topmost one is believed, and that is our server's."""
    forged = raw(Authentication_Results=PASS)
    own = b"Authentication-Results: mx.example.org; dmarc=fail header.from=example.com\r\n"
    assert read(own + forged, authserv="mx.example.org").verified == frozenset()
    foreign = b"Authentication-Results: mx.other.net; dmarc=none\r\n"
    assert read(foreign + forged, authserv="mx.example.org").verified == frozenset()


def test_attack_two_from_fields() -> None:
    """One From that passes and one that is shown: nothing is verified, and it is told."""
    found = read(b"From: thief@example.net\r\n" + raw(Authentication_Results=PASS), authserv="mx.example.org")
    assert found.verified == frozenset()
    assert "it has 2 senders" in found.troubles
