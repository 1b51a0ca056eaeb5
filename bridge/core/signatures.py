"""What stands under the words of a mail: signature, "Sent from my phone", a lawyer's banner; and the gateway's banner above them.

A line is taken for one of these only by its whole shape, so that words that merely sound alike stay. Regular expressions see bounded lines.
"""

from __future__ import annotations

import re
from typing import Final

LONGEST_LINE: Final = 1_000
"""A line that is longer is prose or data, and is not looked at."""
_LOOKED_AT: Final = 80
_SIGNATURE_LINES: Final = 16
_LOOSE_LINES: Final = 8
_SIGNATURE_LINE: Final = 160
_BANNER_AT_TOP: Final = 600

_SENT_FROM: Final = re.compile(
    r"(?:--\s{0,3})?(?:"
    r"(?:отправлено|послано|написано) (?:с|со|из|через|при помощи) (?:мо[еи]\w{1,3} |устройства |моб\w{1,10} )?\S{1,40}(?: \S{1,40}){0,7}"
    r"|sent (?:from|via|with|using) (?:my |the |a |an )?\S{1,40}(?: \S{1,40}){0,7}"
    r"|(?:get|download) (?:the )?\[?(?:outlook|bluemail|spark|yahoo mail)\b.{0,120}"
    r"|(?:получите|скачайте|загрузите) (?:outlook|приложение|bluemail)\b.{0,120}"
    r"|von meinem (?:\S{1,40} ){1,4}gesendet|gesendet (?:von|mit) \S{1,40}(?: \S{1,40}){0,5}|envoyé de(?:puis)? mon \S{1,40}(?: \S{1,40}){0,3}"
    r"|простите за (?:краткость|опечатки).{0,80}|извините за краткость.{0,80}"
    r")[.!]?",
    re.IGNORECASE,
)
_DEVICE: Final = re.compile(
    r"i-?phone|i-?pad|android|samsung|galaxy|huawei|honor|xiaomi|redmi|nokia|blackberry|windows|почт|mail|яндекс|yandex|gmail|outlook|смартфон|"
    r"телефон|планшет|мобильн|phone|mobile|tablet|device|устройств|thunderbird|rambler|proton|myoffice|мойофис|р7|bluemail|spark|handy|app\b|краткость|опечатки",
    re.IGNORECASE,
)
_STRICT_LINE: Final = re.compile(r"--\s{0,3}")
_LOOSE_LINE: Final = re.compile(r"(?:—|–|-{3,80}|_{2,80}|={3,80}|\*{3,80}|~{3,80}|\.{5,80})\s{0,3}")
_CONTACT: Final = re.compile(
    r"(?:\+7|\b8)[\s(-]{0,2}\d{3}|\bтел\b|телефон|\bмоб\b|\bphone|\btel\b|\bmobile|\bfax|факс|@|www\.|https?:|с уважением|regards|директор|инженер|"
    r"менеджер|manager|engineer|\bооо\b|\bоао\b|\bпао\b|\bзао\b|\bао\b|\bltd\b|\binc\b|\bllc\b|\bgmbh\b|\+\d{1,3}[\s(-]",
    re.IGNORECASE,
)
_CLOSING: Final = re.compile(
    r"(?:--\s{0,3})?(?:"
    r"(?:заранее (?:спасибо|благодар\w{1,4})(?: и |,\s?))?с (?:глубоким |искренним |большим )?(?:уважением|ув\.|наилучшими пожеланиями|почтением)(?: и (?:наилучшими|"
    r"добрыми|надеждой|благодарностью|пожеланиями)[^.?!]{0,60})?"
    r"|всего (?:доброго|хорошего|наилучшего)|(?:искренне )?ваш[аи]?|(?:with )?(?:best|kind|warm|kindest|warmest) (?:regards|wishes)|best|regards|rgds|br"
    r"|(?:yours )?(?:sincerely|faithfully|truly|cordially)(?: yours)?|respectfully|cheers|mit freundlichen grüßen|mfg|cordialement"
    r")(?P<rest>[\s,.!:;—–-]{0,5}.{0,100})",
    re.IGNORECASE,
)
_ALONE: Final = re.compile(r"ваш[аи]?|best|br|cheers|regards|mfg|всего (?:доброго|хорошего|наилучшего)", re.IGNORECASE)
_NAME: Final = re.compile(
    r"[\s,.!:;—–-]{0,5}(?:(?:[A-ZА-ЯЁ][\w.'’-]{0,40}|и|and|команда|team|отдел|the|[а-яё]{1,3}\.)[\s,./|]{0,3}){0,9}"
)
_PERSON: Final = re.compile(r"(?:[«\"(]?[A-ZА-ЯЁ][\w.'’«»\"()-]{0,40}[\s,/|–—-]{0,4}){2,6}(?:[,/|(–—-].{0,60})?")
_FEW_WORDS, _MANY_WORDS = 3, 9
_INITIAL: Final = re.compile(r"\b[A-ZА-ЯЁ]\.$")
_SMALL: Final = re.compile(r"\b[a-zа-яё]{4}")
_LISTED: Final = re.compile(r"\d{1,2}[.)]\s{1,3}\w")
_PLACE: Final = re.compile(
    r"(?:^|[\s,])(?:г|ул|пр|пр-т|наб|пер|д|стр|корп|обл|оф|доб|вн|st|str|ave|rd)\.|офис|\d{6}|[|•·]", re.IGNORECASE
)
_AFTERWORD: Final = re.compile(r"\s{0,3}(?:p\.?\s?p?\.?\s?s\b|з\.?\s?ы\b|постскриптум|upd\b)", re.IGNORECASE)

