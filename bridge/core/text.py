"""What people wrote: its words, its language, and the part of it that is their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.core.model import Language
from bridge.core.words import Word, fold, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_CHARS: Final = 20_000
"""How much of a text is read; what lies beyond is not looked at."""
QUOTED: Final = (">", "bq. ", "&gt;")
"""How a quoted line begins, in Textile, in Markdown and as a mail program may have escaped it."""

_MARK: Final = "\u0300-\u036f\u00ad\u200b-\u200d\u2060"
_LETTER: Final = rf"[^\W_][{_MARK}]*"
_TOKEN: Final = re.compile(
    rf"(?<![^\W_])[cсCС](?:\+\+|\#)(?![^\W_])"  # C++, C#
    rf"|\d+(?:\.\d+)+"  # 10.2
    rf"|(?:{_LETTER})+(?:_+(?:{_LETTER})+)*(?:['’ʼ`](?:{_LETTER})+)?"  # x86_64, don't, КриптоПро
)
_LATIN: Final = re.compile("[A-Za-z]")
_CYRILLIC: Final = re.compile("[Ѐ-ӿ]")
_LETTERS: Final = re.compile(r"[^\W\d_]")
_PIECE: Final = re.compile("[^_]+")
_SENTENCE_END: Final = re.compile(r"[!?;]\s|[.…]\s*\n|[.…]\s+[^\W\d_a-zа-яё]|\n[^\S\n]*\n|\n\s*[-*•]\s|\n>")

_NOT: Final = {"dont": 2, "doesnt": 4, "didnt": 3, "isnt": 2, "wasnt": 3, "cant": 3, "couldnt": 5, "cannot": 3}
_SHORTENED: Final = {"m": "am", "re": "are", "ll": "will", "ve": "have", "d": "would"}
_CHANGED: Final = {"ca": "can", "wo": "will", "sha": "shall"}

_ATTRIBUTION: Final = re.compile(
    r".{1,120}\b(?:писал|пишет|написал|wrote|writes)(?:\(а\)|а)?(?: (?:в|in) #\S{1,20})?\s*:", re.IGNORECASE
)
_ORIGINAL: Final = re.compile(
    r"\s*[-_]{2,}\s*(?:original message|forwarded message|исходное сообщение|пересылаемое сообщение)\s*[-_]{2,}\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a text.

    `text` is it as written at `start:end`; `word` is folded, `lemma` its dictionary form, `keys` all it can be found by.
    `breaks` says that a sentence or a paragraph ended before it: phrases do not reach across.
    """

    text: str
    start: int
    end: int
    word: str
    lemma: str
    keys: tuple[str, ...]
    breaks: bool = False


def tokenize(text: str) -> tuple[Token, ...]:
    """The words of a text (its first `MAX_CHARS` characters), in order.

    Parts of a hyphenated word are words of their own («веб-сервер» is a phrase of two); ``x86_64``, ``10.2``, ``C++`` are one;
    ``doesn't`` is *does* and *not*.
    """
    tokens: list[Token] = []
    end = 0
    for start, stop, word in _pieces(text):
        breaks = start > end and bool(tokens) and _SENTENCE_END.search(text, end, min(start + 1, len(text))) is not None
        tokens.append(Token(text[start:stop], start, stop, word.text, word.lemma, word.keys, breaks))
        end = stop
    return tuple(tokens)


def _pieces(text: str) -> Iterator[tuple[int, int, Word]]:
    limit = len(text)
    if limit > MAX_CHARS:
        limit = MAX_CHARS
        while limit and text[limit - 1].isalnum() and text[limit].isalnum():  # no half word at the end
            limit -= 1
    for match in _TOKEN.finditer(text, 0, limit):
        raw, start, end = match[0], match.start(), match.end()
        word = word_of(raw)
        if raw.isalnum() and word.text not in _NOT:
            yield start, end, word
        else:
            yield from _split(raw, start)


def _split(raw: str, start: int) -> Iterator[tuple[int, int, Word]]:
    """The parts of a word with an apostrophe, an underscore between Russian letters, or a *not* grown onto it."""
    quote = re.search("['’ʼ`]", raw)
    if cut := _NOT.get(fold(raw)):
        yield start, start + cut, word_of(raw[:cut])
        yield start + cut, start + len(raw), word_of("not")
    elif quote:
        yield from _apostrophe(raw, start, quote.start())
    elif _LATIN.search(raw) or any(char.isdigit() for char in raw):
        yield start, start + len(raw), word_of(raw)
    else:
        for piece in _PIECE.finditer(raw):
            yield start + piece.start(), start + piece.end(), word_of(piece[0])


