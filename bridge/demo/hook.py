"""The plugin that tells the bridge at once which ticket has changed: its files, and its settings as an administrator enters them."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import requests

import bridge
from bridge.errors import PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterable

NAME: Final = "redmine_presale_hook"
PAGE: Final = f"/settings/plugin/{NAME}"
TOKEN: Final = re.compile(r'name="authenticity_token" value="([^"]+)"')
TIMEOUT: Final = 60.0


def plugin() -> Path:
    """The plugin's folder, in an installed package or in its source."""
    package = Path(bridge.__file__).parent
    return next(path for path in (package / "data" / NAME, package.parent / "contrib" / NAME) if path.is_dir())


def plugin_files() -> tuple[Path, ...]:
    """What Redmine reads of it."""
    found = (
        path for path in plugin().rglob("*") if path.suffix in {".rb", ".erb", ".yml"} and path.parent.name != "test"
    )
    return tuple(sorted(found))


class Browser:
    """The administrator's browser: what REST cannot do."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._session = requests.Session()
        self.send("/login", [("username", "admin"), ("password", password)], seen_at="/login")

    def page(self, path: str) -> str:
        """A page's HTML."""
        return self._answered(self._session.get(self._url + path, timeout=TIMEOUT))

    def send(self, path: str, values: Iterable[tuple[str, str]], *, seen_at: str) -> str:
        """Fill in the form of a page, and send it; the page that comes then."""
        token = TOKEN.search(self.page(seen_at))
        if token is None:
            raise PermanentError(f"{self._url}{seen_at} has no form")
        filled = [*values, ("authenticity_token", html.unescape(token[1]))]
        return self._answered(self._session.post(self._url + path, data=filled, timeout=TIMEOUT))

    def set_hook(self, url: str, secret: str = "", *, trackers: Iterable[int] = (), ca_file: str = "") -> None:
        """Enter the plugin's settings; no address turns it off, no secret keeps the one there is, no tracker means all."""
        values = [("settings[url]", url), ("settings[secret]", secret), ("settings[ca_file]", ca_file)]
        chosen = [("settings[trackers][]", str(tracker)) for tracker in trackers]
        self.send(PAGE, [*values, *chosen], seen_at=PAGE)

    @staticmethod
    def _answered(answer: requests.Response) -> str:
        if not answer.ok:
            raise PermanentError(f"{answer.url}: {answer.status_code}")
        return answer.text
