"""The writer's own words in a mail: without what is quoted, without signature and banners.

What somebody wrote must never be lost, what is quoted may stay: an original without marks is cut only where its introduction leaves no doubt.
Regular expressions see bounded lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bridge.core import signatures
from bridge.core.attributions import LINES_AT_MOST, introduces, surely_introduces
from bridge.core.signatures import LONGEST_LINE

_ORIGINAL: Final = re.compile(
    r"[\s>]{0,4}[-_=*]{2,40}\s?(?:original (?:message|appointment)|исходное (?:сообщение|письмо)|исходная встреча|оригинальное сообщение|первоначальное сообщение|"
    r"reply message|ursprüngliche nachricht|original-nachricht|message d'origine|mensaje original|messaggio originale)\s?[-_=*]{2,40}\s{0,4}:?\s{0,4}"
    r"|[\s>]{0,4}-{2,20}\s?.{1,100}\b(?:wrote|писал|написал|пишет)(?:\(а\)|а)?:?\s?-{2,20}\s{0,4}"
    r"|\s{0,3}>{3}\s.{1,200}\d[:.]\d\d\b.{0,20}\s>{3}\s{0,3}",
    re.IGNORECASE,
)
_FORWARD: Final = re.compile(
    r"\s{0,4}[-_=*]{2,40}\s?(?:forwarded (?:message|by)|пере(?:сылаемое|сланное|направленное|адресованное) (?:сообщение|письмо)|конец пересылаемого|"
    r"weitergeleitete nachricht|message transféré|forwarded mail).{0,120}"
    r"|\s{0,4}(?:begin forwarded message|начало (?:пере(?:адресованного|сланного|сылаемого|направленного)) (?:сообщения|письма))\s?:?\s{0,4}",
    re.IGNORECASE,
)
_HEADER: Final = re.compile(
    r"\s{0,8}\*{0,2}(?:(?P<who>от|от кого|отправитель|from|von|de|від)|(?P<to>кому|to|an|à|para)|(?P<when>дата|отправлено|послано|date|sent|gesendet|datum|envoyé)"
    r"|(?P<what>тема|subject|betreff|objet|asunto)|(?P<more>копия|скрытая копия|cc|bcc|важность|importance|приоритет|вложения|attachments|reply-to|organization))"
    r"\s?\*{0,2}\s?:\*{0,2}(?:\s.{0,900})?",
    re.IGNORECASE,
)
_RULE: Final = re.compile(r"\s{0,8}(?:_{5,200}|-{5,200}|={5,200}|\*{5,200})\s{0,8}")
_MARKED: Final = re.compile(r"\s{0,3}>")
_INITIALS: Final = re.compile(r"\s{0,3}(?!SQL>|PS>|FTP>|C>)[A-ZА-ЯЁ][A-ZА-ЯЁa-zа-яё]{0,3}>{1,9}(?:\s|$)")
_NUMBERED: Final = re.compile(r"\s{0,3}(?:\d{1,2}\s?[.)]|[-*•])\s")
_BELOW: Final = re.compile(
    r"\b(?:ниже|в тексте|по тексту|в (?:вашем|твоем|твоём) письме|(?:красным|синим|зел[её]ным|жирным|цветом)|below|in-?line|in (?:red|blue|green|bold|the text|your (?:e-?mail|mail|text)))\b",
    re.IGNORECASE,
)
_SAID_LINES: Final = 3
_WINDOW: Final = 10
_QUESTION_LINES: Final = 4
_MARK: Final = re.compile(r"\s{0,3}(?:[^\W\d_]{0,4}>\s?){1,9}")
_FROM: Final = ">From "
_EMPTY_LINES: Final = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class Cut:
    """The writer's own words, and whether something was cut to get them."""

    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines one after the other that are all quoted, or none of them."""

    quoted: bool
    lines: list[str]

    @property
    def speaks(self) -> bool:
        """Whether there are words of one's own in it, a signature being none."""
        return not self.quoted and has_own(signatures.stripped("\n".join(("", *self.lines))))


def has_own(text: str) -> bool:
    """Whether anything is said: a letter or a digit outside quotations."""
    return any(any(map(str.isalnum, line)) for line in text.split("\n") if not _is_marked(line))


