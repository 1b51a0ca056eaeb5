"""Typing mistakes: words at Damerau-Levenshtein distance one (a letter left out, added, replaced, or two neighbours swapped)."""

from __future__ import annotations


def deletions(word: str) -> set[str]:
    """The word and every word that it becomes by leaving one letter out.

    Two words at distance one always have one of these in common, so that a dictionary of them finds all candidates at once.
    """
    return {word, *(word[:i] + word[i + 1 :] for i in range(len(word)))}


def one_mistake(left: str, right: str) -> bool:
    """Are the words equal but for one typing mistake?"""
    if abs(len(left) - len(right)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    rest, other = left[at:], right[at:]
    if len(left) > len(right):
        return rest[1:] == other
    if len(left) < len(right):
        return rest == other[1:]
    return rest[1:] == other[1:] or (rest[:2] == other[1::-1] and rest[2:] == other[2:])
