"""Notes as mails show them: Textile and CommonMark as plain text and as HTML that can do nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.adapters.mail import common_mark, textile
from bridge.adapters.mail.nodes import Node, as_html, as_text, clean, linked, plain
from bridge.core.markup import faithful, inert

Parse = Callable[[str], tuple[Node, ...]]
PARSERS = [pytest.param(textile.parse, id="Textile"), pytest.param(common_mark.parse, id="CommonMark")]
TAGS = frozenset(
    ["p", "h3", "pre", "ul", "ol", "li", "blockquote", "hr", "table", "tr", "td", "strong", "em", "code", "a", "br"]
)
PIECES = (
    *(
        "*",
        "**",
        "_",
        "__",
        "@",
        "`",
        "```",
        "~",
        "-",
        "+",
        "|",
        "|a|b|\n|-|-|\n",
        "#",
        "h1. ",
        "bq. ",
        "> ",
        ">",
        "1. ",
        "---",
        "\n\n",
        "\n",
    ),
    *(
        '"a":',
        "http://x.example/y_z",
        "https://evil/",
        "javascript:alert(1)",
        "mailto:a@b.c",
        "data:text/html,x",
        "[a](",
        "](",
        ")",
        "![",
        "!x.png!",
    ),
    *(
        "<script>alert(1)</script>",
        "<b onclick=x>",
        "<pre>",
        "</pre>",
        "<code>",
        "</code>",
        "&#60;",
        "&lt;",
        "&#0;",
        "&",
        "\\",
        "{{",
        "}}",
        "[[",
        "]]",
    ),
    *("слово", " ", "  ", "\t", "a", "\0", "\u2028", "\x1b", '"', "'", "=", "%", "^", "user", "attachment:x"),
)
NOTES = st.lists(st.sampled_from(PIECES), max_size=25).map("".join) | st.text(max_size=80)


class Looked(HTMLParser):
    """What an HTML reader sees."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """It is the one opened last."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Remember it."""
        self.text += data


@pytest.mark.parametrize(
    ("note", "text", "page"),
    [
        pytest.param("*важно* и _верно_", "важно и верно", "<p><strong>важно</strong> и <em>верно</em></p>", id="emphasis"),
        pytest.param("2 * 3 * 4, a_b_c, x*y*z", "2 * 3 * 4, a_b_c, x*y*z", "<p>2 * 3 * 4, a_b_c, x*y*z</p>", id="no emphasis"),
        pytest.param("@uname -a@", "uname -a", "<p><code>uname -a</code></p>", id="code"),
        pytest.param('"сайт":https://x.example/a.', "сайт (https://x.example/a).", '<p><a href="https://x.example/a">сайт</a>.</p>', id="link"),
        pytest.param('"x":javascript:alert(1)', '"x":javascript:alert(1)', "<p>&quot;x&quot;:javascript:alert(1)</p>", id="a link that may not be"),
        pytest.param("(см. http://x.example/y)", "(см. http://x.example/y)", '<p>(см. <a href="http://x.example/y">http://x.example/y</a>)</p>', id="URL"),
        pytest.param("h2. Итог\nДа", "Итог\n\nДа", "<h3>Итог</h3>\n<p>Да</p>", id="heading"),
        pytest.param("раз\nдва\n\nтри", "раз\nдва\n\nтри", "<p>раз<br>\nдва</p>\n<p>три</p>", id="lines and paragraphs"),
        pytest.param("# а\n## б\n# в", "1. а\n   1. б\n2. в", None, id="numbered list, nested"),
        pytest.param("* а\n# б", "* а\n\n1. б", None, id="two lists"),
        pytest.param("> Вы писали\n> это\n\nДа", "> Вы писали\n> это\n\nДа", None, id="quote"),
        pytest.param("bq. Вы писали", "> Вы писали", None, id="quote by name"),
        pytest.param("|_. Имя|Да|\n|b|c|", "Имя | Да\nb | c", None, id="table"),
        pytest.param("<pre>\na  <b>\n\n  c\n</pre>", "a  <b>\n\n  c", "<pre>a  &lt;b&gt;\n\n  c</pre>", id="preformatted"),
        pytest.param('<pre><code class="sh">\nls\n</code></pre>', "ls", "<pre>ls</pre>", id="preformatted code"),
        pytest.param("<pre>\n*x*", "*x*", "<pre>*x*</pre>", id="preformatted without an end"),
        pytest.param("!>{width:9px}a.png(t)! b!", "a.png b!", "<p>a.png b!</p>", id="picture of an attachment"),
        pytest.param("!https://x.example/a.png!", "https://x.example/a.png", None, id="remote picture"),
        pytest.param("{{toc}} [[Wiki]] #12 @ivan attachment:a.log", "{{toc}} [[Wiki]] #12 @ivan attachment:a.log", None, id="Redmine's own"),
    ],
)  # fmt: skip
def test_textile(note: str, text: str, page: str | None) -> None:
    """What Redmine shows as Textile, the mail says in words and in simple HTML."""
    nodes = textile.parse(note)
    assert as_text(nodes) == text
    assert page is None or as_html(nodes).strip() == page


