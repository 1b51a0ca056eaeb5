"""The transport over real sockets: what a mock cannot show."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.adapters.redmine import Connection, connect
from bridge.adapters.redmine.engine import Patience
from bridge.demo.mail_ca import OwnCa
from bridge.errors import PermanentError, TemporaryError, UnknownOutcomeError

KEY = "0123456789abcdef0123456789abcdef01234567"
QUICK = Patience(timedelta(seconds=5), timedelta(seconds=1), 2, timedelta(0), timedelta(0))
GOOD = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"issues": 1}'
DONE = b"HTTP/1.1 204 No Content\r\n\r\n"
BUSY = b"HTTP/1.1 503 Busy\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"
CUT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
CUT_CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"
GARBAGE = b"\x00\x01\x02 no HTTP at all\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BOMB = gzip.compress(b" " * 2**20)
SILENCE = b""
HANG = b"hang"
DRIP = b"drip"
SHORT = replace(QUICK, read=timedelta(seconds=0.2), retries=0)
SMALL = replace(QUICK, at_most=2**16)


@dataclass
class Script:
    """A server that plays one answer per connection and keeps what it was sent."""

    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    requests: list[bytes] = field(default_factory=list)
    threads: list[threading.Thread] = field(default_factory=list)
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"

    def play(self, *answers: bytes) -> None:
        """Serve these answers from now on."""
        self.threads.append(threading.Thread(target=self._serve, args=answers))
        self.threads[-1].start()

    def _serve(self, *answers: bytes) -> None:
        with suppress(OSError):
            for answer in answers:
                connection, _ = self.listener.accept()
                with connection, suppress(ConnectionError, ssl.SSLError):
                    self._answer(self.tls.wrap_socket(connection, server_side=True) if self.tls else connection, answer)

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        self.requests.append(connection.recv(65536))
        if answer == HANG:
            connection.recv(1)  # until the client gives up
            return
        whole, _, piece = answer.partition(DRIP)
        connection.sendall(whole)
        while piece:  # as well
            connection.sendall(piece)
            connection.settimeout(0.05)
            with suppress(TimeoutError):
                piece = piece if connection.recv(1) else b""

    def stop(self) -> None:
        """Let nobody wait for another connection."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join()

    def ask(self, method: str, patience: Patience = QUICK) -> Any:
        """One request of the bridge."""
        redmine = connect(Connection(self.url, KEY, patience=patience))
        data = None if method == "get" else {"issue": {"notes": "Ответ"}}
        return redmine.engine.request(method, f"{self.url}/issues/7.json", data=data)


@pytest.fixture
def script() -> Iterator[Script]:
    """A server."""
    server = Script()
    yield server
    server.stop()


@pytest.fixture
def other() -> Iterator[Script]:
    """Another server."""
    server = Script()
    yield server
    server.stop()


@pytest.mark.parametrize(
    "answers",
    [
        pytest.param((BUSY, BUSY, GOOD), id="busy twice"),
        pytest.param((SILENCE, SILENCE, GOOD), id="connection lost twice"),
        pytest.param((HANG, GOOD), id="no answer in time"),
    ],
)
def test_trap_4_reading_goes_on_until_an_answer_comes(script: Script, answers: tuple[bytes, ...]) -> None:
    """What passes is waited for, and the caller sees the good answer."""
    script.play(*answers)
    assert script.ask("get") == {"issues": 1}


@pytest.mark.parametrize("answer", [CUT, CUT_CHUNK], ids=["by length", "by chunk"])
def test_an_answer_that_is_cut_off(script: Script, answer: bytes) -> None:
    """Half an answer is no answer: temporary for reading."""
    script.play(answer)
    with pytest.raises(TemporaryError, match="cut off"):
        script.ask("get")


