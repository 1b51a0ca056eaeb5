"""Conditions of one's own for `when:` in rules.yaml. They come in with `extensions: [acme.rules]`.

A condition is a pure function of what is known of the ticket (`Facts`) and of the values in rules.yaml (`Leaf`). The first line of its
docstring is what `presale-bridge check --list` prints; the reason of its verdict is what `presale-bridge explain` shows.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Final

from bridge.core.conditions import TEXT_PARTS, Facts, Leaf, Verdict, condition

_VERSION: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){0,3}(?!\w|\.\d)")


@condition("large_customer")
def large_customer(facts: Facts, leaf: Leaf) -> Verdict:
    """The project is a large customer's, by its name: `large_customer: ["Банк*"]`."""
    found = next((one for one in leaf.values if fnmatchcase(facts.project.casefold(), one.casefold())), None)
    if found:
        return Verdict(holds=True, reason=f"«{facts.project}» is a large customer ({found})")
    return Verdict(holds=False, reason=f"«{facts.project}» is not one of: {', '.join(leaf.values)}")


@condition("mentions_version")
def mentions_version(facts: Facts, leaf: Leaf) -> Verdict:
    """The text names one of these versions, or a version below it: `mentions_version: "10"` is also 10.2."""
    text = "\n".join(facts.parts[part] for part in TEXT_PARTS)
    for named in _VERSION.findall(text):
        for wanted in leaf.values:
            if named == wanted or named.startswith(f"{wanted}."):
                return Verdict(holds=True, reason=f"the text names version {named} ({wanted})")
    return Verdict(holds=False, reason=f"the text names no version of: {', '.join(leaf.values)}")
