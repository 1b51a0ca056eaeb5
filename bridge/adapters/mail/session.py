"""One connection to an IMAP server: made, logged in, and every command's failure turned into one of the bridge's errors.

`imap_tools` has the connection, the folders and the search. Its `flag`, `delete` and `move` are not used: each ends with an EXPUNGE, which
would remove for good what people have only marked as deleted.
"""

from __future__ import annotations

import imaplib
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final, cast

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError
from imap_tools.mailbox import BaseMailBox, MailBox, MailBoxUnencrypted

from bridge.adapters.mail import faults
from bridge.adapters.mail.accounts import MailAccount, Patience, Security
from bridge.errors import BridgeError, PermanentError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imap_tools.folder import FolderInfo

UNSELECTABLE: Final = frozenset({"\\noselect", "\\nonexistent"})


class ImapSession:
    """A logged-in connection, of one thread. Every method raises `TemporaryError` or `PermanentError`, and nothing else."""

    def __init__(self, account: MailAccount, patience: Patience) -> None:
        self.account = account
        with self._guard():
            self._box = self._open(patience)
            self._box.client.sock.settimeout(patience.read.total_seconds())
            try:
                self._log_in()
                self._capabilities = _capabilities(self._box.client)
            except BaseException:
                self.drop()
                raise

    def close(self) -> None:
        """Log out, as far as the server still listens."""
        with suppress(OSError, imaplib.IMAP4.error, ImapToolsError):
            self._box.logout()
        self.drop()

    def drop(self) -> None:
        """End the connection without a word: the server may not answer any more."""
        _end(self._box)

    def alive(self) -> bool:
        """Whether the server still answers."""
        try:
            return bool(self._box.client.noop()[0] == "OK")
        except (OSError, imaplib.IMAP4.error):
            return False

    def look_again(self) -> None:
        """Let the server tell what others removed from the folder that is open: it may go on showing it until asked."""
        with self._guard():
            self._box.client.noop()

    def folders(self) -> tuple[FolderInfo, ...]:
        """All folders that can be opened."""
        with self._guard():
            found = self._box.folder.list()
        return tuple(one for one in found if not UNSELECTABLE & {flag.lower() for flag in one.flags})

    def select(self, folder: str, *, readonly: bool = False) -> int:
        """Open a folder; its UIDVALIDITY.

        Raises:
            PermanentError: it is not there (with those that are), or may not be opened.
        """
        with self._guard():
            try:
                self._box.folder.set(folder, readonly)
            except MailboxFolderSelectError:
                self._require(folder)
                raise
        return int(self._told("UIDVALIDITY") or b"0")

    def keeps(self, keyword: str) -> bool:
        """Whether flags of that name stay set in the folder that is open (PERMANENTFLAGS, RFC 9051 7.1)."""
        flags = self._told("PERMANENTFLAGS").decode("utf-8", "replace").strip("()").split()
        return "\\*" in flags or keyword.casefold() in {flag.casefold() for flag in flags}

    def search(self, criteria: str) -> list[str]:
        """UIDs in the folder that is open, in one request."""
        with self._guard():
            return self._box.uids(criteria, charset=None)

    def uid(self, command: str, *arguments: str) -> list[object]:
        """A UID command; its untagged answers, empty where it is about messages that are gone."""
        with self._guard():
            status, said = self._box.client.uid(command, *arguments)
            if status != "OK" and b"[EXPUNGEISSUED]" not in (said[0] or b""):
                raise faults.RefusedError(command, (status, said))
        return [item for item in said if item] if status == "OK" else []

    def can(self, capability: str) -> bool:
        """Whether the server has told that it can do this."""
        return capability in self._capabilities

    def _told(self, name: str) -> bytes:
        values = cast("list[bytes | None]", self._box.client.untagged_responses.get(name, []))
        return (values[-1] if values else b"") or b""

    def _require(self, folder: str) -> None:
        """Refuse a folder that is not there."""
        names = sorted(one.name for one in self._box.folder.list())
        if folder not in names and folder.upper() != "INBOX":
            raise PermanentError(f"{self.account}: there is no folder «{folder}»; there are: {', '.join(names)}")

    def _open(self, patience: Patience) -> BaseMailBox:
        account, wait = self.account, patience.connect.total_seconds()
        match account.security:
            case Security.TLS:
                return MailBox(account.host, account.port, wait, ssl_context=account.tls())
            case Security.STARTTLS:
                return self._open_starttls(wait)
            case Security.PLAIN:
                return MailBoxUnencrypted(account.host, account.port, wait)

    def _open_starttls(self, wait: float) -> BaseMailBox:
        account, context = self.account, self.account.tls()
        box = MailBoxUnencrypted(account.host, account.port, wait)
        if "STARTTLS" not in box.client.capabilities:
            _end(box)
            raise PermanentError(f"{account}: it offers no TLS; nothing was sent there")
        try:
            box.client.starttls(context)
        except BaseException:
            _end(box)
            raise
        return box

    def _log_in(self) -> None:
        account = self.account
        login = self._box.login_utf8 if "AUTH=PLAIN" in self._box.client.capabilities else self._box.login
        try:
            login(account.user, account.password, initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except UnicodeEncodeError:
            raise PermanentError(f"{account}: it takes no user or password with letters outside ASCII") from None
        except (imaplib.IMAP4.error, ImapToolsError) as error:
            words = re.sub(r"^.*?Data: |^b?'|'$", "", str(error))
            raise faults.of_login(account, faults.in_words(words)) from None

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (BridgeError, OSError, imaplib.IMAP4.error, ImapToolsError, faults.RefusedError, ValueError) as error:
            raise faults.of_imap(self.account, error) from error


def _end(box: BaseMailBox) -> None:
    with suppress(OSError):
        box.client.shutdown()


def _capabilities(client: imaplib.IMAP4) -> frozenset[str]:
    """What the server can do for this user: it tells more after the login, and `imaplib` asked before it."""
    said = cast("list[bytes | None]", client.capability()[1])
    return frozenset((said[-1] or b"").decode("ascii", "replace").upper().split()) if said else frozenset()
