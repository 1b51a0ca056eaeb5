"""Answers to what was asked for, in the customer's words: by label, by the question's number, as a whole (F4)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final

from bridge.core.policy import FieldRule
from bridge.core.text import QUOTED, strip_quotes
from bridge.core.words import fold

_NUMBERED: Final = re.compile(r"^\s*(?P<number>\d{1,2})\s*[.):]\s*(?P<value>\S.*)$")
_BULLET: Final = r"^\s*(?:[-*•#>]\s*)?(?:\d{1,2}\s*[.)]\s*)?[*_«\"]*"
_SEPARATOR: Final = r"[*_»\"]*\s*(?:\([^)]*\)\s*)?[:：=—–-]+\s*(?P<value>.*)$"
_QUOTE_MARK: Final = re.compile(r"^\s*(?:(?:>|&gt;)\s?|bq\. )+")


@lru_cache(maxsize=256)
def _label_pattern(labels: tuple[str, ...]) -> re.Pattern[str]:
    words = "|".join(re.escape(fold(label)) for label in sorted(labels, key=len, reverse=True))
    return re.compile(f"{_BULLET}(?:{words}){_SEPARATOR}")


def _labels(rule: FieldRule) -> tuple[str, ...]:
    return (rule.name, *rule.labels)


def _start_of(line: str, rules: Iterable[FieldRule], asked: tuple[FieldRule, ...]) -> tuple[FieldRule, str] | None:
    folded = fold(line)
    for rule in rules:
        found = _label_pattern(_labels(rule)).match(folded)
        if found:
            return rule, line[found.start("value") :].strip() if len(folded) == len(line) else found["value"]
    numbered = _NUMBERED.match(line)
    if numbered and 1 <= int(numbered["number"]) <= len(asked):
        return asked[int(numbered["number"]) - 1], numbered["value"].strip()
    return None


def read_answer(text: str, rules: tuple[FieldRule, ...], asked: tuple[FieldRule, ...]) -> dict[str, str]:
    """What the customer's words say of fields: by label, by the question's number, as a whole when one thing only was asked (F4)."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in strip_quotes(text).splitlines():
        start = _start_of(line, rules, asked)
        if start:
            rule, value = start
            current = found.setdefault(rule.name, [])
            current.append(value)
        elif current is not None:
            if not line.strip() and any(current):
                current = None
            else:
                current.append(line.rstrip())
    return _joined(found) or _as_a_whole(text, asked) or _below_questions(text, asked)


def _joined(found: Mapping[str, list[str]]) -> dict[str, str]:
    values = {name: "\n".join(lines).strip() for name, lines in found.items()}
    return {name: value for name, value in values.items() if value}


def _below_questions(text: str, asked: tuple[FieldRule, ...]) -> dict[str, str]:
    """What stands right below the one question that a quotation has, as people answer by mail; up to an empty line."""
    found: dict[str, list[str]] = {}
    questions: set[str] = set()
    answered = False
    for line in text.splitlines():
        if line.lstrip().startswith(QUOTED):
            questions, answered = (set() if answered else questions), False
            start = _start_of(_QUOTE_MARK.sub("", line, count=1), asked, asked)
            questions |= {start[0].name} if start else set()
        elif line.strip():
            answered = True
            if len(questions) == 1:
                found.setdefault(next(iter(questions)), []).append(line.strip())
        elif answered:
            questions = set()
    return {name: value for name, value in _joined(found).items() if not value.endswith("?")}


def _as_a_whole(text: str, asked: tuple[FieldRule, ...]) -> dict[str, str]:
    whole = strip_quotes(text).strip()
    if len(asked) != 1 or not whole or whole.endswith("?"):
        return {}
    return {asked[0].name: whole}


def without_answers(text: str, rules: tuple[FieldRule, ...], *, numbered: bool) -> str:
    """The words beside the answers, up to an empty line each: a form's labels and the system's name say nothing of what is wanted (R3).

    `numbered`: the questions had numbers, so lines that begin with one are answers too.
    """
    kept: list[str] = []
    answering = False
    for line in text.splitlines():
        if _start_of(line, rules, rules if numbered else ()):
            answering = True
        elif not line.strip():
            answering = False
        if not answering:
            kept.append(line)
    return "\n".join(kept)
