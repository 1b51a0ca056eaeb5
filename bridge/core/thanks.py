"""Notes that only thank or confirm (`follow_up.no_term`, T10): they start no new term.

A note that is taken for thanks by mistake is a question that nobody answers; one that is taken for a question costs a glance. So every word
has to be accounted for, and whatever casts doubt (a question mark, «но», "still") decides against.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from bridge.core.text import MAX_CHARS, Token, has_words, strip_quotes, tokenize
from bridge.core.words import is_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bridge.core.word_index import WordIndex


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DOUBT: Final = _set(
    "а не но однако еще только кроме опять снова хотя если когда как почему зачем "
    "not but still however yet again though although except unless if when how why"
)
_FILLER: Final = _set(
    "и я мы вам вас вы за то это этот весь все теперь уже очень огромный большой оперативный быстрый подробный полный помощь ответ информация "
    "разъяснение консультация содействие совет подсказка рекомендация поддержка участие внимание наш ваш ну да вот так в на по с со у "
    "день добрый здравствовать здравствуйте привет приветствовать утро вечер коллега уважать уважаемый "
    "and i we you your our my me us it this that the a an be have for so very much lot lots now already all really quick prompt fast "
    "detailed help answer reply response information info support advice assistance time explanation team everyone everything with "
    "hi hello dear good morning afternoon evening day colleague colleagues"
)
_ADDRESSING: Final = _set("hi hello dear уважаемый уважаемая")
_COURTESY: Final = _set("you very much so lot")
_SIGNATURE: Final = re.compile(
    r"\b(?:с уважением|(?:best|kind|warm) regards)\b|^[^\S\n]*(?:--[^\S\n]*$|—[^\S\n]*$|с наилучшими пожеланиями|с благодарностью|всего доброго|всего хорошего|хорошего дня|"
    r"best wishes|regards\b|sincerely|yours|cheers,|have a (?:nice|good)|"
    r"отправлено (?:с|из)\b|sent from\b)",
    re.IGNORECASE | re.MULTILINE,
)
_AFTERWORD: Final = re.compile(r"[?？]|\bp\.? ?s\b|\bз\.? ?ы\b|\bпостскриптум", re.IGNORECASE)
_SIGNATURE_LINES: Final = 8
_SIGNATURE_CHARS: Final = 400
_CAPITALISED: Final = re.compile("[A-Z][a-z]+|[А-ЯЁ][а-яё]+")


def is_only(text: str, index: WordIndex, patterns: Iterable[str] | None = None) -> bool:
    """Does the text consist of nothing but what the patterns (all of the index, if not given) say?

    Quotations, greeting, signature and names of people are left out; each other word has to belong to a hit of a pattern, and at least one
    has to. A question mark, a doubt such as «не», «но», "but", "still", or a text too long to be read in full make it False.
    """
    own = strip_quotes(text)
    if len(own) > MAX_CHARS or _AFTERWORD.search(own) or not has_words(own):
        return False
    own = without_signature(own)
    spans = index.covered(own, None if patterns is None else frozenset(patterns))
    return bool(spans) and _all_accounted(tokenize(own), _merged(spans))


def without_signature(text: str) -> str:
    """The text before its signature («С уважением, …», ``--``, "Sent from my…"), if what follows is short enough to be one."""
    for match in _SIGNATURE.finditer(text):
        rest = text[match.start() :]
        if match.start() and len(rest) <= _SIGNATURE_CHARS and rest.strip().count("\n") < _SIGNATURE_LINES:
            return text[: match.start()].rstrip()
    return text


def _merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _all_accounted(tokens: tuple[Token, ...], spans: list[tuple[int, int]]) -> bool:
    starts = [start for start, _ in spans]
    addressed = False
    for token in tokens:
        at = bisect_right(starts, token.start) - 1
        covered = at >= 0 and token.end <= spans[at][1]
        named = _name(token, addressed=addressed and not token.breaks)
        if _DOUBT.intersection(token.keys) or not (covered or named or not _FILLER.isdisjoint(token.keys)):
            return False
        addressed = covered or token.word in _ADDRESSING or (addressed and token.word in _COURTESY)
    return True


def _name(token: Token, *, addressed: bool) -> bool:
    """A person's name: known as one, or a capitalised foreign word right after thanks or a greeting."""
    if not _CAPITALISED.fullmatch(token.text):
        return False
    return is_name(token.word) or (addressed and token.text.isascii())
