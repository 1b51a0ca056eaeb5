"""Which of the names found in a Redmine may be what the rules mean: guesses for `presale-bridge init`, each of which a person has to confirm."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from typing import Final

WAITING: Final = (
    "ожид",
    "ждем",
    "ждём",
    "обратная связь",
    "отклик",
    "уточн",
    "feedback",
    "wait",
    "pending",
    "need",
    "on hold",
)
WORKING: Final = ("в работе", "работ", "in progress", "progress", "назначен", "assigned", "открыт", "open")
DONE: Final = ("решен", "решён", "выполн", "готов", "resolved", "solved", "done")
TRACKERS: Final = ("пресейл", "presale", "pre-sale", "поддержк", "support", "обращени", "request", "ticket")
LEADS: Final = ("руковод", "началь", "lead", "head", "chief", "директор", "director", "менеджер", "manager")
_COMMON: Final = frozenset({"отдел", "групп", "служб", "инжен", "depar", "the", "engin", "team", "group"})
_STEM: Final = 5
_ALIKE: Final = 0.75


def alike(names: Sequence[str], words: Iterable[str]) -> str:
    """The first of the names that has the first possible of the words in it; empty where none has."""
    return next((name for word in words for name in names if word in name.casefold()), "")


def all_alike(names: Iterable[str], words: Sequence[str]) -> list[str]:
    """All names that have one of the words in them."""
    return [name for name in names if any(word in name.casefold() for word in words)]


def same_words(names: Iterable[str], meant: Iterable[str]) -> str:
    """The name that has the most words in common with what is meant, by their beginnings; empty where none has any."""
    stems = frozenset().union(*map(_stems, meant))
    common, name = max(((len(_stems(name) & stems), name) for name in names), default=(0, ""))
    return name if common else ""


def nearly(names: Iterable[str], meant: str) -> str:
    """The name that is spelled most like what is meant, or is its beginning; empty where none is."""
    rated = [(_ratio(name.casefold(), meant.casefold()), name) for name in names]
    best, name = max(rated, default=(0.0, ""))
    return name if best >= _ALIKE else ""


def _ratio(name: str, meant: str) -> float:
    return 1.0 if len(name) > 2 * _STEM and meant.startswith(name) else SequenceMatcher(None, name, meant).ratio()


def _stems(text: str) -> frozenset[str]:
    words = re.findall(r"[^\W\d_]{3,}", text.casefold())
    return frozenset(word[:_STEM] for word in words) - _COMMON
