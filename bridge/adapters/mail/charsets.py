"""Bytes to text, whatever charset was declared: a wrong declaration is found out by the letters that come out."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from bridge.adapters.mail.charset_names import BROADER, NAMES, NOT_CHARSETS

_RUSSIAN: Final = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
"""Russian letters, frequent ones first."""
_WEIGHT: Final = {letter: 2.0 - 1.6 * place / len(_RUSSIAN) for place, letter in enumerate(_RUSSIAN)}
_GUESSES: Final = ("cp1251", "koi8_r", "cp866", "iso8859_5")
_WESTERN: Final = frozenset("äöüßéèêëàâáãåæçñíìîïóòôõøúùûÿšžœ")
_DOUBTED: Final = frozenset(
    {"ascii", "cp1251", "koi8_r", "koi8_u", "cp866", "iso8859_5", "mac_cyrillic", "iso8859_1", "cp1252", "iso8859_15"}
)
"""Charsets in which everything can be decoded, and that are declared where another one is meant."""
_WIDE: Final = frozenset({"utf_7", "utf_16", "utf_16_le", "utf_16_be", "utf_32", "utf_32_le", "utf_32_be"})
_LATIN: Final = frozenset({"iso8859_1", "cp1252", "iso8859_15"})
_SAMPLE: Final = 4_000
_CLEARLY: Final = 0.35
_VERY_CLEARLY: Final = 0.8
_POOR: Final = 0.9
_ENOUGH: Final = 8
_SIGNS: Final = "–—«»„“”’‘…№•\xa0©®°§£€"
_LISTED: Final = (
    "ст но то на ен ов ни ра во ко ро ре ри ол ос ом от по пр го ка ал ть ли ва ор не та ел ер ть ан ет ат ит ве ла де ль об од ис за ес ог он "
    "те нн ки ци ия ая ый ны их до да ед ма ло ле ся эт ак та тр ск ем им ам св вы со му ту ру ви ти си ил ин ми мо бо бы жн же жд уч ус ую ши чи"
)
_PAIRS: Final = frozenset(_LISTED.split())
"""Pairs of letters that are frequent in Russian."""
_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_HIGH_CHARS: Final = re.compile("[\x80-\xff]+")
_UTF8: Final = re.compile(
    rb"(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef](?![\xa0-\xaf]{2})[\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})+"
)
"""Characters of more than one byte, but for those that are syllables in cp866 («так»)."""
_HALVES: Final = re.compile(rb"[\xc2\xc3\xd0\xd1\xe2]|[\x80-\xbf]+")
"""What is left of the most frequent characters in UTF-8 where a line was broken in the middle of one."""
_NO_ACCIDENT: Final = 4
"""A run of so many bytes that is valid UTF-8 is a word in it: «её» in KOI8-R is valid too."""
_KOI8_U: Final = re.compile(rb"[\xa3\xb3\xc0-\xff][\xa4\xa6\xa7\xad\xb4\xb6\xb7\xbd]{1,2}[\xa3\xb3\xc0-\xff]")
"""What would be parts of frames between letters is Ukrainian letters."""
_ESCAPED: Final = re.compile(rb"\x1b\$[@B]|\x1b\([IJ]")
_KANJI: Final = re.compile(rb"(?:\x1b\$[@B])([^\x1b\r\n]*)|\x1b\([BIJ]")
_IDEOGRAPHS: Final = 3
"""So many characters of three bytes each are no accident: no other multi-byte text is valid UTF-8 that often."""
_EASTERN_BYTES: Final = 8
"""Below so many bytes beyond ASCII, those charsets whose second bytes may be ASCII letters would take letters away."""
_MOSTLY: Final = 0.8
_LONE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text and, in a sentence, what was wrong with its bytes; empty where nothing was."""

    text: str
    trouble: str = ""


def codec_of(charset: str) -> str:
    """The name of Python's codec for what a mail calls a charset; empty for what is none."""
    return _codec(re.sub(r"[^a-z0-9]+", "-", charset[:60].lower()).strip("-"))


