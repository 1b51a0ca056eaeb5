"""A server for one conversation at a time that follows a script: for what a sound mail server never does."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

LOOPBACK = "127.0.0.1"


@dataclass
class BadServer:
    """Says `greeting`, then answers each line that starts with a word of `answers` (upper case; IMAP tags are left out) with its text.

    `{tag}` in an answer becomes the client's tag. An answer of None cuts the connection; so does the end of DATA («.»), unless it has an
    answer; `silent` lines get none at all. `lines` is what clients said.
    """

    greeting: str
    answers: dict[str, str | None] = field(default_factory=dict)
    silent: frozenset[str] = frozenset()
    tagged: bool = False
    lines: list[str] = field(default_factory=list)
    port: int = 0
    client: socket.socket | None = None

    def talk(self, client: socket.socket) -> None:
        """One conversation."""
        self.client = client
        with client, client.makefile("rb") as lines, contextlib.suppress(OSError):
            client.sendall(self.greeting.encode() + b"\r\n")
            for line in lines:
                answer = self._answer(line.decode("utf-8", "replace").rstrip("\r\n"))
                if answer is None:
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(answer.encode())

    def _answer(self, line: str) -> str | None:
        self.lines.append(line)
        tag, _, said = line.partition(" ") if self.tagged else ("", "", line)
        if any(said.upper().startswith(word) for word in self.silent):
            return ""
        found = [word for word in self.answers if said.upper().startswith(word)]
        if not found:
            return "" if self._in_data else f"{tag} BAD what?\r\n" if self.tagged else "500 what?\r\n"
        text = self.answers[max(found, key=len)]
        return text if text is None else text.replace("{tag}", tag)

    @property
    def _in_data(self) -> bool:
        return any(before.upper() == "DATA" for before, _ in pairwise(self.lines))


@contextlib.contextmanager
def serving(server: BadServer) -> Iterator[BadServer]:
    """Let it listen on a free port of loopback, until the end of the block."""
    with socket.create_server((LOOPBACK, 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(listener, server), daemon=True)
        thread.start()
        yield server
        for open_one in filter(None, (listener, server.client)):
            with contextlib.suppress(OSError):
                open_one.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _serve(listener: socket.socket, server: BadServer) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            server.talk(client)


def smtp(**answers: str | None) -> BadServer:
    """An SMTP server that takes everything, except what is said otherwise (`DATA=None` cuts the connection at that command; `dot`: the end of DATA)."""
    usual: dict[str, str | None] = {
        "EHLO": "250-bad.test\r\n250 8BITMIME\r\n",
        "MAIL": "250 ok\r\n",
        "RCPT": "250 ok\r\n",
        "DATA": "354 go on\r\n",
        "QUIT": "221 bye\r\n",
        ".": "250 taken\r\n",
    }
    given = {"." if name == "dot" else name: text for name, text in answers.items()}
    return BadServer("220 bad.test ESMTP", usual | given)


def imap(capabilities: str = "IMAP4rev1", flags: str = "\\*", **answers: str | None) -> BadServer:
    """An IMAP server with an INBOX of one message, except where said otherwise."""
    usual: dict[str, str | None] = {
        "CAPABILITY": f"* CAPABILITY {capabilities}\r\n{{tag}} OK done\r\n",
        "LOGIN": "{tag} OK in\r\n",
        "EXAMINE": "* 1 EXISTS\r\n* OK [UIDVALIDITY 9] x\r\n{tag} OK [READ-ONLY] ok\r\n",
        "SELECT": f"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [PERMANENTFLAGS ({flags})] x\r\n{{tag}} OK [READ-WRITE] ok\r\n",
        "LIST": '* LIST () "/" INBOX\r\n{tag} OK done\r\n',
        "NOOP": "{tag} OK done\r\n",
        "LOGOUT": "* BYE bye\r\n{tag} OK done\r\n",
        "UID SEARCH": "* SEARCH 5\r\n{tag} OK done\r\n",
        "UID FETCH": '* 1 FETCH (UID 5 INTERNALDATE "16-Nov-2026 10:00:00 +0300" RFC822.SIZE 12)\r\n{tag} OK done\r\n',
        "UID STORE": "* 1 FETCH (UID 5 FLAGS (PresaleBridge))\r\n{tag} OK done\r\n",
    }
    return BadServer(
        "* OK ready", usual | {name.replace("_", " "): text for name, text in answers.items()}, tagged=True
    )
