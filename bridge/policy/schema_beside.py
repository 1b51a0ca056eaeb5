"""The form of what can stand in a file beside rules.yaml: the directory of partners, and the products known to be compatible."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bridge.policy.schema_base import BothLanguages, Spec
from bridge.policy.values import Count, Name, Names, SomeNames


class TopicSpec(Spec):
    """A region or a kind of work, and how it is recognised in a ticket."""

    title: BothLanguages | None = None
    """What customers read; the name, if left out."""
    words: SomeNames
    """Word patterns; one of them in the ticket is enough."""


def _words_alone(value: Any) -> Any:
    return {"words": value} if isinstance(value, list | str) else value


Topic = Annotated[TopicSpec, BeforeValidator(_words_alone, json_schema_input_type=str | list[str] | TopicSpec)]


class PartnerSpec(Spec):
    """A partner: where, what, and whom to turn to."""

    regions: SomeNames
    """Names of `regions`, or `all`."""
    works: SomeNames
    """Names of `works`, or `all`."""
    contact: Name
    """What the customer is told: a site, an address, a telephone number."""


class PartnersSpec(Spec):
    """The directory that answers to `partner-advice` and `project-work` are proposed from."""

    at_most: Count = 5
    """How many partners one answer names."""
    regions: Mapping[Name, Topic] = {}
    """Regions by name, with the word patterns that show them in a ticket."""
    works: Mapping[Name, Topic] = {}
    """Kinds of work by name, with the word patterns that show them in a ticket."""
    companies: Annotated[Mapping[Name, PartnerSpec], Field(min_length=1)]
    """The partners by name."""


class ProductSpec(Spec):
    """A third-party product that is known to work."""

    words: SomeNames
    """Word patterns that show it in a ticket; one of them is enough."""
    products: Names = ()
    """Our products that it works with; shown in the reason."""
    note: str = ""
    """What else an engineer should know; shown in the reason."""
