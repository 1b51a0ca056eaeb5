"""The rules that come with the bridge: the template of `presale-bridge init`."""

from __future__ import annotations

from pathlib import Path

import bridge


def shipped_rules() -> Path:
    """The file, in an installed package or in its source."""
    package = Path(bridge.__file__).parent
    return next(path for path in (package / "data" / "rules.yaml", package.parent / "rules.yaml") if path.is_file())
