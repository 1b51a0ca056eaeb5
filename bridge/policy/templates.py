"""What can be wrong with a text's template, found without rendering it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from jinja2 import TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bridge.policy.texts import MAX_TEXT, PARTS, VARIABLES
from bridge.policy.vocabulary import did_you_mean

_LOOP: Final = frozenset({"index", "index0", "first", "last", "length", "revindex", "revindex0"})
_ENVIRONMENT: Final = ImmutableSandboxedEnvironment()


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong in a template, with its line from 1."""

    line: int
    message: str
    remedy: str = ""


def flaws(template: str) -> tuple[Flaw, ...]:
    """Everything that is wrong with a template: its size, its syntax, names that the bridge does not give it."""
    if len(template) > MAX_TEXT:
        return (Flaw(1, f"the text has {len(template)} characters", f"at most {MAX_TEXT} are possible"),)
    try:
        tree = _ENVIRONMENT.parse(template)
        unknown = meta.find_undeclared_variables(tree) - VARIABLES.keys()
    except TemplateSyntaxError as error:
        return (Flaw(error.lineno, f"the text is broken: {error.message}", "check the {{ … }} and {% … %}"),)
    except RecursionError:
        return (Flaw(1, "the text is nested too deep"),)
    return (*_unknown_names(tree, unknown), *_unknown_parts(tree), *_outside(tree))


def variables(template: str) -> frozenset[str]:
    """The variables that a sound template uses."""
    return frozenset(meta.find_undeclared_variables(_ENVIRONMENT.parse(template)))


def is_template(text: str) -> bool:
    """Whether a text looks like a template."""
    return "{{" in text or "{%" in text


def _unknown_names(tree: nodes.Template, unknown: set[str]) -> Iterator[Flaw]:
    for name in sorted(unknown):
        line = next((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), 1)
        yield Flaw(line, f"unknown variable {name!r} in the text", did_you_mean(name, VARIABLES))


def _unknown_parts(tree: nodes.Template) -> Iterator[Flaw]:
    for node in tree.find_all(nodes.Getattr):
        known = _LOOP if isinstance(node.node, nodes.Name) and node.node.name == "loop" else PARTS
        if node.attr not in known:
            yield Flaw(
                node.lineno, f"unknown variable {node.attr!r} after a dot in the text", did_you_mean(node.attr, known)
            )


def _outside(tree: nodes.Template) -> Iterator[Flaw]:
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        yield Flaw(node.lineno, "a text cannot include another one", "write it out")
