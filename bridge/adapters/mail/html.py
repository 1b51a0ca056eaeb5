"""HTML of mails as text: what is shown, no more; quotations marked by `>`, links readable."""

from __future__ import annotations

import re
from html import unescape
from typing import Final

import lxml.html
from inscriptis.css_profiles import CSS_PROFILES
from inscriptis.html_engine import Inscriptis
from inscriptis.model.config import ParserConfig

from bridge.adapters.mail.clean import clean

HTML_AT_MOST: Final = 4_000_000
"""Characters of HTML that are converted."""
_UNSEEN: Final = frozenset(
    {
        "script",
        "style",
        "head",
        "title",
        "template",
        "object",
        "embed",
        "iframe",
        "applet",
        "svg",
        "math",
        "select",
        "datalist",
    }
)
_HIDING: Final = re.compile(
    r"display\s{0,3}:\s{0,3}none|visibility\s{0,3}:\s{0,3}hidden|"
    r"max-height\s{0,3}:\s{0,3}0(?:px)?\s{0,3}(?:;|$)|opacity\s{0,3}:\s{0,3}0(?:\.0)?\s{0,3}(?:;|$)",
    re.IGNORECASE,
)
_TINY: Final = re.compile(r"font-size\s{0,3}:\s{0,3}0(?:\.0{1,9})?(?:px|pt|em|%)?\s{0,3}(?:;|$|!)", re.IGNORECASE)
_SIZED: Final = re.compile(r"font(?:-size)?\s{0,3}:\s{0,3}(?!inherit|1em|100%)", re.IGNORECASE)
_BORDER: Final = re.compile(r"border-left\s{0,3}:\s{0,3}(?!\s{0,3}(?:none|0))", re.IGNORECASE)
_SCHEME: Final = re.compile(r"\s{0,5}(?:https?|ftps?|mailto|tel|sip):", re.IGNORECASE)
_DECLARATION: Final = re.compile(r"^\s{0,100}<\?xml[^>]{0,200}\?>")
_OPEN, _CLOSE = "\ue000", "\ue001"
_MARKS: Final = re.compile(f"[{_OPEN}{_CLOSE}]")
_TAG: Final = re.compile(r"<[A-Za-z!/][^<>]{0,2000}>")
_SILENT: Final = re.compile(r"<(script|style|title)\b[^<>]{0,500}>")
_BLOCK: Final = re.compile(r"</?(?:p|div|br|tr|li|table|h[1-6]|blockquote|hr)\b[^<>]{0,2000}>", re.IGNORECASE)
TAGS_AT_MOST: Final = 100_000
"""Tags of HTML that are laid out; text with more of them is only freed of them."""
_LINK_AT_MOST: Final = 2_000
_EMPTY_LINES: Final = re.compile(r"\n{3,}")
_CONFIG: Final = ParserConfig(css=CSS_PROFILES["strict"])
"""The other profile puts spaces around each `span`, in the middle of words too."""


def is_html(text: str) -> bool:
    """Whether a text has any markup."""
    return _TAG.search(text) is not None


def as_text(html: str) -> str:
    """What a reader sees of it."""
    source = _MARKS.sub("", clean(html))[:HTML_AT_MOST]
    if not is_html(source):
        return source.strip()
    try:
        text = _rendered(source) if source.count("<") <= TAGS_AT_MOST else _plainly(source)
    except Exception:  # noqa: BLE001 - whatever the converter does not take (too deep, broken) is read without it
        text = _plainly(source)
    lines = (line.rstrip() for line in clean(text.replace("\u00a0", " ")).split("\n"))
    return _EMPTY_LINES.sub("\n\n", _quoted("\n".join(lines))).strip("\n")


def _rendered(source: str) -> str:
    parser = lxml.html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
    root = lxml.html.document_fromstring(_DECLARATION.sub("", source, count=1), parser=parser)
    if any(
        error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log
    ):  # nested so deep that text was dropped
        return _plainly(source)
    for element in list(root.iter()):
        _treat(element)
    return str(Inscriptis(root, _CONFIG).get_text())


def _treat(element: lxml.html.HtmlElement) -> None:
    if not isinstance(element.tag, str):
        return
    if element.tag in _UNSEEN or _is_hidden(element):
        if element.getparent() is not None:
            element.drop_tree()
        return
    if _TINY.search(_style(element)):
        _drop_tiny(element)
    if element.tag == "a":
        _show_link(element)
    elif element.tag == "blockquote" and _is_quotation(element):
        element.text = f"{_OPEN}\n{element.text or ''}"
        element.append(_after_all())
        element.tag = "div"
    elif element.tag == "img" and (alt := (element.get("alt") or "").strip()):
        element.tail = f"[{alt[:200]}]{element.tail or ''}"


def _style(element: lxml.html.HtmlElement) -> str:
    return (element.get("style") or "")[:2_000]


def _drop_tiny(element: lxml.html.HtmlElement) -> None:
    """Drop text without any height; what has a size of its own in it is seen: layouts of cells put the one around the other."""
    waiting = [element]
    while waiting:
        tiny = waiting.pop()
        tiny.text = None
        for child in tiny:
            child.tail = None
            if isinstance(child.tag, str) and not _SIZED.search(_style(child)) and not child.get("size"):
                waiting.append(child)


def _after_all() -> lxml.html.HtmlElement:
    end = lxml.html.Element("div")
    end.text = _CLOSE
    return end


def _is_hidden(element: lxml.html.HtmlElement) -> bool:
    if element.tag in {"html", "body"}:
        return False
    return "hidden" in element.attrib or _HIDING.search(_style(element)) is not None


def _is_quotation(element: lxml.html.HtmlElement) -> bool:
    """Mail programs quote with a class, `type=cite` or a line at the left; without these it is an indented paragraph."""
    named = f"{element.get('class') or ''} {element.get('type') or ''} {element.get('id') or ''}".lower()
    return "cite" in named or "quot" in named or _BORDER.search(_style(element)) is not None


def _show_link(element: lxml.html.HtmlElement) -> None:
    """The address behind the words, unless the words are the address."""
    href = (element.get("href") or "").strip()
    if _SCHEME.match(href) is None or len(href) > _LINK_AT_MOST:
        return
    shown = "".join(element.itertext()).strip()
    bare = re.sub(r"^(?:mailto|tel|sip|https?|ftps?):/{0,2}", "", href, flags=re.IGNORECASE).rstrip("/")
    if shown and bare.partition("?")[0].casefold() not in shown.casefold() and bare.casefold() not in shown.casefold():
        element.tail = f" ({href}){element.tail or ''}"


def _quoted(text: str) -> str:
    """Lines between the marks of quotations begin with as many `>` as quotations they stand in."""
    depth = 0
    lines: list[str] = []
    for line in text.split("\n"):
        opened, closed = line.count(_OPEN), line.count(_CLOSE)
        bare = _MARKS.sub("", line)
        depth += opened
        if bare.strip() or not (opened or closed):
            shown = min(depth, 20)
            lines.append(f"{'>' * shown} {bare.strip()}".rstrip() if shown else bare)
        depth = max(depth - closed, 0)
    return "\n".join(lines)


def _plainly(source: str) -> str:
    """The last resort, for HTML that the converter cannot take: its text, with a line for each block."""
    low = source.lower()
    pieces: list[str] = []
    at = 0
    while (found := _SILENT.search(low, at)) is not None:
        end = low.find(f"</{found[1]}", found.end())
        if end < 0:
            break
        pieces.append(source[at : found.start()])
        at = end
    pieces.append(source[at:])
    return unescape(_TAG.sub("", _BLOCK.sub("\n", "".join(pieces))))
