"""What the process that replicas are forked from reads before the first one: the program, the rules, the dictionary."""

from bridge.core.words import word_of
from tests.soak.replica import rules

rules()
word_of("слово")