@pytest.mark.parametrize(
    "answer", [CUT, CUT_CHUNK, GARBAGE, SILENCE, HANG], ids=["cut", "chunk", "garbage", "lost", "hang"]
)
def test_w3_a_write_without_a_whole_answer_is_unknown(script: Script, answer: bytes) -> None:
    """Sent once and only once, and nobody knows whether it was done (trap 3: the time-out is applied)."""
    script.play(answer, DONE)
    with pytest.raises(UnknownOutcomeError):
        script.ask("put")
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("answer", "patience", "why"),
    [
        pytest.param(b"H" + DRIP + b"T", SHORT, "time-out", id="a first line that drips"),
        pytest.param(HEAD + DRIP + b"X: y\r\n", SHORT, "time-out", id="headers that drip"),
        pytest.param(HEAD + b"\r\n" + DRIP + b" ", SHORT, "time-out", id="a body that drips to no end"),
        pytest.param(
            HEAD + b"Content-Length: 99\r\n\r\n" + DRIP + b" ", SHORT, "time-out", id="a short body that drips"
        ),
        pytest.param(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + DRIP + b"1\r\n \r\n",
            SHORT,
            "time-out",
            id="chunks that drip",
        ),
        pytest.param(HEAD + b"\r\n" + DRIP + b" " * 2**16, SMALL, "more than 65536 bytes", id="a body that never ends"),
        pytest.param(
            HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB,
            SMALL,
            "more than 65536 bytes",
            id="a small body that unpacks to a big one",
        ),
    ],
)
def test_w3_an_answer_is_bounded(script: Script, answer: bytes, patience: Patience, why: str) -> None:
    """Whatever it does, an answer ends for its reader: as half an answer, and a write as of unknown outcome, sent once."""
    script.play(answer, answer)
    for method, kind in (("get", TemporaryError), ("put", UnknownOutcomeError)):
        with pytest.raises(kind, match=f"no whole answer .*({why})"):
            script.ask(method, patience)
    assert len(script.requests) == 2


def test_a_whole_answer_of_the_greatest_size(script: Script) -> None:
    """The bound itself is taken."""
    body = b'{"issues": 1}'.ljust(SMALL.at_most)
    script.play(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert script.ask("get", SMALL) == {"issues": 1}


def test_w3_a_write_that_could_not_be_sent_is_temporary(script: Script) -> None:
    """Where nobody listens nothing was done."""
    url = script.url
    script.stop()
    redmine = connect(Connection(url, KEY, patience=QUICK))
    with pytest.raises(TemporaryError) as caught:
        redmine.engine.request("put", f"{url}/issues/7.json", data={})
    assert not isinstance(caught.value, UnknownOutcomeError)


def test_trap_8_the_key_does_not_follow_a_redirect(script: Script, other: Script) -> None:
    """The server that the redirect points to is never spoken to."""
    other.play(GOOD)
    script.play(f"HTTP/1.1 302 Found\r\nLocation: {other.url}/x\r\nContent-Length: 0\r\n\r\n".encode())
    with pytest.raises(PermanentError, match="REDMINE_URL"):
        script.ask("get")
    other.stop()
    assert other.requests == []


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> OwnCa:
    """An authority of somebody's own, with a server's certificate."""
    return OwnCa(tmp_path_factory.mktemp("ca")).make("localhost")


def test_a_certificate_of_ones_own_authority(script: Script, own: OwnCa) -> None:
    """It is believed where the file is named, and not without."""
    script.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    script.tls.load_cert_chain(own.certificate, own.key)
    script.play(GOOD, GOOD)
    url = f"https://localhost:{script.listener.getsockname()[1]}"
    with pytest.raises(PermanentError, match="not trusted"):
        connect(Connection(url, KEY, patience=QUICK)).engine.request("put", f"{url}/issues/7.json", data={})
    trusting = connect(Connection(url, KEY, patience=QUICK, ca=str(own.ca)))
    assert trusting.engine.request("get", f"{url}/issues.json") == {"issues": 1}


def test_the_key_goes_in_a_header_only(script: Script) -> None:
    """Neither the path nor the body has it: both end up in logs of servers."""
    script.play(DONE)
    assert script.ask("put") is True
    (sent,) = script.requests
    lines = sent.split(b"\r\n")
    assert [line for line in lines if KEY.encode() in line] == [f"X-Redmine-API-Key: {KEY}".encode()]