_BANNER: Final = re.compile(
    r"(?:caution|warning|attention|external|внимание|осторожно)\W{1,4}.{0,80}(?:(?:external|outside).{0,40}(?:e-?mail|message|sender|source|organi[sz]ation|company)"
    r"|(?:e-?mail|message|sender)\b.{0,60}(?:external|outside)|(?:внешн|сторонн)\w{1,4} (?:письм|почт|сообщ|отправит|источн|адрес|электрон|организац|домен)"
    r"|(?:письм|сообщен|отправит|почт)\w{0,8}.{0,60}(?:внешн|за пределами|сторонн))"
    r"|\[?(?:external(?: e-?mail)?|внешн(?:ее|яя) (?:письмо|почта|сообщение))\]?[.:!]?$"
    r"|(?:это |данное )?(?:письмо|сообщение) (?:получено|пришло|отправлено) (?:от |из |с )?внешн"
    r"|(?:this|the) (?:e-?mail|message) (?:originated|came|was sent|is) (?:from )?(?:an? )?(?:external|outside)"
    r"|you don't often get email from",
    re.IGNORECASE,
)
_DISCLAIMER: Final = re.compile(
    r"(?:[\s*_-]{0,10})(?:disclaimer|confidentiality notice|уведомление о конфиденциальности|юридическое уведомление|legal notice)\b\W"
    r"|[\s*_-]{0,10}(?:confidentiality|конфиденциальность)\b.{0,300}(?:\bmessage|\be-?mail|recipient|сообщени|письм|получател|адресат)"
    r"|.{0,80}\b(?:this|the) (?:e-?mail|message|communication|information)\b.{0,200}\b(?:confidential|privileged|intended (?:only|solely|for)|intended recipient)"
    r"|.{0,40}\bif you (?:are not|have received)\b.{0,80}\b(?:intended|recipient|addressee|in error|by mistake)"
    r"|.{0,80}(?:сообщени|письм|информаци)\w{0,4}.{0,200}(?:конфиденциальн|предназначен\w{1,4} (?:исключительно|только|адресату)|для использования (?:только )?адресат)"
    r"|.{0,40}если вы (?:не являетесь|получили).{0,100}(?:адресат|получател|по ошибке|ошибочно)"
    r"|please (?:consider|think) .{0,40}(?:environment|before printing)|(?:подумайте|берегите|прежде чем|перед тем как) .{0,60}(?:печат|природ|окружающ|экологи)"
    r"|virus-free\.|без вирусов\.|(?:это сообщение|письмо|данное сообщение|this e-?mail) .{0,40}(?:провер\w{1,6} на (?:наличие )?вирус|checked for viruses|scanned)",
    re.IGNORECASE,
)


def stripped(text: str) -> str:
    """The text without signature and banners; where nothing would be left, as it was."""
    lines = _without_top_banner(text.split("\n"))
    lines = [line for line in _without_disclaimers(lines) if not _is_sent_from(line)]
    lines = _without_signature(lines)
    return "\n".join(lines).strip("\n")


def _is_sent_from(line: str) -> bool:
    short = line.strip()
    return (
        len(short) <= _SIGNATURE_LINE and _SENT_FROM.fullmatch(short) is not None and _DEVICE.search(short) is not None
    )


def _without_top_banner(lines: list[str]) -> list[str]:
    """Drop the first paragraph where a gateway warns of mail from outside."""
    start = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    end = next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    if start == end or sum(map(len, lines[start:end])) > _BANNER_AT_TOP:
        return lines
    return lines[end:] if _BANNER.match(lines[start].strip()[:LONGEST_LINE]) else lines