def cut(text: str, *, forwarded: bool = False, reply: bool = True) -> Cut:
    """The text without quotations, signature and banners; a forwarded text is the writer's message and stays.

    Where answers stand between quoted questions, the questions stay above them. Where nothing of one's own would be left, all stays.
    In what is no `reply` only a mail program's own introduction, with address or name, day and time, makes a quotation: logs have marks and headers, too.
    """
    lines = _unescaped(text.strip("\n").split("\n"))
    whole = "\n".join(lines)
    end = len(lines) if forwarded else _original_from(lines, reply=reply)
    if forwarded or any(_matches(_FORWARD, line) for line in lines[:end]) or _is_all_original(lines):
        return Cut(whole, cut=False)
    kept = signatures.stripped("\n".join(_compose(_blocks(lines[:end], reply=reply))))
    kept = _EMPTY_LINES.sub("\n\n", "\n".join(line.rstrip() for line in kept.split("\n"))).strip("\n")
    if not has_own(kept):
        return Cut(whole, cut=False)
    return Cut(kept, cut="".join(kept.split()) != "".join(whole.split()))


def _unescaped(lines: list[str]) -> list[str]:
    """Lines as they were before a mailbox file marked those that begin with "From "; not among lines that are marked otherwise."""
    if not all(line.startswith(_FROM) for line in lines if _is_marked(line)):
        return lines
    return [line[1:] if line.startswith(_FROM) else line for line in lines]


def _matches(pattern: re.Pattern[str], line: str) -> bool:
    return len(line) <= LONGEST_LINE and pattern.fullmatch(line) is not None


# --- where an original without marks begins -------------------------------------------------------------------------------------------------


def _is_all_original(lines: list[str]) -> bool:
    """Whether it begins with a block of headers: somebody else's mail passed on without a word, or answered below, which nothing marks."""
    first = next((i for i, line in enumerate(lines) if line.strip()), None)
    if first is None or _is_marked(lines[first]):
        return False
    return _matches(_ORIGINAL, lines[first]) or _is_header_block(lines, first)


def _original_from(lines: list[str], *, reply: bool) -> int:
    """From which line on all is the mail that is answered; the number of lines where there is no such place."""
    said = False
    for i, line in enumerate(lines):
        if said and line.strip() and _begins_original(lines, i, reply=reply):
            return len(lines) if _points_below(lines[:i]) or signatures.only_greets(lines[:i]) else i
        said = said or (not _is_marked(line) and any(map(str.isalnum, line)))
    return len(lines)


def _points_below(own: list[str]) -> bool:
    """Whether the words above an original speak of what is in it («мои ответы ниже красным», «пересылаю:»): then it is part of them."""
    said = [line.strip() for line in own if line.strip()][-_SAID_LINES:]
    return any(_BELOW.search(line[:LONGEST_LINE]) for line in said) or (
        said[-1].endswith(":") and signatures.GREETING.match(said[-1]) is None
    )


def _begins_original(lines: list[str], at: int, *, reply: bool) -> bool:
    if reply and (_matches(_ORIGINAL, lines[at]) or _is_header_block(lines, at, dated=True)):
        return True
    if reply and _matches(_RULE, lines[at]):
        following = next((i for i in range(at + 1, min(at + 3, len(lines))) if lines[i].strip()), None)
        return following is not None and _is_header_block(lines, following, dated=True)
    return any(_introduces_rest(lines, at, count, reply=reply) for count in range(1, LINES_AT_MOST + 1))


def _introduces_rest(lines: list[str], at: int, count: int, *, reply: bool) -> bool:
    group = lines[at : at + count]
    if not group[-1].rstrip().endswith(":") or not all(one.strip() for one in group):
        return False
    if not surely_introduces(group, reply=reply):
        return False
    following = next((line for line in lines[at + count : at + count + 4] if line.strip()), "")
    return not _is_marked(following) and _INITIALS.match(following) is None


