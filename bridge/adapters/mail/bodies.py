"""What a mail says, and what came with it: the text is chosen among its parts, everything else is a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from bridge.adapters.mail import html, smime
from bridge.adapters.mail.charsets import decode
from bridge.adapters.mail.clean import clean, one_line
from bridge.adapters.mail.files import Files, given_name
from bridge.adapters.mail.flowed import unflow
from bridge.adapters.mail.headers import HEADER_AT_MOST, split, unencoded
from bridge.adapters.mail.mime import Part, tree
from bridge.core.policy import MailLimits

TEXT_AT_MOST: Final = 200_000
"""Characters of a mail's text; the whole of a longer one is kept as a file."""
_FORWARDS_AT_MOST: Final = 3
_STUB_AT_MOST: Final = 400
_STUB: Final = re.compile(
    r"html|mime|view (?:this|it) (?:e?-?mail|message|in)|browser|браузер|просмотр|не поддерживает|does not support|формат",
    re.IGNORECASE,
)
_META: Final = re.compile(rb"<meta[^>]{0,300}charset\s{0,3}=\s{0,3}[\"']?\s{0,3}([\w.:-]{1,40})", re.IGNORECASE)
_MARKUP_AT_START: Final = re.compile(r"\s{0,200}(?:<!doctype html|<html[\s>])", re.IGNORECASE)
_MANY_WORDS: Final = 10
_LINK: Final = re.compile(r"https?://\S{1,2000}")
_WORDS: Final = re.compile(r"\w+")
_ENRICHED: Final = re.compile(r"<<|<param>[^<]{0,200}</param>|</?[A-Za-z-]{1,60}>", re.IGNORECASE)
_EVENT: Final = re.compile(
    r"^BEGIN:(?:VEVENT|VTODO)\s*$(.*?)(?=^BEGIN:|^END:|\Z)", re.DOTALL | re.MULTILINE | re.IGNORECASE
)
_MOMENT: Final = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d{0,2}(Z?))?", re.ASCII)
_NO_TEXT: Final = frozenset(
    {
        "text/calendar",
        "text/rfc822-headers",
        "text/directory",
        "text/vcard",
        "text/x-vcard",
        "text/csv",
        "text/rtf",
        "text/x-amp-html",
        "text/css",
        "text/javascript",
    }
)
_SIGNATURES: Final = frozenset(
    {"application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature"}
)
_ENVELOPES: Final = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
SEALED: Final = "(Письмо зашифровано, прочитать его здесь нельзя: содержимое во вложении. / This mail is encrypted and cannot be read here: see the attachment.)"


