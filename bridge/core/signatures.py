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
    r"(?:отправлено|послано|написано) (?:с|со|из|через|при помощи) (?!.{0,60}\bсервер)(?:мо[еи]\w{1,3} |устройства |моб\w{1,10} )?\S{1,40}(?: \S{1,40}){0,7}"
    r"|sent (?:from|via|with|using) (?:my |the |a |an )?\S{1,40}(?: \S{1,40}){0,7}"
    r"|(?:get|download) (?:the )?\[?(?:outlook|bluemail|spark|yahoo mail)\b.{0,120}"
    r"|(?:получите|скачайте|загрузите) (?:outlook|приложение|bluemail)\b.{0,120}"
    r"|(?:получить|скачать|загрузить) (?:outlook|bluemail) для (?:android|ios|iphone)\b.{0,80}"
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
_LABEL: Final = re.compile(r"\s{0,3}(?:[-*•]\s)?(?P<label>[^\W\d_][^:@]{2,60}):(?:\s|$)")
_CONTACT_LABEL: Final = re.compile(
    r"(?:раб|сот|моб|тел|юр|факт|исп|доб)\b|(?:рабоч|мобильн|сотов|городск|прям|контактн|юридическ|фактическ|почтов|электронн)\w{2} (?:тел|номер|адрес|почт)|телефоны?\b|факс\b|e-?mail\b|"
    r"mail\b|почта\b|сайт\b|адрес\b|skype|скайп|telegram|телеграм|whats|viber|max\s?$|инн\b|кпп\b|огрн|бик\b|р/с|к/с|исполнитель\b|должность\b|отдел\b|компания\b|организация\b|офис\s?$|"
    r"наши? (?:сайт|адрес|офис|телефон)|контакт|(?:режим|график|время|часы) работы|горячая|при[её]мная|секретарь|менеджер|директор|начальник|руководитель|phone|mobile|cell\b|tel\b|fax\b|"
    r"web\b|website\b|site\s?$|url\b|www|address|office\s?$|direct|ext\b|position|title|department|company|hours|contact|icq|wechat|linkedin|facebook|twitter|instagram|pgp|gpg|key\b|fingerprint",
    re.IGNORECASE,
)
_AMOUNT: Final = re.compile(
    r"\b\d{1,6}\s?(?:шт|штук|экз|лиценз|компл|мест\b|раб\. ?мест|рабочих|арм\b|пк\b|сервер|пользоват|компьют|pcs|pieces|seats?\b|licen|users?\b|units?\b|servers?\b|workst|computers?\b)",
    re.IGNORECASE,
)
_VERSION: Final = re.compile(
    r"\b[xх×*]\s?\d{1,6}\s{0,3}$|\bx86|\b\d{1,2}\.\d{1,2}(?![.\d-])|\b(?:aarch|amd|arm)64\b", re.IGNORECASE
)
_BANNER: Final = re.compile(
    r"(?:caution|warning|attention|external|important)\W{1,4}(?:(?:this|the) (?:e-?mail|message|sender) (?:(?:has|was|is|been|originate[sd]|came|comes|sent|received|from|an?|the)\s){1,5}"
    r"(?:external|outside)|(?:an? )?external (?:e-?mail|message|sender|source)\s{0,2}(?:[.!:)]|$))"
    r"|(?:внимание|осторожно)\W{1,4}(?:это |данное |настоящее |вы получили )?(?:электронное )?(?:(?:внешн|сторонн)\w{1,4} (?:письм|почт|сообщ|отправит|источн|адрес|электрон|домен)"
    r"|(?:письмо|сообщение|отправитель)(?: было)?(?: (?:получено|отправлено|пришло|поступило|направлено|находится|является))?(?: (?:от|из|с|извне|из-за))?.{0,20}"
    r"(?:внешн|пределов|за пределами|сторонн))"
    r"|\[?(?:external(?: e-?mail)?|внешн(?:ее|яя) (?:письмо|почта|сообщение))\]?[.:!]?$"
    r"|(?:это |данное )?(?:письмо|сообщение) (?:получено|пришло|отправлено) (?:от |из |с )?внешн"
    r"|this (?:e-?mail|message) (?:originated|came|was sent|is) (?:from )?(?:an? )?(?:external|outside)"
    r"|you don't often get email from",
    re.IGNORECASE,
)
_FAILS: Final = re.compile(
    r"\bне \w{2,20}(?:ет|ит|ют|ут|ят|ется|ится|ются|ятся)\b|\b(?:do|does|is|are|can)(?: ?not|n't) \w{0,20}(?:work|arriv|deliver|receiv|reach)",
    re.IGNORECASE,
)
_OPENS: Final = re.compile(
    r"(?:[\s*_-]{0,10}(?:disclaimer|confidentiality notice|уведомление о конфиденциальности|юридическое уведомление|legal notice)\W{1,10})?[^.!?:]{0,60}?"
    r"(?P<what>\b(?:this|these) (?:e-?mails?|messages?|communication|transmission)\b|\b(?:это|этом|этого|данное|данном|данного|настоящее|настоящем|настоящего|электронное)"
    r" (?:электронно\w{1,2} )?(?:письм|сообщени)|\bnot (?:the|an) (?:intended|named) (?:recipient|addressee)|\breceived (?:this|the (?:e-?mail|message)|it)\b"
    r"|не являетесь\b|получили\b)",
    re.IGNORECASE,
)
_NOTICE: Final = re.compile(
    r"\b(?:confidential|privileged)|\bintended (?:only|solely|exclusively|for)|конфиденциальн|предназначен|служебн\w{1,3} (?:информаци|тайн)|коммерческ\w{1,3} тайн",
    re.IGNORECASE,
)
_ADDRESSEE: Final = re.compile(
    r"(?:intended|exclusively|solely|only) .{0,60}\b(?:recipient|addressee|individual|entity|person)|(?:исключительно|только|предназначен\w{0,4}) .{0,60}(?:адресат|получател|лиц\w{0,3}, котор)",
    re.IGNORECASE,
)
_MISSENT: Final = re.compile(
    r"\bnot (?:the|an) (?:intended|named) (?:recipient|addressee)|\breceived (?:this|the|it)\b.{0,60}\b(?:in error|by mistake|erroneously)"
    r"|не являетесь .{0,60}(?:адресат|получател)|получили .{0,60}(?:по ошибке|ошибочно)|(?:по ошибке|ошибочно) получили",
    re.IGNORECASE,
)
_FORBIDS: Final = re.compile(
    r"\b(?:delete|destroy|prohibited|unauthori[sz]ed|disclos\w{1,6}|dissemination|copying|notify)\b|удалит|уничтож|запрещ|недопустим|распростран|разглаш|копирован|уведомит|(?:сообщите|поставьте) .{0,40}отправител",
    re.IGNORECASE,
)
_FEATURES: Final = (_NOTICE, _ADDRESSEE, _MISSENT, _FORBIDS)
_FEATURES_AT_LEAST: Final = 2
_DISCLAIMER_CHARS: Final = 2_000
_DISCLAIMER_LINES: Final = 30
_ADDED: Final = re.compile(
    r"[\s*_-]{0,10}(?:disclaimer|confidentiality notice|уведомление о конфиденциальности|юридическое уведомление|legal notice)[\s*_:.-]{0,10}$"
    r"|please (?:consider|think (?:about|of)) (?:the |our |your )?(?:environment|nature|trees|planet)\b|please .{0,40}before printing th(?:is|e) (?:e-?mail|message)"
    r"|(?:прежде,? чем|перед тем,? как|перед) .{0,20}печат.{0,60}(?:природ|окружающ|экологи|дерев|необходим|действительно)"
    r"|(?:пожалуйста, )?(?:подумайте|задумайтесь|берегите|позаботьтесь|сохраните)\b.{0,60}(?:природ|окружающ|экологи|дерев|лес\b|перед печатью)"
    r"|virus-free\.|без вирусов\.|(?:это |данное |настоящее )?(?:сообщение|письмо)(?: было)? проверено (?:на (?:наличие )?вирус\w{1,4}|антивирус\w{1,6})[^,?]{0,100}$"
    r"|this (?:e-?mail|message) (?:has been|was|is) (?:checked|scanned) (?:for viruses|by)\b",
    re.IGNORECASE,
)
GREETING: Final = re.compile(
    r"(?:здравств|добр|привет|уважаем|коллег|приветств|hi\b|hello|dear|good|hey)", re.IGNORECASE
)
_GREETING_CHARS: Final = 60


