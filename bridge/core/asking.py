"""The part of a text that asks: what is wanted, without the background, the signature and the log."""

from __future__ import annotations

import re
from typing import Final

_SENTENCE: Final = re.compile(r"[^.!?\n]*(?:\.(?=\S)[^.!?\n]*)*(?:[.!?]+|\n|$)")
_REQUEST: Final = re.compile(
    r"\b(?:прош[уа]|просим|просьба|подскаж\w+|помог\w+|помочь|посовету\w+|порекоменду\w+|нуж[нед]\w*|требуется|необходим\w*|"
    r"можно|можем|можете|могли бы|хо[тч]\w+|интересует|интересно|как|какой|какая|какую|какие|каким|чем|где|кто|зачем|почему|куда|"
    r"есть ли|будет ли|что делать|расскаж\w+|объясн\w+|поясн\w+|подтверд\w+|сообщ\w+|укаж\w+|ответьте|предоставь\w*|дайте|дадите|"
    r"please|could|can (?:you|we|i)|how|what|which|who|where|why|is it|is there|do you|does|need|want|would|looking for|advise|help)\b",
    re.IGNORECASE,
)
_ITEM: Final = re.compile(r"\s*(?:[-*•–—]|\d{1,2}[.)])\s*\S|.*;\s*$")


def asking(text: str) -> str:
    """The sentences that end in a question mark or hold a word of request, with the list after a colon; all of it if none does."""
    kept: list[str] = []
    for line, before in _lines(text):
        if before and _ITEM.match(line):
            kept.append(line)
            continue
        kept += [one for one in _SENTENCE.findall(line) if one.rstrip().endswith("?") or _REQUEST.search(one)]
    return "\n".join(one.strip() for one in kept) or text


def _lines(text: str) -> list[tuple[str, bool]]:
    """Each line, and whether it belongs to a list that a request introduced («просим подтвердить:»)."""
    lines: list[tuple[str, bool]] = []
    listed = False
    for line in text.splitlines():
        listed = listed and (not line.strip() or bool(_ITEM.match(line)))
        lines.append((line, listed))
        listed = listed or (line.rstrip().endswith(":") and _REQUEST.search(line) is not None)
    return lines
