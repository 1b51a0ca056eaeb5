"""A proxy on loopback between the bridge and a mail server, with the server's own certificate: it counts commands, and cuts lines."""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from bridge.demo.mailserver import HOST, MailServer

LOOPBACK = "127.0.0.1"
DOT = b"\r\n.\r\n"
PATIENCE = 30.0


@dataclass
class MailProxy:
    """Passes on what clients of `target` (a port with TLS) and the server say; `lines` is what clients said.

    `cut` cuts the connection at the end of the next mails' DATA: «before» the server has the final dot, or «after» it has taken the mail;
    each word once.
    """

    server: MailServer
    target: int
    cut: list[str] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    port: int = 0

    @property
    def commands(self) -> list[str]:
        """The IMAP commands, in order, without tags and literals."""
        words = (line.decode("latin-1").split(" ") for line in self.lines)
        return [" ".join(one[1:3]) if one[1:2] == ["UID"] else one[1] for one in words if len(one) > 1]

    @contextmanager
    def running(self) -> Iterator[MailProxy]:
        """Listen, inside."""
        with socket.create_server((LOOPBACK, 0)) as listener:
            self.port = listener.getsockname()[1]
            threading.Thread(target=self._serve, args=(listener,), daemon=True).start()
            yield self
            listener.shutdown(socket.SHUT_RDWR)

    def _serve(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, plain: socket.socket) -> None:
        with ExitStack() as stack, suppress(OSError):
            client = stack.enter_context(self._own().wrap_socket(plain, server_side=True))
            behind = socket.create_connection((HOST, self.target), PATIENCE)
            server = stack.enter_context(self._theirs().wrap_socket(behind, server_hostname=HOST))
            self._pump(client, server)

    def _pump(self, client: ssl.SSLSocket, server: ssl.SSLSocket) -> None:
        tail = b""
        while True:
            for one in self._readable(client, server):
                data = one.recv(65536)
                if not data:
                    return
                if one is server:
                    client.sendall(data)
                    continue
                self.lines += data.splitlines()
                tail = (tail + data)[-len(data) - len(DOT) :]
                if tail.endswith(DOT) and self.cut:
                    self._cut(data, server)
                    return
                server.sendall(data)

    def _readable(self, *both: ssl.SSLSocket) -> list[ssl.SSLSocket]:
        pending = [one for one in both if one.pending()]
        return pending or select.select(both, (), (), PATIENCE)[0]

    def _cut(self, data: bytes, server: ssl.SSLSocket) -> None:
        """Hang up, before the server has the dot, or when it has said that it took the mail."""
        if self.cut.pop(0) == "after":
            server.sendall(data)
            assert server.recv(4096).startswith(b"2")

    def _own(self) -> ssl.SSLContext:
        tls = self.server.home / "tls"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls / "server.pem", tls / "server.key")
        return context

    def _theirs(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.server.ca))
