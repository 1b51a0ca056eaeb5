"""`bridge.mail_ports.Mailbox` in memory, with the real one's behaviour and hooks for what goes wrong."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes

from bridge.adapters.mail.mailbox import KEYWORD
from bridge.core.policy import Mail
from bridge.errors import BridgeError, PermanentError
from bridge.mail_ports import Waiting


@dataclass
class StoredMail:
    """A message in a folder."""

    uid: int
    raw: bytes
    arrived_at: datetime
    flags: set[str] = field(default_factory=set)

    @property
    def message_id(self) -> str:
        """Without angle brackets."""
        return str(message_from_bytes(self.raw).get("Message-ID", "")).strip().strip("<>")


@dataclass
class FakeFolder:
    """Messages; `keywords` False is a folder that keeps none."""

    validity: int = 1
    keywords: bool = True
    next_uid: int = 1
    mails: list[StoredMail] = field(default_factory=list)

    def add(self, raw: bytes, at: datetime, flags: set[str] | None = None) -> StoredMail:
        """One more message."""
        mail = StoredMail(self.next_uid, raw, at, set(flags or ()))
        self.next_uid += 1
        self.mails.append(mail)
        return mail


def _folders() -> dict[str, FakeFolder]:
    return {"INBOX": FakeFolder(), "Sent": FakeFolder()}


@dataclass
class FakeMailStore:
    """What a server keeps for one address; `sessions` over it see each other's changes."""

    folders: dict[str, FakeFolder] = field(default_factory=_folders)

    def deliver(self, raw: bytes, at: datetime, folder: str = "INBOX", flags: set[str] | None = None) -> StoredMail:
        """A message arrives."""
        return self.folders.setdefault(folder, FakeFolder()).add(raw, at, flags)

    def make_folder(self, folder: str, *, keywords: bool = True) -> None:
        """A new folder."""
        self.folders[folder] = FakeFolder(keywords=keywords)

    def make_anew(self, folder: str) -> None:
        """The folder gets other UIDs under another UIDVALIDITY, as after a restored backup."""
        old = self.folders[folder]
        new = self.folders[folder] = FakeFolder(old.validity + 1, old.keywords)
        for mail in old.mails:
            new.add(mail.raw, mail.arrived_at, mail.flags)

    def expunge(self, folder: str = "INBOX") -> None:
        """A person deletes everything in a folder."""
        self.folders[folder].mails.clear()


@dataclass
class FakeMailbox:
    """A mailbox over a `FakeMailStore`.

    Hooks: `before` and `after` have, by the method's name, errors for its next calls, raised before or after it did its work (None: that
    call goes well). `calls` lists what was asked for.
    """

    store: FakeMailStore
    rules: Mail
    before: defaultdict[str, deque[BridgeError | None]] = field(default_factory=lambda: defaultdict(deque))
    after: defaultdict[str, deque[BridgeError | None]] = field(default_factory=lambda: defaultdict(deque))
    calls: list[str] = field(default_factory=list)

    def waiting(self, since: datetime) -> Iterator[Waiting]:
        """See `Mailbox.waiting`."""
        self._begin("waiting")
        if self.rules.move_to:
            self._folder(self.rules.move_to)
        found = [one for name in self.rules.folders for one in self._waiting_in(name) if one.arrived_at >= since]
        self._fail(self.after["waiting"])
        return iter(sorted(found, key=lambda one: one.arrived_at))

    def fetch(self, waiting: Waiting, at_most: int) -> bytes:
        """See `Mailbox.fetch`."""
        self._begin("fetch")
        mail = self._find(waiting)
        self._fail(self.after["fetch"])
        return mail.raw[:at_most] if mail else b""

    def mark(self, waiting: Waiting, *, handled: bool = True) -> None:
        """See `Mailbox.mark`."""
        self._begin("mark")
        mail = self._find(waiting)
        if mail:
            mail.flags |= {KEYWORD, "\\Seen"} if self.rules.mark_seen and handled else {KEYWORD}
            if handled:
                self._move(mail, waiting.folder)
        self._fail(self.after["mark"])

    def has(self, message_id: str) -> bool:
        """See `Mailbox.has`."""
        self._begin("has")
        names = (*self.rules.folders, *filter(None, [self.rules.move_to]), "Sent")
        searched = [self.store.folders[name] for name in names if name in self.store.folders]
        found = any(mail.message_id.lower() == message_id.lower() for folder in searched for mail in folder.mails)
        self._fail(self.after["has"])
        return bool(message_id) and found

    def close(self) -> None:
        """Nothing is open."""

    def _waiting_in(self, name: str) -> Iterator[Waiting]:
        folder = self._folder(name)
        if not folder.keywords:
            raise PermanentError(
                f"folder «{name}» keeps no keywords, and the bridge marks with one what it has handled"
            )
        for mail in folder.mails:
            if not mail.flags & {KEYWORD, "\\Deleted"}:
                yield Waiting(name, f"{folder.validity}:{mail.uid}", mail.arrived_at, len(mail.raw))

    def _folder(self, name: str) -> FakeFolder:
        if name not in self.store.folders:
            there = ", ".join(sorted(self.store.folders))
            raise PermanentError(f"there is no folder «{name}»; there are: {there}")
        return self.store.folders[name]

    def _find(self, waiting: Waiting) -> StoredMail | None:
        folder = self._folder(waiting.folder)
        named = ((f"{folder.validity}:{mail.uid}", mail) for mail in folder.mails)
        return next((mail for uid, mail in named if uid == waiting.uid), None)

    def _move(self, mail: StoredMail, source: str) -> None:
        if self.rules.move_to and self.rules.move_to != source:
            self._folder(source).mails.remove(mail)
            self._folder(self.rules.move_to).add(mail.raw, mail.arrived_at, mail.flags)

    def _begin(self, name: str) -> None:
        self.calls.append(name)
        self._fail(self.before[name])

    @staticmethod
    def _fail(errors: deque[BridgeError | None]) -> None:
        error = errors.popleft() if errors else None
        if error:
            raise error