def stripped(text: str) -> str:
    """The text without signature and banners; where nothing would be left, as it was."""
    lines = _without_advertisement(_without_disclaimers(_without_top_banner(text.split("\n"))))
    lines = _without_advertisement(_without_signature(lines))
    return "\n".join(lines).strip("\n")


def only_greets(lines: list[str]) -> bool:
    """Whether nothing is said but «Здравствуйте!»: whoever wrote that wrote more, and somewhere else."""
    return all(
        len(line.strip()) <= _GREETING_CHARS
        and GREETING.match(line.strip()) is not None
        and _AMOUNT.search(line) is None
        for line in lines
        if line.strip()
    )


def _without_advertisement(lines: list[str]) -> list[str]:
    """Drop "Sent from my phone" at the end, unless words above announce it."""
    said = [i for i, line in enumerate(lines) if line.strip()]
    end = len(lines)
    while said and _is_sent_from(lines[said[-1]]) and not (len(said) > 1 and _announces(lines[said[-2]])):
        end = said.pop()
    return lines[:end]


def _announces(line: str) -> bool:
    return line.rstrip().endswith(":")


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
    if any(line.strip() for line in lines[end:]) and only_greets(lines[end:]):
        return lines
    warns = _BANNER.match(lines[start].strip()[:LONGEST_LINE]) and not _FAILS.search(" ".join(lines[start:end]))
    return lines[end:] if warns else lines