class Reader:
    """Reads the parts of one mail."""

    def __init__(self, limits: MailLimits, depth: int = 0) -> None:
        self.depth = depth
        self.files = Files(limits)
        self.troubles: dict[str, None] = {}
        self.forwards: list[Part] = []
        self.calendars: list[Part] = []
        self.named: list[Part] = []
        self.sealed = False

    def read(self, root: Part) -> str:
        """The text of a mail; its files are in `files` then."""
        text = self._joined(self.texts(root))
        if not text.strip():
            text = self._instead(root)
        if self.sealed:
            text = f"{SEALED}\n\n{text}".strip()
        return self._bounded(text)

    def _bounded(self, text: str) -> str:
        if len(text) <= TEXT_AT_MOST:
            return text
        self.files.put(text.encode(), "text/plain", "full-text.txt")
        self.troubles[f"its text has {len(text)} characters; the whole is in the file full-text.txt"] = None
        return text[:TEXT_AT_MOST]

    # --- which parts are text ---------------------------------------------------------------------------------------------------------------

    def texts(self, part: Part) -> list[Part]:
        """The parts whose texts make up the message; files are taken on the way."""
        self.troubles.update(dict.fromkeys(part.troubles))
        if not part.children:
            return self._leaf(part)
        if part.type == "multipart/alternative":
            return self._alternative(part)
        if part.type == "multipart/related":
            return self._related(part)
        if part.type in {"multipart/signed", "multipart/report"}:
            return self._first_and_files(part)
        if part.type == "multipart/encrypted":
            self.sealed = True
            for child in part.children:
                self._file(child)
            return []
        return [one for child in part.children for one in self.texts(child)]

    def _leaf(self, part: Part) -> list[Part]:
        named = part.disposition == "attachment" or bool(given_name(part))
        if part.type in _ENVELOPES and not part.too_deep:
            return self._envelope(part)
        if part.main == "text" and part.type not in _NO_TEXT and not named:
            return [part]
        if part.main == "multipart" and part.raw.strip() and not part.too_deep:  # its parts cannot be told apart
            return [part]
        self._file(part)
        return []

    def _file(self, part: Part) -> None:
        """A part kept as a file; what it says is remembered in case the mail says nothing else."""
        if part.children:
            for child in part.children:
                self._file(child)
            return
        if not part.raw.strip() and not given_name(part):
            return
        called = ""
        if part.type in {"message/rfc822", "message/global"} and not part.too_deep:
            self.forwards.append(part)
            called = f"{_subject_of(part)}.eml" if _subject_of(part) else ""
        elif part.type == "text/calendar":
            self.calendars.append(part)
        elif part.type == "text/plain":
            self.named.append(part)
        is_inline = (
            part.disposition != "attachment"
            and bool(part.header.get("content-id"))
            and part.main in {"image", "audio", "video"}
        )
        self.files.add(part, inline=is_inline or (part.disposition == "inline" and part.main == "image"), called=called)

    def _alternative(self, part: Part) -> list[Part]:
        """One of several versions of the same: plain text unless it is empty or only says that there is HTML."""
        read = [(child, self.texts(child)) for child in part.children]
        spoken = [(child, texts) for child, texts in read if texts]
        plain = next((texts for _, texts in spoken if all(_is_plain(one) for one in texts)), [])
        rich = next((texts for _, texts in reversed(spoken) if any(one.type == "text/html" for one in texts)), [])
        if plain and (not rich or not self._is_stub(plain, rich)):
            self._keep_other(plain, rich)
            return self._with_others(plain, spoken)
        return rich or (spoken[0][1] if spoken else [])

    def _with_others(self, chosen: list[Part], spoken: list[tuple[Part, list[Part]]]) -> list[Part]:
        """With the plain texts beside it that say something else: they are no versions of it, whatever the mail calls them."""
        known = self._said(chosen)
        found = list(chosen)
        for one in (one for _, texts in spoken for one in texts if _is_plain(one) and one not in chosen):
            if not (said := self._said([one])) <= known:
                found.append(one)
                known |= said
        return found

    def _keep_other(self, plain: list[Part], rich: list[Part]) -> None:
        """Keep HTML as a file that says for the most part what the plain version does not."""
        said = self._said(rich)
        missing = said - self._said(plain)
        if len(missing) >= _MANY_WORDS and 2 * len(missing) > len(said):
            for one in rich:
                self.files.put(one.content, one.type, "message.html")
            self.troubles["its HTML says something else than its plain text; it is in the file message.html"] = None

    def _said(self, parts: Iterable[Part]) -> set[str]:
        return set(_WORDS.findall(_LINK.sub("", self._joined(parts).casefold())))

    def _is_stub(self, plain: list[Part], rich: list[Part]) -> bool:
        """Whether the plain version says less than the other one: nothing, or that there is another one."""
        text = self._joined(plain)
        words = _WORDS.findall(text.casefold())
        if len(text) > _STUB_AT_MOST:
            return False
        full = self._joined(rich)
        more = len(full) > 2 * len(text) + 20
        contained = set(words) <= set(_WORDS.findall(full.casefold()))
        return bool(full.strip()) and (not words or (more and (contained or _STUB.search(text) is not None)))

    def _related(self, part: Part) -> list[Part]:
        start = part.parameter("start").strip("<> ")
        children = part.children
        root = next((child for child in children if start and start in child.header.get("content-id")), children[0])
        found = self.texts(root)
        for child in children:
            if child is not root and child.main in {"text", "multipart"}:
                found += self.texts(child)
            elif child is not root:
                self._file(child)
        return found

    def _first_and_files(self, part: Part) -> list[Part]:
        """What is signed or reported; the signature and the report itself are files."""
        found = self.texts(part.children[0])
        for child in part.children[1:]:
            if child.children:
                found += self.texts(child)
            else:
                self._file(child)
        return found

    def _envelope(self, part: Part) -> list[Part]:
        """S/MIME in one piece: signed content can be read, enciphered content cannot."""
        inner = smime.signed_content(part.content)
        self._file(part)
        if inner is None:
            self.sealed = True
            return []
        return self.texts(tree(inner))

    # --- texts ------------------------------------------------------------------------------------------------------------------------------

    def _joined(self, parts: Iterable[Part]) -> str:
        return "\n\n".join(filter(None, (self.text_of(part).strip("\n") for part in parts)))

    def text_of(self, part: Part) -> str:
        """One part's text in plain words."""
        data = part.content
        declared = part.parameter("charset")
        if part.type == "text/html" and not declared and (meta := _META.search(data[:5_000])) is not None:
            declared = meta[1].decode("ascii", "replace")
        decoded = decode(data, declared)
        if decoded.trouble:
            self.troubles[f"charset: {decoded.trouble}"] = None
        return self._plain(part, clean(decoded.text))

    def _plain(self, part: Part, text: str) -> str:
        if part.type == "text/html" or _MARKUP_AT_START.match(text):
            if len(text) > html.HTML_AT_MOST:
                self.files.put(text.encode(), "text/html", "full-text.html")
                self.troubles[f"its HTML has {len(text)} characters; the whole is in the file full-text.html"] = None
            return html.as_text(text)
        if part.type in {"text/enriched", "text/richtext"}:
            return _ENRICHED.sub(lambda found: "<" if found[0] == "<<" else "", text)
        if part.type == "text/plain" and part.parameter("format").lower() == "flowed":
            return unflow(text, delete_space=part.parameter("delsp").lower() == "yes")
        return text

    def _instead(self, root: Part) -> str:
        """What stands for the text of a mail without one: a forwarded mail's, a calendar's line, a text file's, what lies outside of the parts."""
        forwarded = "\n\n".join(self._forwarded(part) for part in self.forwards[:_FORWARDS_AT_MOST])
        if forwarded.strip():
            return forwarded
        calendar = "\n".join(filter(None, map(_summary, self.calendars[:_FORWARDS_AT_MOST])))
        if calendar:
            return calendar
        return self._joined(self.named[:_FORWARDS_AT_MOST]) or self._joined(
            Part(root.header.bare(), around) for around in root.around if around.strip()
        )

    def _forwarded(self, part: Part) -> str:
        """A mail in the mail: who wrote it, and what; of one in that one again, to a bounded depth."""
        if self.depth >= _FORWARDS_AT_MOST:
            return ""
        root = tree(part.content)
        inner = Reader(MailLimits(attachments=0), self.depth + 1)
        found = ((name, one_line(unencoded(root.header.get(name.lower())))) for name in ("From", "Date", "Subject"))
        head = [f"{name}: {value}" for name, value in found if value]
        text = inner.read(root)
        return "\n".join(("---------- Forwarded message ----------", *head, "", text)) if text or head else ""