@lru_cache(maxsize=512)
def _codec(name: str) -> str:
    plain = NAMES.get(name, name.removeprefix("x-"))
    if plain in NOT_CHARSETS or not plain:
        return ""
    try:
        found = codecs.lookup(plain).name.replace("-", "_")
        "".encode(found)  # an encoding of text, not of bytes like zlib: that could be a bomb
    except (LookupError, ValueError):
        return ""
    return "" if found in NOT_CHARSETS else BROADER.get(found, found)


def decode(data: bytes, declared: str = "") -> Decoded:
    """The text of bytes: never raises, never drops; what does not fit becomes `U+FFFD` only where no charset fits."""
    codec = codec_of(declared)
    if (wide := _wide(data, codec)) is not None:
        return Decoded(wide)
    if _ESCAPED.search(data) and (text := _escaped(data)) is not None:
        return Decoded(text, "" if codec.startswith("iso2022") else "no charset is declared; it is ISO-2022-JP")
    if data.isascii() and (codec in {*_DOUBTED, "utf_8", ""}):
        return Decoded(data.decode("ascii"))
    return _checked(data, codec, declared)


def _wide(data: bytes, codec: str) -> str | None:
    """UTF-16, UTF-32 and UTF-7, where declared, or where the first bytes show it."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"} and len(data) % 2 == 0:
        return _try(data, "utf_32" if data[:4] == b"\xff\xfe\x00\x00" else "utf_16")
    if codec in _WIDE:
        return _try(data, codec)
    head = data[:200]
    if b"\x00" in head and len(data) % 2 == 0:
        even, odd = head[::2].count(0), head[1::2].count(0)
        if max(even, odd) * 3 > len(head) // 2 and min(even, odd) == 0:
            return _try(data, "utf_16_le" if odd else "utf_16_be")
    return None


def _escaped(data: bytes) -> str | None:
    """ISO-2022-JP; with the characters that Windows and old Japanese PCs put into its free rows (① № ㈱), which Python's codec refuses."""
    text = _try(data, "iso2022_jp_ext")
    return text if text is not None else _try(_KANJI.sub(lambda found: _shifted(found[1] or b""), data), "cp932")


