"""Which of a customer's words are a question, and which only thanks (T10)."""

from __future__ import annotations

from bridge.core.policy import Policy
from bridge.core.text import has_words, strip_quotes
from bridge.core.thanks import is_only


def starts_term(words: str, policy: Policy) -> bool:
    """Whether a note after an answer starts a new term: it has words, and they are more than thanks or a confirmation."""
    return has_words(strip_quotes(words)) and not is_only(words, policy.words, frozenset(policy.no_term))