def _is_header_block(lines: list[str], at: int, *, dated: bool = False) -> bool:
    """«От: … Дата: … Кому: … Тема: …»: at least three of them, From among them (and Date), with at most one empty line in between."""
    kinds: set[str] = set()
    empty = 0
    for line in lines[at : at + _WINDOW]:
        found = _HEADER.fullmatch(line) if len(line) <= LONGEST_LINE else None
        empty = 0 if line.strip() else empty + 1
        if (found is None and not kinds) or empty > 1:
            break
        if found is not None and found.lastgroup:
            kinds.add(found.lastgroup)
    return "who" in kinds and len(kinds) >= 3 and ("when" in kinds or not dated)


# --- marked quotations ----------------------------------------------------------------------------------------------------------------------


def _is_marked(line: str) -> bool:
    return _MARKED.match(line) is not None


def _blocks(lines: list[str], *, reply: bool) -> list[_Block]:
    """Own and quoted lines in turn; what introduces a quotation is left out."""
    blocks: list[_Block] = []
    for line, quoted in zip(lines, _marks(lines, reply=reply), strict=True):
        if quoted is None:
            continue
        if blocks and (blocks[-1].quoted == quoted or (blocks[-1].quoted and not line.strip())):
            blocks[-1].lines.append(line)
        else:
            blocks.append(_Block(quoted, [line]))
    return blocks


def _marks(lines: list[str], *, reply: bool) -> list[bool | None]:
    """For each line whether it is quoted; None for one that introduces a quotation."""
    marks: list[bool | None] = [_is_marked(line) for line in lines]
    by_initials = introduced = False
    for i, line in enumerate(lines):
        initials = not marks[i] and _INITIALS.match(line[:30]) is not None
        before = (
            _introduction(lines, marks, i, reply=reply)
            if (initials or marks[i]) and (i == 0 or not marks[i - 1])
            else range(0)
        )
        by_initials = by_initials or (initials and bool(before))
        introduced = introduced or bool(before)
        marks[i] = (marks[i] and (reply or introduced)) or (initials and by_initials)
        for j in before:
            marks[j] = None
    return marks


def _introduction(lines: list[str], marks: list[bool | None], at: int, *, reply: bool) -> range:
    """The lines before a quotation that introduce it: as many as go together."""
    end = at - 1 if at and not lines[at - 1].strip() else at
    longest = range(0)
    for count in range(1, min(LINES_AT_MOST, end) + 1):
        start = end - count
        if not lines[start].strip() or marks[start] is not False:
            break
        if introduces(lines[start:end]) if reply else surely_introduces(lines[start:end], reply=False):
            longest = range(start, end)
    return longest


def _compose(blocks: list[_Block]) -> Iterator[str]:
    """The own lines; of what is quoted only the questions that are answered in between."""
    speaking = [i for i, block in enumerate(blocks) if block.speaks]
    answered = {i for i in speaking if i and blocks[i - 1].quoted}
    for i, block in enumerate(blocks):
        if not block.quoted:
            yield from block.lines
        elif i + 1 in answered and (len(answered) > 1 or _asks(block)):
            yield from ("", *_question(block))


def _asks(block: _Block) -> bool:
    """Whether a quotation ends in a question or in an item of a list: then what stands below it is an answer to that."""
    question = _question(block)
    return any("?" in line for line in question) or any(_NUMBERED.match(_unmarked(line)) for line in question)


def _question(block: _Block) -> list[str]:
    """The end of a quotation: its last item or paragraph, as far as a reader needs it."""
    lines = [line for line in block.lines if line.strip()]
    while lines and not _unmarked(lines[-1]).strip():
        lines.pop()
    start = next((i + 1 for i in reversed(range(len(lines))) if not _unmarked(lines[i]).strip()), 0)
    paragraph = lines[start:]
    item = next((i for i in reversed(range(len(paragraph))) if _NUMBERED.match(_unmarked(paragraph[i]))), None)
    if item is None:
        return paragraph[-2:] if len(paragraph) > _QUESTION_LINES else paragraph
    end = next((i for i in range(item, len(paragraph)) if "?" in paragraph[i]), item)
    return paragraph[item : min(end + 1, item + _QUESTION_LINES)]


def _unmarked(line: str) -> str:
    """A quoted line without its mark."""
    return line[found.end() :] if (found := _MARK.match(line)) else line