def _shifted(pairs: bytes) -> bytes:
    """JIS X 0208 as Shift-JIS: row and cell of each pair, by arithmetic."""
    moved = bytearray()
    for row, cell in zip(pairs[::2], pairs[1::2], strict=False):
        odd = row % 2 == 1
        moved.append(((row - 0x21) // 2 + (0x81 if row < 0x5F else 0xC1)) % 0x100)
        moved.append((cell + ((0x1F if cell < 0x60 else 0x20) if odd else 0x7E)) % 0x100)
    return bytes(moved)


def _checked(data: bytes, codec: str, declared: str) -> Decoded:
    """Bytes beyond ASCII: what was declared if its letters are plausible, else the best guess."""
    if _is_utf8(data) and (codec in {"", "utf_8"} or _has_one_byte(codec) or _has_ideographs(data)):
        told = declared and codec != "utf_8"
        return Decoded(data.decode("utf-8-sig"), f"declared as {declared[:40]!r}, it is UTF-8" if told else "")
    if codec and codec not in _DOUBTED and (text := _try(data, codec)) is not None:
        return Decoded(text)
    return _mixed(data, codec, declared) or _mostly(data, codec, declared) or _guessed(data, codec, declared)


def _mixed(data: bytes, codec: str, declared: str) -> Decoded | None:
    """UTF-8 and another charset in one text, as programs make it that add a footer or a quotation to what they do not read."""
    if codec and codec != "utf_8" and codec not in _DOUBTED:
        return None
    foreign = _HIGH.sub(lambda found: b" " if _may_be_utf8(found[0]) else found[0], data)
    other = _best_of(_sample(foreign), codec)
    words = [run for run in _HIGH.findall(data) if _UTF8.fullmatch(run)]
    if other == "cp1252":
        is_so = bool(words) and codec in {"", "utf_8"}
    else:
        is_so = (
            sum(map(len, filter(_is_word, words))) >= _ENOUGH and len(foreign) - len(_plain(foreign)) >= _NO_ACCIDENT
        )
    if not is_so or _score(_sample(foreign).decode(other, "replace")) < _POOR:
        return None
    text = "\n".join(_line(line, other) for line in data.split(b"\n"))
    return Decoded(text, f"{_said(declared)}; it is UTF-8 with parts in {other.replace('_', '-')}")


def _line(line: bytes, other: str) -> str:
    """One line of a text that is partly UTF-8: what cannot be told by itself is what the line is."""
    runs = _HIGH.findall(line)
    if all(map(_may_be_utf8, runs)):
        return line.decode("utf-8", "replace")
    return _decode_all(line, other) if other != "cp1252" and not any(map(_is_word, runs)) else _partly_utf8(line, other)


def _may_be_utf8(run: bytes) -> bool:
    """Whether bytes beyond ASCII are UTF-8, but for a character that was broken."""
    return 2 * len(_UTF8.sub(b"", run)) < len(run) or _HALVES.fullmatch(run) is not None


def _is_word(run: bytes) -> bool:
    return len(run) >= _NO_ACCIDENT and _UTF8.fullmatch(run) is not None


def _mostly(data: bytes, codec: str, declared: str) -> Decoded | None:
    """What fits its charset but for a few broken characters: cut in the middle, or spoilt on the way."""
    candidate = codec if codec and codec not in _DOUBTED else "utf_8"
    text = data.decode(candidate, "replace")
    broken, high = text.count("\ufffd"), sum(not char.isascii() for char in text)
    if broken * 5 > high:
        return None
    return Decoded(text, f"{broken} characters do not fit the charset {declared[:40] or candidate!r}")


@lru_cache(maxsize=512)
def _has_one_byte(codec: str) -> bool:
    """Whether each byte is a character in this charset: nothing but UTF-8 gives valid UTF-8 then."""
    return len(bytes(range(0x80, 0x100)).decode(codec, "replace")) == 0x80


def _has_ideographs(data: bytes) -> bool:
    """Whether valid UTF-8 has so many characters of three bytes that it is no text of another multi-byte charset."""
    beyond = [char for char in data.decode("utf-8") if not char.isascii()]
    wide = sum(char >= "\u0800" for char in beyond)
    return wide >= _IDEOGRAPHS and 2 * wide > len(beyond)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _try(data: bytes, codec: str) -> str | None:
    try:
        return _LONE.sub("\ufffd", data.decode(codec))
    except (UnicodeError, LookupError):
        return None


def _said(declared: str) -> str:
    return f"declared as {declared[:40]!r}" if declared else "no charset is declared"


def _scores(sample: bytes) -> dict[str, float]:
    """How much the bytes look like a language in each charset that is guessed."""
    return {guess: _score(sample.decode(guess, "replace")) for guess in (*_GUESSES, "cp1252")}


def _best_of(sample: bytes, codec: str) -> str:
    """The charset of one byte that fits best; the declared one unless another is clearly better."""
    scores = _scores(sample)
    best = max(scores, key=lambda guess: scores[guess])
    is_doubted = codec in _DOUBTED and codec != "ascii"
    return codec if is_doubted and scores[best] - _score(sample.decode(codec, "replace")) < _CLEARLY else best


def _guessed(data: bytes, codec: str, declared: str) -> Decoded:
    """The charset whose letters look most like a language; the declared one unless another is clearly better."""
    sample = _sample(data)
    scores = _scores(sample)
    best = max(scores, key=lambda guess: scores[guess])
    if codec in _DOUBTED and codec != "ascii":
        clearly = _CLEARLY if len(sample) - len(_plain(sample)) >= _ENOUGH else _VERY_CLEARLY
        keeps = scores[best] - _score(sample.decode(codec, "replace")) < clearly
        if keeps or (codec in _LATIN and (not _is_mostly_beyond_ascii(sample) or _is_western(sample, codec, best))):
            return Decoded(_decode_all(data, codec))
    said = _said(declared)
    if scores[best] < _POOR and (eastern := _eastern(data)) is not None:
        return Decoded(eastern, f"{said}; it looks like an East Asian one")
    if (
        codec == "utf_8"
        and not sample.decode("utf-8", "ignore").isascii()
        and not _has_russian_pairs(_low(sample, best))
    ):
        best = "cp1252"
    text = _partly_utf8(data, best) if best == "cp1252" else _decode_all(data, best)
    return Decoded(text, f"{said}; by its letters it is {best.replace('_', '-')}")


def _low(sample: bytes, codec: str) -> str:
    return sample.decode(codec, "replace").lower()


def _partly_utf8(data: bytes, codec: str) -> str:
    """A text where a footer or a quotation was put in with another charset: what is valid UTF-8 is read as such."""
    return _HIGH_CHARS.sub(lambda found: _run(found[0].encode("latin-1"), codec), data.decode("latin-1"))


def _run(run: bytes, codec: str) -> str:
    return run.decode("utf-8", "replace") if _UTF8.fullmatch(run) else _decode_all(run, codec)


def _plain(sample: bytes) -> bytes:
    return _HIGH.sub(b"", sample)


def _is_mostly_beyond_ascii(sample: bytes) -> bool:
    """Whether there are words without any Latin letter: Western words have some."""
    high = len(sample) - len(_plain(sample))
    return high >= 4 and 2 * high > sum(byte > 0x7F or chr(byte).isalpha() for byte in sample)


def _is_western(sample: bytes, codec: str, guess: str) -> bool:
    """Whether nearly all is Western letters, and what else it could be has hardly a pair of letters that is frequent in Russian («ÄÖÜ»)."""
    beyond = [char for char in sample.decode(codec, "replace") if not char.isascii()]
    western = sum(char.lower() in _WESTERN for char in beyond)
    return western > _MOSTLY * len(beyond) and not _has_russian_pairs(_low(sample, guess))


def _has_russian_pairs(text: str) -> bool:
    pairs = ["".join(pair) for pair in pairwise(text) if pair[0] in _WEIGHT and pair[1] in _WEIGHT]
    return 5 * sum(pair in _PAIRS for pair in pairs) >= len(pairs) > 0


def _eastern(data: bytes) -> str | None:
    """Chinese, Japanese or Korean, where the bytes are valid as such."""
    sample = data[:_SAMPLE]
    for codec, expected in (("cp932", "\u3040-\u30ff"), ("euc_jp", "\u3040-\u30ff")):
        text = sample.decode(codec, "ignore")
        beyond = sum(not char.isascii() for char in text)
        if beyond and 3 * len(re.findall(f"[{expected}]", text)) > beyond and _try(data, codec) is not None:
            return _try(data, codec)
    enough = len(sample) - len(_plain(sample)) >= _EASTERN_BYTES
    for codec in ("gb2312", "euc_kr", *(("big5", "gb18030") if enough else ())):
        if (valid := _try(data, codec)) is not None:
            return valid
    return None


def _decode_all(data: bytes, codec: str) -> str:
    """Every byte as a character; the few that a code page leaves open by Latin-1, as browsers do."""
    if codec == "koi8_r" and _KOI8_U.search(data):
        codec = "koi8_u"
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return "".join(_byte(bytes((value,)), codec) if value > 0x7F else chr(value) for value in data)


@lru_cache(maxsize=4096)
def _byte(value: bytes, codec: str) -> str:
    try:
        return value.decode(codec)
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _sample(data: bytes) -> bytes:
    """The surroundings of the first bytes beyond ASCII: that is where the language shows."""
    first = _HIGH.search(data)
    start = max(first.start() - 20, 0) if first else 0
    return data[start : start + _SAMPLE]


def _score(text: str) -> float:
    """How much the characters beyond ASCII look like a language: above 1 for Russian and for Western words, below 0 for rubbish."""
    total, count = 0.0, 0
    before = " "
    for at, char in enumerate(text):
        if not char.isascii():
            count += 1
            total += _letter(char, before, text[at + 1 : at + 2])
        before = char
    return total / count if count else 0.0


def _letter(char: str, before: str, after: str) -> float:
    low = char.lower()
    among_latin = _is_latin(before) or _is_latin(after)
    if low in _WEIGHT:
        if char != low and before.isalpha() and before.islower():
            return -1.0
        pair = (before + char).lower()
        return _WEIGHT[low] + (0.6 if pair in _PAIRS else 0.0) - (1.5 if among_latin else 0.0)
    if low in _WESTERN:
        return 1.0 if among_latin else -0.5
    if char in _SIGNS:
        return 0.3
    return -0.5 if char.isalpha() else -1.0


def _is_latin(char: str) -> bool:
    return char.isascii() and char.isalpha()
