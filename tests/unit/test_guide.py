"""Every example of the leads' guide and of the reference of test files is run, offline; Russian and English are held in step.

Marked blocks: `yaml rules` is added to the rules of its section, `yaml words` to its families, `yaml test` has to hold under them, `yaml wrong` has to be refused with the
words of its first line, `console` is run and compared (… stands for anything), `console online` has to be a command line that is understood.
A section with a console begins with the shipped rules; any other with those without their routes and families, for speed.
"""

from __future__ import annotations

import argparse
import re
import shlex
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from jinja2 import Environment, meta

from bridge.cli.main import parser, run
from bridge.core import conditions
from bridge.errors import PolicyError
from bridge.policy.beside import with_files
from bridge.policy.load import Loaded, parse
from bridge.policy.positions import read_document
from bridge.policy.texts import shipped_texts
from bridge.report.testing import run_case
from bridge.report.timelines import read_cases
from tests.unit.making import ROOT

PAIRS = ("guide.md", "testing.md")
FOR_OPERATORS = {"run", "serve", "demo", "completion"}
"""Commands that leads have no use for; docs/operating.md has them."""
FENCE = re.compile(r"^```(\w+) ([\w.-]+(?: [\w.-]+)?)\n(.*?)^```$|^(#+ [^\n]*)$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A marked block: its language and mark, its name where it has one, its text."""

    kind: str
    name: str
    text: str


@dataclass
class Section:
    """A heading of the guide with its blocks."""

    page: str
    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def id(self) -> str:
        """For the report."""
        return f"{self.page} {self.title}"


@cache
def sections(page: str) -> tuple[Section, ...]:
    """The sections of a page with their marked blocks."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    text = re.sub(r"^```console\n", "```console offline\n", text, flags=re.MULTILINE)
    found: list[Section] = []
    for match in FENCE.finditer(text):
        if match[4]:
            found.append(Section(page, match[4].lstrip("# ")))
            continue
        mark, _, name = match[2].partition(" ")
        found[-1].blocks.append(Block(f"{match[1]} {mark}", name, match[3]))
    return tuple(found)


def all_sections() -> Iterator[Any]:
    """Those with something to run."""
    for language in ("ru", "en"):
        for name in PAIRS:
            for one in sections(f"{language}/{name}"):
                if one.blocks:
                    yield pytest.param(one, id=one.id)


@cache
def shipped_data() -> dict[str, Any]:
    """The shipped rules as plain data."""
    document = read_document((ROOT / "rules.yaml").read_text(encoding="utf-8"), "rules.yaml")
    data = with_files(document, lambda name: (ROOT / name).read_text(encoding="utf-8")).data
    return {key: value for key, value in data.items() if key not in {"partners", "compatible"}}


def base(*, whole: bool) -> dict[str, Any]:
    """What a section begins with."""
    data = dict(shipped_data())
    return data if whole else data | {"families": {}, "routes": data["routes"][-1:]}


def added(rules: dict[str, Any], text: str) -> dict[str, Any]:
    """The rules with a block added: routes on top, other lists in place of those that are there, mappings key by key."""
    merged = dict(rules)
    for key, value in read_document(text, "block").data.items():
        if key == "routes":
            merged[key] = [*value, *rules[key]]
        elif isinstance(value, dict) and isinstance(rules.get(key), dict) and key != "required":
            merged[key] = {**rules[key], **value}
        else:
            merged[key] = {**rules[key], **value} if key == "required" else value
    return merged


def as_yaml(rules: dict[str, Any]) -> str:
    """A rules file."""
    plain = yaml.dump(_plain(rules), Dumper=yaml.SafeDumper, allow_unicode=True, sort_keys=False, width=1000)
    assert isinstance(plain, str)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


@pytest.mark.parametrize("section", list(all_sections()))
def test_the_examples_of_a_section(
    section: Section, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reader who types them in gets what the page says."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "learned.json", tmp_path)
    monkeypatch.syspath_prepend(str(ROOT / "examples"))
    rules = base(whole=any(block.kind == "console offline" for block in section.blocks))
    for block in section.blocks:
        match block.kind:
            case "yaml rules":
                rules = added(rules, block.text)
                _write(tmp_path / "rules.yaml", as_yaml(rules))
                parsed(rules)
            case "yaml words":
                rules = added(rules, f"families:\n{indent(block.text, '  ')}")
            case "yaml test":
                _write(tmp_path / (block.name or "tests.yaml"), block.text)
                _holds(block.text, rules)
            case "yaml wrong":
                _is_refused(block.text, rules)
            case "console online":
                for command, _ in commands(block.text):
                    parser().parse_args(command)
            case "console offline":
                for command, expected in commands(block.text):
                    run(command, {})
                    assert_like(expected, capsys.readouterr().out)
            case _:
                pytest.fail(f"{section.id}: unknown mark {block.kind}")


def parsed(rules: dict[str, Any]) -> Loaded:
    """The rules as they are used; what was learned is that of the shipped ones."""
    return parse(as_yaml(rules), folder=ROOT)


def _write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


def _holds(text: str, rules: dict[str, Any]) -> None:
    policy = parsed(rules).policy
    results = [run_case(case, policy) for case in read_cases(text, "tests.yaml", policy)]
    wrong = [(one.name, check.as_json()) for one in results for check in one.checks if not check.ok]
    assert results
    assert wrong == []


def _is_refused(text: str, rules: dict[str, Any]) -> None:
    told = text.partition("\n")[0].removeprefix("# ")
    with pytest.raises(PolicyError) as caught:
        parsed(added(rules, text))
    assert told in str(caught.value)


def commands(text: str) -> Iterator[tuple[list[str], str]]:
    """The commands of a console block, each with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        program, *arguments = shlex.split(line)
        assert program == "presale-bridge"
        yield arguments, expected


def assert_like(expected: str, printed: str) -> None:
    """Each line is there, in order; … stands for anything within a line, alone for any lines."""
    lines = iter(printed.splitlines())
    for wanted in filter(None, map(str.strip, expected.splitlines())):
        if wanted == "…":
            continue
        pattern = re.sub(r"([\[?*])", r"[\1]", wanted).replace("…", "*")
        assert any(fnmatchcase(line.strip(), pattern) for line in lines), f"{wanted!r} is not in:\n{printed}"


@pytest.mark.parametrize("name", PAIRS)
def test_russian_and_english_have_the_same_structure(name: str) -> None:
    """The same headings by depth, the same blocks with the same contents but for comments."""
    shapes = []
    for language in ("ru", "en"):
        text = (ROOT / "docs" / language / name).read_text(encoding="utf-8")
        text = re.sub(r"^```console\n", "```console offline\n", text, flags=re.MULTILINE)
        found = FENCE.finditer(text)
        shapes.append([match[4].split(" ")[0] if match[4] else (match[1], match[2], _bare(match)) for match in found])
    assert shapes[0] == shapes[1]


def _bare(match: re.Match[str]) -> str:
    return re.sub(r"[ \t]+#.*$", "", match[3], flags=re.MULTILINE)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_guide_names_every_command_and_condition(language: str) -> None:
    """What can be used can be found in the guide."""
    text = (ROOT / "docs" / language / "guide.md").read_text(encoding="utf-8")
    (commands,) = (one.choices for one in parser()._actions if isinstance(one, argparse._SubParsersAction))
    assert [name for name in commands if name not in FOR_OPERATORS and f"presale-bridge {name}" not in text] == []
    built_in = [name for name, kind in conditions.REGISTRY.items() if kind.check.__module__ == conditions.__name__]
    assert [name for name in built_in if f"`{name}" not in text] == []


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_guide_names_every_text_with_its_variables(language: str) -> None:
    """Whoever replaces a text finds in the guide what it is called and what it may say."""
    page = (ROOT / "docs" / language / "guide.md").read_text(encoding="utf-8")
    (table,) = re.findall(r"(?:^\| `greeting` .*\n)(?:^\|.*\n)+", page, re.MULTILINE)
    rows = [line.strip("|").split("|") for line in table.splitlines()]
    told = {name.strip(" `"): set(re.findall(r"`(\w+)`", names)) for name, _, names in rows}
    used = {
        name: set[str]().union(
            *(meta.find_undeclared_variables(Environment().parse(one)) for one in (text.ru, text.en))
        )
        for name, text in shipped_texts().items()
    }
    assert told == used


@pytest.mark.parametrize("page", [f"{language}/{name}" for language in ("ru", "en") for name in PAIRS])
def test_links_lead_somewhere(page: str) -> None:
    """No link to a file that is not there."""
    file = ROOT / "docs" / page
    links = re.findall(r"\]\(([^)#]+)\)", file.read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("http") and not (file.parent / link).exists()] == []
