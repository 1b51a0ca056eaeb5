"""What the machine's operator sets: environment and secrets, never in rules.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bridge.errors import PermanentError

RULES_NAMES: Final = (Path("rules.yaml"), Path("/etc/presale-bridge/rules.yaml"))
DEFAULT_STORE: Final = "sqlite:////var/lib/presale-bridge/state.db"
DEFAULT_LISTEN: Final = "127.0.0.1:8321"
SHORTEST_SECRET: Final = 16


@dataclass(frozen=True, slots=True)
class Settings:
    """Where Redmine and the store are, and the key; the key shows in no text made of this."""

    redmine_url: str = ""
    redmine_key: str = field(default="", repr=False)
    store_url: str = DEFAULT_STORE
    plain_http: frozenset[str] = frozenset()
    ca: str = ""
    imap_url: str = ""
    imap_password: str = field(default="", repr=False)
    smtp_url: str = ""
    smtp_password: str = field(default="", repr=False)
    mail_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    impersonation_key: str = field(default="", repr=False)
    listen: str = ""
    hook_secrets: tuple[bytes, ...] = field(default=(), repr=False)
    hook_token: bytes = field(default=b"", repr=False)
    heartbeat_url: str = field(default="", repr=False)

    def require_mail(self) -> None:
        """Refuse to work on mail without servers and the secret of the threads.

        Raises:
            PermanentError: one is missing; the message says which variable to set.
        """
        needed = {
            "PRESALE_BRIDGE_IMAP": (self.imap_url, "the mailbox, like imaps://presale@mail.example.com"),
            "PRESALE_BRIDGE_SMTP": (
                self.smtp_url,
                "the server for answers, like smtp+starttls://presale@mail.example.com",
            ),
            "PRESALE_BRIDGE_MAIL_SECRET_FILE": (
                self.mail_secrets,
                "a file with a line of 16 or more random characters",
            ),
        }
        missing = [f"{name} ({what})" for name, (value, what) in needed.items() if not value]
        if missing:
            raise PermanentError(f"The rules have a section `mail`, but these are not set: {'; '.join(missing)}")

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
    For mail: `PRESALE_BRIDGE_IMAP` and `PRESALE_BRIDGE_SMTP` (URLs with the user in them), `…_IMAP_PASSWORD_FILE`, `…_SMTP_PASSWORD_FILE`,
    `…_MAIL_SECRET_FILE` (a secret a line, the present one first), `…_IMPERSONATION_KEY_FILE` (only for `mail.own_name`).
    For the service: `…_LISTEN` (host:port), `…_HOOK_SECRET_FILE` (what webhooks are signed with; any line holds), `…_HOOK_TOKEN_FILE` (the end
    of the URL for senders that cannot sign), `…_HEARTBEAT_URL`.

    Raises:
        PermanentError: a file with a secret cannot be read, or both ways to give the key are used.
    """
    prefix = "PRESALE_BRIDGE_"
    return Settings(
        redmine_url=environment.get("REDMINE_URL", "").strip(),
        redmine_key=_key(environment),
        store_url=_store(environment),
        plain_http=frozenset(environment.get("PRESALE_BRIDGE_PLAIN_HTTP", "").split()),
        ca=environment.get("PRESALE_BRIDGE_CA", ""),
        imap_url=environment.get(f"{prefix}IMAP", "").strip(),
        imap_password=_secret(environment, f"{prefix}IMAP_PASSWORD_FILE"),
        smtp_url=environment.get(f"{prefix}SMTP", "").strip(),
        smtp_password=_secret(environment, f"{prefix}SMTP_PASSWORD_FILE"),
        mail_secrets=tuple(
            line.strip().encode()
            for line in _secret(environment, f"{prefix}MAIL_SECRET_FILE").splitlines()
            if line.strip()
        ),
        impersonation_key=_secret(environment, f"{prefix}IMPERSONATION_KEY_FILE"),
        listen=environment.get(f"{prefix}LISTEN", "").strip(),
        hook_secrets=_lines(environment, f"{prefix}HOOK_SECRET_FILE"),
        hook_token=next(iter(_lines(environment, f"{prefix}HOOK_TOKEN_FILE")), b""),
        heartbeat_url=environment.get(f"{prefix}HEARTBEAT_URL", "").strip(),
    )


def _lines(environment: Mapping[str, str], variable: str) -> tuple[bytes, ...]:
    """The secrets of a file, one a line; short ones, which could be guessed, are refused."""
    found = tuple(line.strip().encode() for line in _secret(environment, variable).splitlines() if line.strip())
    if environment.get(variable) and (not found or min(map(len, found)) < SHORTEST_SECRET):
        raise PermanentError(f"The file of {variable} has to have lines of {SHORTEST_SECRET} or more random characters")
    return found


def _secret(environment: Mapping[str, str], variable: str, encoding: str = "utf-8") -> str:
    """What the file has that a variable names; empty where it names none."""
    file = environment.get(variable, "")
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding=encoding).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise PermanentError(f"The file {file} of {variable} cannot be read: {type(error).__name__}") from None


def _key(environment: Mapping[str, str]) -> str:
    key, file = environment.get("REDMINE_API_KEY", "").strip(), environment.get("REDMINE_API_KEY_FILE", "")
    if key and file:
        raise PermanentError("Both REDMINE_API_KEY and REDMINE_API_KEY_FILE are set; use one of them")
    if not file:
        return key
    return _secret(environment, "REDMINE_API_KEY_FILE", "ascii")


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
