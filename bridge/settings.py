"""What the machine's operator sets: environment and secrets, never in rules.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridge.errors import PermanentError

RULES_NAMES: Final = (Path("rules.yaml"), Path("/etc/presale-bridge/rules.yaml"))
DEFAULT_STORE: Final = "sqlite:////var/lib/presale-bridge/state.db"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Redmine and the store are, and the key; the key shows in no text made of this."""

    redmine_url: str = ""
    redmine_key: str = field(default="", repr=False)
    store_url: str = DEFAULT_STORE
    plain_http: frozenset[str] = frozenset()
    ca: str = ""

    def require_redmine(self) -> None:
        """Refuse to go on without an address and a key.

        Raises:
            PermanentError: one of them is missing; the message says which variable to set.
        """
        if not self.redmine_url:
            raise PermanentError(
                "Redmine's address is not set; put it into the variable REDMINE_URL, like https://redmine.example.com"
            )
        if not self.redmine_key:
            raise PermanentError(
                "The account's API key is not set; put it into a file that only the bridge may read and its path into "
                "REDMINE_API_KEY_FILE, or the key itself into REDMINE_API_KEY"
            )


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment.

    Variables: `REDMINE_URL`; `REDMINE_API_KEY` or `REDMINE_API_KEY_FILE`; `PRESALE_BRIDGE_STORE` (a database's URL or a file's path);
    `PRESALE_BRIDGE_PLAIN_HTTP` (hosts that may be spoken to without TLS); `PRESALE_BRIDGE_CA` (a file with certificates to trust).

    Raises:
        PermanentError: the key's file cannot be read, or both ways to give the key are used.
    """
    return Settings(
        redmine_url=environment.get("REDMINE_URL", "").strip(),
        redmine_key=_key(environment),
        store_url=_store(environment),
        plain_http=frozenset(environment.get("PRESALE_BRIDGE_PLAIN_HTTP", "").split()),
        ca=environment.get("PRESALE_BRIDGE_CA", ""),
    )


def _key(environment: Mapping[str, str]) -> str:
    key, file = environment.get("REDMINE_API_KEY", "").strip(), environment.get("REDMINE_API_KEY_FILE", "")
    if key and file:
        raise PermanentError("Both REDMINE_API_KEY and REDMINE_API_KEY_FILE are set; use one of them")
    if not file:
        return key
    try:
        return Path(file).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"The key's file {file} cannot be read: {type(error).__name__}") from None


def _store(environment: Mapping[str, str]) -> str:
    given = environment.get("PRESALE_BRIDGE_STORE", "").strip()
    if given and "://" not in given:
        return f"sqlite:///{Path(given).absolute()}"
    if given:
        return given
    state = environment.get("STATE_DIRECTORY", "").split(":")[0]
    return f"sqlite:///{Path(state).absolute()}/state.db" if state else DEFAULT_STORE


def find_rules(given: str | None) -> Path:
    """The rules file: the one named, else `./rules.yaml`, else the one under /etc.

    Raises:
        PermanentError: there is none.
    """
    if given:
        return Path(given)
    found = next((path for path in RULES_NAMES if path.is_file()), None)
    if found is None:
        raise PermanentError(
            f"No rules file: neither {' nor '.join(map(str, RULES_NAMES))} is there; name one with --rules"
        )
    return found