def _without_disclaimers(lines: list[str]) -> list[str]:
    """Drop paragraphs at the end that lawyers, environmentalists or virus scanners have added."""
    while True:
        end = len(lines)
        while end and not lines[end - 1].strip():
            end -= 1
        start = end
        while start and lines[start - 1].strip():
            start -= 1
        at = next((i for i in range(max(start, end - _LOOKED_AT), end) if _starts_disclaimer(lines, i, end)), None)
        if at is None or only_greets(lines[:at]):
            return lines
        lines = lines[:at]


def _starts_disclaimer(lines: list[str], at: int, end: int) -> bool:
    """Whether it has a disclaimer's shape from this line on: what the mail is, whom it is for, what others must do; two of these at least."""
    text = " ".join(line.strip() for line in lines[at : min(end, at + _DISCLAIMER_LINES)])[:_DISCLAIMER_CHARS]
    if "?" in text:
        return False
    if _ADDED.match(text):
        return True
    opens = _OPENS.match(text)
    if opens is None or opens.start("what") >= len(lines[at]):
        return False
    return _features(text) >= _FEATURES_AT_LEAST


def _features(text: str) -> int:
    return sum(one.search(text) is not None for one in _FEATURES)


def _without_signature(lines: list[str]) -> list[str]:
    for i in range(max(1, len(lines) - _LOOKED_AT), len(lines)):
        if len(lines[i]) <= _SIGNATURE_LINE:
            line, rest = lines[i], lines[i + 1 :]
            if _begins_signature(line.strip(), rest, is_standard=line == "-- ") and not _is_announced(lines, i):
                return [*lines[:i], *_afterword(rest)]
    return lines


def _is_announced(lines: list[str], at: int) -> bool:
    """Whether a drawn line stands below «Версии:»: then what is below the line is what was announced."""
    above = next((line for line in reversed(lines[:at]) if line.strip()), "")
    return _announces(above) and _CLOSING.fullmatch(lines[at].strip()) is None


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
    ends = _CONTACT.search(shown[-1]) is not None or _PLACE.search(shown[-1]) is not None
    return begins and ends and not any(_is_own(one) or _is_long(one) or _LOOSE_LINE.fullmatch(one) for one in shown)


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
    at = next((i for i, line in enumerate(rest) if _tells(line) or (i and _is_own(line))), len(rest))
    return rest[:at]


def _tells(line: str) -> bool:
    """Whether a line says what no signature does: an afterword, an answer with its label, how many of what."""
    if _AFTERWORD.match(line) or _AMOUNT.search(line):
        return True
    if _CONTACT.search(line) or _PLACE.search(line):
        return False
    labelled = None if line.rstrip().endswith("?") else _LABEL.match(line)
    return _VERSION.search(line) is not None or (labelled is not None and not _CONTACT_LABEL.match(labelled["label"]))


def _is_own(line: str) -> bool:
    """Whether a line below a closing says something, as when something came to mind after it: a sentence that is no title and no address."""
    short = line.strip()
    if _CONTACT.search(short) or _PLACE.search(short) or short.startswith(">") or _is_legal(short[:LONGEST_LINE]):
        return False
    words = len(short.split())
    ends = short.endswith((".", "!", ":", ";")) and _SMALL.search(short) is not None
    return words >= _MANY_WORDS or (words >= _FEW_WORDS and ends) or _LISTED.match(short) is not None


def _is_legal(line: str) -> bool:
    """Whether a line below a signature belongs to a disclaimer: there, one sign of it is enough."""
    return _ADDED.match(line) is not None or (_OPENS.match(line) is not None and _features(line) > 0)


def _afterword(rest: list[str]) -> list[str]:
    """«P.S.» below a signature is the writer's own again."""
    kept = rest[len(_before_afterword(rest)) :]
    return ["", *kept] if kept else []
