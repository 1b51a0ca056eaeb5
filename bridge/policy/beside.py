"""Sections of rules.yaml that stand in a file of their own: `partners: partners.yaml`, a path relative to the rules file."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from bridge.errors import PolicyError
from bridge.policy.positions import Document, Map, read_document
from bridge.policy.shipped import shipped_file

SECTIONS: Final = ("families", "partners", "compatible")
"""A name of a file can stand for these."""
LEARNED: Final = "learned"
"""What names a file that is no section: what was learned from example tickets (`bridge.policy.learned_file`)."""
COMMON: Final = {"words.yaml": "families", "learned.json": LEARNED}
"""Files that serve everybody as they are shipped, each with the section that names it."""
SCHEMA: Final = "rules.schema.json"
"""What editors know the form of the rules by: the first line of the rules names it to them."""
OWN: Final = ("partners", "compatible")
"""The shipped files of these are only examples: everybody has partners and products of their own."""


_NAMED: Final = re.compile(rf"^(?:{'|'.join((*SECTIONS, LEARNED))}): *([^\s\[{{#]\S*)", re.MULTILINE)


def named_files(text: str) -> tuple[str, ...]:
    """The files that the text of rules names, each once."""
    schema = [SCHEMA] if f"$schema={SCHEMA}\n" in text else []
    return tuple(dict.fromkeys([*_NAMED.findall(text), *schema]))


def is_borrowed(folder: Path | None, name: str) -> bool:
    """Whether rules in this folder mean the shipped file: it is one of those that serve everybody, and there is none in the folder."""
    return name in {*COMMON, SCHEMA} and (folder is None or not (folder / name).exists())


def file_beside(folder: Path, name: str) -> Path:
    """The file that rules in this folder mean."""
    return shipped_file(name) if is_borrowed(folder, name) else folder / name


def with_files(document: Document, read: Callable[[str], str]) -> Document:
    """The document with the files that it names in place of their names; every part still knows its file, line and column.

    `read` gives the text of a file, and raises `PolicyError` where there is none.
    """
    for section in SECTIONS:
        if isinstance(document.data, Map) and isinstance(document.data.get(section), str):
            document = _with_file(document, document.data, section, read)
    return document


def _with_file(document: Document, data: Map, section: str, read: Callable[[str], str]) -> Document:
    name = data.pop(section)
    try:
        inner = read_document(read(name), name, (section,))
    except PolicyError as error:
        mistakes = error.mistakes or (document.at_value((section,), str(error)),)
        return replace(document, mistakes=(*document.mistakes, *mistakes))
    data[section] = inner.data
    return replace(
        document,
        values={**document.values, **inner.values},
        keys={**document.keys, **inner.keys},
        mistakes=(*document.mistakes, *inner.mistakes),
    )
