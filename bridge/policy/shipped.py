"""What comes with the bridge: the rules, which are the template of `presale-bridge init`, and the tickets that they were learned from."""

from __future__ import annotations

from pathlib import Path

import bridge


def shipped_rules() -> Path:
    """The file, in an installed package or in its source."""
    return shipped_file("rules.yaml")


def shipped_file(name: str) -> Path:
    """A file that stands beside the shipped rules."""
    package = Path(bridge.__file__).parent
    return next(path for path in (package / "data" / name, package.parent / name) if path.is_file())


def shipped_tickets() -> tuple[Path, ...]:
    """The example tickets that come with the bridge: what `presale-bridge learn` learns from beside one's own."""
    package = Path(bridge.__file__).parent
    folder = next(path for path in (package / "data" / "corpus", package.parent / "corpus") if path.is_dir())
    return tuple(sorted(folder.glob("*.yaml")))
