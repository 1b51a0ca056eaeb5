"""The texts that are shipped, and what a text may use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from bridge.core.policy import Text
from bridge.policy.positions import read_document

SHIPPED: Final = "texts.yaml"
MAX_TEXT: Final = 8_000

VARIABLES: Final = MappingProxyType(
    {
        "term": "the moment by which the answer is due; empty where it is not known",
        "fields": "what is asked for: a list with number, name, question, hint, label",
        "filled": "what was read from the customer's answer: a list with name, source",
        "department": "the department concerned",
        "reason": "why this happens",
        "late_by": "how late it is; empty where it is not",
        "left": "the working time that is left; empty where there is none",
        "ticket": "the ticket's number",
        "answer": "the answer that the route has for a request out of scope",
        "kind": "the kind of the request",
        "status": "the status or mark concerned",
        "steps": "the steps that the note is made of",
        "partner_list": "in the `answer` or `propose` of a route: the text `partners`, filled in",
        "partners": "the partners that suit: a list with number, name, regions, works, contact; regions and works are empty for all",
        "regions": "the regions that these partners were chosen by; empty where the ticket names none, or where nobody suits",
        "works": "the kinds of work that these partners were chosen by; empty where the ticket names none, or where nobody suits",
        "named_regions": "the regions that the ticket names, also where nobody suits",
        "named_works": "the kinds of work that the ticket names, also where nobody suits",
        "addresses": "the mail addresses concerned",
        "files": "the files concerned: a list with name, reason",
        "mark": "the mark of notes that are mailed; empty where all public ones are",
        "other": "the number of another ticket; empty where there is none",
        "more": "how many more partners suit than are listed",
    }
)
PARTNERS: Final = frozenset({"partner_list", "partners"})
"""The variables by which a route's answer names partners."""
PARTS: Final = frozenset(
    {"number", "name", "question", "hint", "label", "source", "regions", "works", "contact", "reason"}
)
"""What the members of `fields`, `filled`, `partners` and `files` have."""


@cache
def shipped_texts() -> Mapping[str, Text]:
    """The texts that come with the bridge, by name."""
    source = files("bridge.policy").joinpath(SHIPPED).read_text(encoding="utf-8")
    return MappingProxyType({name: Text(**both) for name, both in read_document(source, SHIPPED).data.items()})
