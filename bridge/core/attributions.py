"""Lines that introduce a quotation: «23 ноября 2026 г., 10:15, Иван <…> написал:», "On … wrote:", «Вы писали …», also broken over lines."""

from __future__ import annotations

import re
from typing import Final

_MONTH: Final = "янв|фев|мар|апр|ма[йя]|июн|июл|авг|сен|окт|ноя|дек|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|janv|févr|juin|juil|août|déc"
_DAY: Final = (
    rf"(?:\d{{1,2}}[./]\d{{1,2}}[./]\d{{2,4}}|\d{{4}}[-./]\d{{1,2}}[-./]\d{{1,2}}|"
    rf"\d{{1,2}}(?:st|nd|rd|th)?\.?[\s-](?:{_MONTH})\w{{0,8}}\.?,?[\s-]\d{{2,4}}|(?:{_MONTH})\w{{0,8}}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_DATE: Final = re.compile(rf"{_DAY}|\d{{1,2}}:\d\d", re.IGNORECASE)
_WEEKDAY: Final = r"(?:пн|вт|ср|чт|пт|сб|вс|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|mon|tue|wed|thu|fri|sat|sun)\w{0,6}\.?,? "
_ADDRESS: Final = re.compile(r"[^\s<>@,;:\"]{1,64}@[^\s<>@,;:\"]{1,255}")
_VERB: Final = (
    r"(?:пишет|пиш[еу]те|писал(?:а|и|\(а\))?|написал(?:а|и|\(а\))?|сообщил(?:а|\(а\))?|wrote|writes|said|schrieb|a écrit|escribió|ha scritto|skrev"
    r"|napisał\(?a?\)?)"
)
_ENDS_IN_VERB: Final = re.compile(rf"[\s,>»\")\]]{_VERB}\s?:$", re.IGNORECASE)
_ENDS_IN_ADDRESS: Final = re.compile(r"@[^\s<>@]{1,255}[>\])]{0,3}\s?:$")
_SHAPE: Final = re.compile(
    rf"(?:on|am|le|el|il|em|op|den)\b[^:].{{1,300}}\b{_VERB}\b.{{0,100}}:|(?:вы писали|you wrote)\b.{{1,100}}:|"
    r"(?:в письме|в сообщении|сообщение|письмо) от\b.{1,300}:|.{1,200},? you wrote:",
    re.IGNORECASE,
)
_START: Final = re.compile(
    rf"(?:{_WEEKDAY})?{_DAY}|[«\"']?(?-i:[A-ZА-ЯЁ])[^<>@\n]{{0,80}}<[^<>\s]{{1,200}}>", re.IGNORECASE
)
_NAMED: Final = re.compile(
    rf"(?:{_WEEKDAY})?{_DAY}.{{0,30}}?\d{{1,2}}:\d\d.{{0,20}}?[\s,](?:(?-i:[A-ZА-ЯЁ])[\w.-]{{0,40}}[\s,]{{1,3}}){{2,4}}{_VERB}\s?:",
    re.IGNORECASE,
)
_MOMENT: Final = re.compile(rf"{_DAY}.{{0,40}}?\b\d{{1,2}}:\d\d", re.IGNORECASE)
_BRACKETED: Final = re.compile(r"<[^\s<>@]{1,64}@[^\s<>@]{1,255}>")
LINES_AT_MOST: Final = 4
_CHARS_AT_MOST: Final = 400


def joined(lines: list[str]) -> str:
    """Lines as one, as they were before a mail program broke them."""
    return " ".join(" ".join(lines)[: 2 * _CHARS_AT_MOST].split())


def introduces(lines: list[str]) -> bool:
    """Whether these lines above a quotation marked by `>` do nothing but tell whose it is."""
    line = joined(lines)
    if not line.endswith(":") or len(line) > _CHARS_AT_MOST:
        return False
    shaped = _SHAPE.fullmatch(line) is not None or _START.match(line) is not None
    if len(lines) > 1 and not shaped:
        return False
    return shaped or any(one.search(line) for one in (_DATE, _ADDRESS, _ENDS_IN_VERB))


def surely_introduces(lines: list[str], *, reply: bool) -> bool:
    """Whether these lines introduce a quotation even though nothing marks what follows: whose it is and when, in a mail program's own order.

    People retell with a day alone, and with an address alone: «В письме от 23.11.2026 ваш менеджер сообщил:».
    """
    line = joined(lines)
    if not line.endswith(":") or len(line) > _CHARS_AT_MOST:
        return False
    if len(lines) > 1 and _SHAPE.fullmatch(line) is None and _START.match(line) is None:
        return False
    timed = _MOMENT.search(line) is not None
    if _ADDRESS.search(line) is None:
        return timed and (_NAMED.fullmatch(line) is not None or (reply and _SHAPE.fullmatch(line) is not None))
    return (timed or (reply and _BRACKETED.search(line) is not None)) and _ends_as_introduction(line)


def _ends_as_introduction(line: str) -> bool:
    return any(one.search(line) for one in (_ENDS_IN_ADDRESS, _ENDS_IN_VERB)) or _SHAPE.fullmatch(line) is not None