def _without_disclaimers(lines: list[str]) -> list[str]:
    """Drop paragraphs at the end that lawyers, environmentalists or virus scanners have added."""
    while True:
        end = len(lines)
        while end and not lines[end - 1].strip():
            end -= 1
        start = end
        while start and lines[start - 1].strip():
            start -= 1
        at = next((i for i in range(start, end) if _starts_disclaimer(lines, i)), None)
        if at is None or not any(line.strip() for line in lines[:at]):
            return lines
        lines = lines[:at]


def _starts_disclaimer(lines: list[str], at: int) -> bool:
    joined = " ".join(line.strip() for line in lines[at : at + 4])[:LONGEST_LINE]
    return _DISCLAIMER.match(joined) is not None and "?" not in joined


def _without_signature(lines: list[str]) -> list[str]:
    for i in range(max(1, len(lines) - _LOOKED_AT), len(lines)):
        if len(lines[i]) <= _SIGNATURE_LINE and _begins_signature(
            lines[i].strip(), lines[i + 1 :], is_standard=lines[i] == "-- "
        ):
            return [*lines[:i], *_afterword(lines[i + 1 :])]
    return lines


def _begins_signature(line: str, rest: list[str], *, is_standard: bool) -> bool:
    if not any(one.fullmatch(line) for one in (_STRICT_LINE, _LOOSE_LINE, _CLOSING)):
        return False
    shown = [one for one in _before_afterword(rest) if one.strip()]
    if len(shown) > _SIGNATURE_LINES or any(
        len(one) > _SIGNATURE_LINE or one.lstrip().startswith(">") for one in shown
    ):
        return False
    if any(one.rstrip().endswith("?") for one in shown):
        return False
    if _STRICT_LINE.fullmatch(line):
        return not shown or is_standard or _is_like_card(shown[0].strip())
    if _LOOSE_LINE.fullmatch(line):
        return 0 < len(shown) <= _LOOSE_LINES and _is_card([one.strip() for one in shown])
    return _is_closing(line, shown)


def _is_like_card(first: str) -> bool:
    """Whether a signature without its proper mark can begin so: with a closing, a name, a few words or a way to reach somebody."""
    if _CLOSING.fullmatch(first) or _CONTACT.search(first):
        return True
    says = _is_own(first) or (first.endswith((".", "!", ":")) and _INITIAL.search(first) is None)
    return not says and (len(first.split()) <= _FEW_WORDS or _PERSON.fullmatch(first) is not None)


def _is_card(shown: list[str]) -> bool:
    """Whether it is a name, or a closing with one, and how to reach it: people put rules above logs, addresses and paragraphs, too."""
    begins = _CLOSING.fullmatch(shown[0]) is not None or _PERSON.fullmatch(shown[0]) is not None
    return begins and any(map(_CONTACT.search, shown)) and not any(_is_own(one) or _is_long(one) for one in shown)


def _is_long(line: str) -> bool:
    return len(line.split()) > 2 * _FEW_WORDS - 1 and _CONTACT.search(line) is None and _PLACE.search(line) is None


def _is_closing(line: str, shown: list[str]) -> bool:
    found = _CLOSING.fullmatch(line)
    if found is None or _NAME.fullmatch(found["rest"]) is None:
        return False
    weak = _ALONE.fullmatch(line[: found.start("rest")].strip(" -,.!"))
    if not weak:
        return True
    named = not shown or not shown[0].strip()[:1].islower()
    return named and len(shown) <= _LOOSE_LINES and not any(_is_prose(one) for one in shown)


def _is_prose(line: str) -> bool:
    return line.rstrip().endswith((".", ":", ";")) and len(line.split()) > 6


def _before_afterword(rest: list[str]) -> list[str]:
    at = next((i for i, line in enumerate(rest) if _AFTERWORD.match(line) or (i and _is_own(line))), len(rest))
    return rest[:at]


def _is_own(line: str) -> bool:
    """Whether a line below a closing says something, as when something came to mind after it: a sentence that is no title and no address."""
    short = line.strip()
    if (
        _CONTACT.search(short)
        or _PLACE.search(short)
        or short.startswith(">")
        or _DISCLAIMER.match(short[:LONGEST_LINE])
    ):
        return False
    words = len(short.split())
    ends = short.endswith((".", "!", ":", ";")) and _SMALL.search(short) is not None
    return words >= _MANY_WORDS or (words >= _FEW_WORDS and ends) or _LISTED.match(short) is not None


def _afterword(rest: list[str]) -> list[str]:
    """«P.S.» below a signature is the writer's own again."""
    kept = rest[len(_before_afterword(rest)) :]
    return ["", *kept] if kept else []