@pytest.mark.parametrize(
    ("note", "text", "page"),
    [
        pytest.param("**важно** и *верно*", "важно и верно", "<p><strong>важно</strong> и <em>верно</em></p>", id="emphasis"),
        pytest.param("[сайт](https://x.example/a_b)", "сайт (https://x.example/a_b)", '<p><a href="https://x.example/a_b">сайт</a></p>', id="link"),
        pytest.param("[x](ftp://x.example/)", "x", "<p>x</p>", id="a link that may not be"),
        pytest.param("см. https://x.example/a_b_c.", "см. https://x.example/a_b_c.", None, id="URL"),
        pytest.param("<ivan@example.org>", "ivan@example.org", '<p><a href="mailto:ivan@example.org">ivan@example.org</a></p>', id="address"),
        pytest.param("![схема](https://evil.example/p.png)", "схема (https://evil.example/p.png)", '<p><a href="https://evil.example/p.png">схема</a></p>', id="a remote picture is a link"),
        pytest.param("![](p.png)", "p.png", "<p>p.png</p>", id="picture of an attachment"),
        pytest.param("раз\nдва\n\nтри", "раз\nдва\n\nтри", "<p>раз<br>\nдва</p>\n<p>три</p>", id="lines and paragraphs"),
        pytest.param("7. а\n   ещё\n8. б", "7. а\n   ещё\n8. б", '<ol><li value="7">а<br>\nещё</li>\n<li value="8">б</li>\n</ol>', id="numbers stay"),
        pytest.param("- а\n  - б", "- а\n  - б", None, id="nested list"),
        pytest.param("- а\n\n- б", "- а\n- б", "<ul><li><p>а</p>\n</li>\n<li><p>б</p>\n</li>\n</ul>", id="loose list"),
        pytest.param("> а\n> > б", "> а\n>\n> > б", None, id="quotes"),
        pytest.param("|Имя|Да|\n|-|-|\n|b|c|", "Имя | Да\nb | c", None, id="table"),
        pytest.param("```sh\na  <b>\n```", "a  <b>", "<pre>a  &lt;b&gt;</pre>", id="fence"),
        pytest.param("<b>x</b><!-- y -->", "<b>x</b><!-- y -->", "<p>&lt;b&gt;x&lt;/b&gt;&lt;!-- y --&gt;</p>", id="raw HTML is text"),
        pytest.param("{{toc}} [[Wiki]] #12 @ivan attachment:a.log", "{{toc}} [[Wiki]] #12 @ivan attachment:a.log", None, id="Redmine's own"),
    ],
)  # fmt: skip
def test_common_mark(note: str, text: str, page: str | None) -> None:
    """What Redmine shows as CommonMark, the mail says in words and in simple HTML."""
    nodes = common_mark.parse(note)
    assert as_text(nodes) == text
    assert page is None or as_html(nodes).strip() == page


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "note",
    [
        pytest.param("Здравствуйте!\n\nСпасибо за обращение! Мы приняли его под номером 7.\n\nАвтоматическое сообщение · №7 · запрос сведений 1", id="the bridge's"),
        pytest.param("Номер 1234 - готов.\nС уважением,\nИванов", id="an engineer's"),
        pytest.param("Версия 10.2 (x86_64), C++ и C#; 5 > 4, 3 < 4, a & b", id="signs"),
        pytest.param("1. Какая система?\n2. Когда обновляли?", id="questions"),
    ],
)  # fmt: skip
def test_plain_words_stay_as_they_are(parse: Parse, note: str) -> None:
    """A note without markup is mailed as it was typed."""
    assert as_text(parse(note)) == note


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=300, deadline=None)
@given(note=NOTES)
def test_the_html_can_do_nothing(parse: Parse, note: str) -> None:
    """Whatever was written: only our tags, closed in order, no attributes but links to where a customer may go and numbers."""
    page = as_html(parse(clean(note)))
    seen = Looked(page)
    assert set(seen.tags) <= TAGS
    assert seen.open == []
    for name, value in seen.attributes:
        assert name in ("href", "value")
        assert re.match(r"(https?://|mailto:)\S" if name == "href" else r"\d+$", value or "", re.IGNORECASE)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", page + as_text(parse(clean(note))))


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=200, deadline=None)
@given(note=NOTES)
def test_both_forms_say_the_same(parse: Parse, note: str) -> None:
    """No word of the HTML is missing from the text, and links say where they lead."""
    nodes = parse(clean(note))
    words = re.findall(r"\w+", Looked(as_html(nodes)).text)
    told = re.findall(r"\w+", as_text(nodes))
    for word in words:
        assert word in told


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "name", ["Сведения о системе", "*о*_х_@о@", "#5 {{x}} [[y]] !z!", '"x":http://evil.example', "a\nb"]
)
def test_p6_defused_words_have_no_escapes_in_a_mail(parse: Parse, name: str) -> None:
    """What was defused for Redmine reads in the mail as it stands in Redmine, on one line, and leads nowhere."""
    nodes = parse(f"Поле {inert(name)}.")
    assert "href" not in as_html(nodes)
    assert "&#" not in as_text(nodes)


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize(
    "words",
    [
        "*жирно* _курсив_ @код@ `x` **y**",
        "https://evil.example/a_b?x=1&y=2",
        '"ссылка":https://evil.example/ [a](https://evil.example/)',
        "<script>alert(1)</script> &lt; &#60; &amp;",
        "{{include(x)}} [[Wiki]] #1 @user",
        "h1. Не заголовок\n> не цитата\n| не | таблица |",
    ],
)
def test_p6_customers_words_read_as_they_were_written(parse: Parse, words: str) -> None:
    """What `faithful` has escaped for Redmine is the customer's text again, and is no link."""
    nodes = parse(faithful(words))
    assert as_text(nodes) == words
    assert set(Looked(as_html(nodes)).tags) <= {"p", "br"}


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("piece", [*PIECES, "*a ", "*a* ", "> ", "* ", "!{", "!a(", '"a":http://', "</code> "])
def test_no_text_makes_it_slow_or_deep(parse: Parse, piece: str) -> None:
    """20,000 characters of any one thing are read without an error (trap: nesting, backtracking)."""
    nodes = parse((piece * 20_000)[:20_000])
    assert as_html(nodes) is not None
    assert as_text(nodes) is not None


def test_links_end_where_a_sentence_does() -> None:
    """Full stops and brackets around a URL are not part of it."""
    assert linked("(https://x.example/a), https://x.example/b_(c)!") == (
        "(",
        Node("a", ("https://x.example/a",), "https://x.example/a"),
        "), ",
        Node("a", ("https://x.example/b_(c)",), "https://x.example/b_(c)"),
        "!",
    )


def test_text_without_markup_keeps_its_lines() -> None:
    """Paragraphs and lines, nothing read into them."""
    assert as_text(plain("\n*раз*\n  два\n \n\nтри\n")) == "*раз*\n  два\n\nтри"