def _apostrophe(raw: str, start: int, at: int) -> Iterator[tuple[int, int, Word]]:
    head, tail = raw[:at], fold(raw[at + 1 :])
    end = start + len(raw)
    if tail == "t" and head[-1:] in "nN" and len(head) > 1:
        bare = fold(head[:-1])
        yield start, start + at - 1, word_of(_CHANGED.get(bare, bare))
        yield start + at - 1, end, word_of("not")
    elif tail == "s" or (_CYRILLIC.match(tail) and _LATIN.search(head)):  # partner's; Linux'ом
        yield start, start + at, word_of(head)
    else:
        yield start, start + at, word_of(head)
        yield start + at + 1, end, word_of(_SHORTENED.get(tail, raw[at + 1 :]))


def has_words(text: str) -> bool:
    """Did the writer say anything in words of their own (T10)? Emoji, punctuation, "+1" and quotations are none."""
    own = re.sub(r":[a-z0-9_+-]{1,40}:", " ", strip_quotes(text))
    return any(len(_LETTERS.findall(token.text)) > 1 and token.word != "xd" for token in tokenize(own))


def strip_quotes(text: str) -> str:
    """The text without quoted lines (``> …``, ``bq. …``), the lines that attribute them and a forwarded original; ``<pre>`` stays."""
    kept: list[str] = []
    in_pre = False
    for line in text.splitlines():
        if not in_pre and _ORIGINAL.fullmatch(line):
            break
        if not in_pre and line.lstrip().startswith(QUOTED):
            _drop_attribution(kept)
            continue
        kept.append(line)
        in_pre = _pre_open(line, in_pre=in_pre)
    return "\n".join(kept).strip()


def _drop_attribution(kept: list[str]) -> None:
    last = next((i for i in reversed(range(len(kept))) if kept[i].strip()), None)
    if last is not None and len(kept[last]) < 200 and _ATTRIBUTION.fullmatch(kept[last].strip()):
        del kept[last:]


def _pre_open(line: str, *, in_pre: bool) -> bool:
    opened, closed = line.lower().rfind("<pre"), line.lower().rfind("</pre")
    return in_pre if opened == closed else opened > closed


_HIDDEN: Final = re.compile(
    r"<pre\b.*?(?:</pre>|\Z)|```.*?(?:```|\Z)|\b(?:https?|ftp|ssh)://\S+|(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,255}",
    re.DOTALL | re.IGNORECASE,
)
_CODE: Final = re.compile(
    r"\s*(?:[$#>%] |\[|\d{2}:\d{2}|\d{4}-\d\d-\d\d|\w{3} +\d+ \d\d:\d\d|[\w./-]+: |/|(?:sudo|apt(?:-get)?|rpm|dnf|systemctl|"
    r"error|warning|fatal|traceback|e:|w:)\b)|.*[{}=;|\\<>]",
    re.IGNORECASE,
)
_PLAIN: Final = re.compile(
    "the a an is are do does did how what why when i we you it our my your to on of for in with from and or not can could "
    "please would will have has be this that there if after about any need want hello hi thanks thank dear".replace(
        " ", "|"
    ).join([r"\b(?:", r")\b"]),
    re.IGNORECASE,
)
_RUSSIAN_WORD: Final = re.compile("[Ѐ-ӿ]{2,}")
_ENGLISH_WORD: Final = re.compile(r"(?<![\w.-])[a-z]{2,}(?![\w-])|\b[Ii]\b")


def language(text: str) -> Language:
    """The language that the writer speaks: Russian unless their prose is English (product names, logs and commands don't count)."""
    prose = _HIDDEN.sub(" ", strip_quotes(text[:MAX_CHARS]))
    lines = [line for line in prose.splitlines() if _CYRILLIC.search(line) or not _CODE.match(line)]
    prose = "\n".join(lines)
    russian = len(_RUSSIAN_WORD.findall(prose))
    if not russian:
        return Language.EN if _LATIN.search(prose) else Language.RU
    plain = len(_PLAIN.findall(prose))
    return Language.EN if plain > 1 and len(_ENGLISH_WORD.findall(prose)) > russian else Language.RU