def _is_plain(part: Part) -> bool:
    return part.type == "text/plain"


def _subject_of(part: Part) -> str:
    """The subject of a forwarded mail."""
    return one_line(unencoded(split(part.content[:HEADER_AT_MOST])[0].get("subject")))[:80]


def _summary(part: Part) -> str:
    """A calendar's event on one line."""
    text = clean(decode(part.content[:50_000], part.parameter("charset") or "utf-8").text)
    unfolded = text.replace("\n ", "").replace("\n\t", "")
    event = _EVENT.search(unfolded)  # the rules of time zones before it have dates too, of 1601
    lines = (event[1] if event else unfolded).split("\n")[:500]
    fields: dict[str, str] = {}
    for name, colon, value in (line.partition(":") for line in lines):
        fields.setdefault(name.partition(";")[0].upper() if colon else "", value.strip())
    starts = _MOMENT.sub(_readable, fields.get("DTSTART", ""))
    told = [_unescaped(fields.get("SUMMARY", "")), starts, _unescaped(fields.get("LOCATION", ""))]
    return f"(Календарь / Calendar: {one_line(', '.join(filter(None, told)))[:300]})" if any(told) else ""


def _readable(found: re.Match[str]) -> str:
    day, time = "-".join(found.group(1, 2, 3)), f" {found[4]}:{found[5]}" if found[4] else ""
    return f"{day}{time}{' UTC' if found[6] else ''}"


def _unescaped(value: str) -> str:
    return value.replace("\\,", ",").replace("\\n", " ")
