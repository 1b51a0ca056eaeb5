"""The endpoints over real sockets on loopback: slow clients, too many of them, an address that is taken."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from bridge.errors import PermanentError
from bridge.web.server import ShortLived, WebServer, listen
from tests.unit.test_hooks import OURS, body, signature
from tests.unit.test_pages import Site

PATIENCE = 30
"""Seconds after which a test gives up; none of them waits for it when all is well."""


class Hasty(ShortLived):
    """Connections of a tenth of a second."""

    life = 0.1


@pytest.fixture
def site() -> Site:
    """What is served."""
    return Site()


@pytest.fixture
def address(site: Site) -> Iterator[tuple[str, int]]:
    """Where it is served; connections live for a tenth of a second."""
    listening = listen("127.0.0.1:0")
    server = WebServer(site.app, listening, Hasty)
    server.start()
    yield listening.getsockname()
    server.stop()


def test_a_webhook_over_http(site: Site, address: tuple[str, int]) -> None:
    """From a client like Redmine's to the set of tickets that wait."""
    content = body(OURS)
    headers = {"Content-Type": "application/json", "X-Redmine-Signature-256": signature(content)}
    url = f"http://{address[0]}:{address[1]}/hook"
    assert requests.post(url, content, headers=headers, timeout=PATIENCE).status_code == 202
    assert len(site.hints) == 1


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="says nothing"),
        pytest.param(b"POST /hook HTTP/1.1\r\nX: ", id="a head that does not end"),
        pytest.param(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", id="a body that does not end"),
    ],
)
def test_a_slow_client_is_cut_off(site: Site, address: tuple[str, int], sent: bytes) -> None:
    """Its connection ends though it never does; others are answered all the while."""
    with socket.create_connection(address, timeout=PATIENCE) as slow:
        slow.sendall(sent)
        assert requests.get(f"http://{address[0]}:{address[1]}/healthz", timeout=PATIENCE).status_code == 200
        assert _until_the_end(slow) in (b"", b"408", b"415")
    assert len(site.hints) == 0


def _until_the_end(connection: socket.socket) -> bytes:
    """The status that came before the connection's end; empty where none did."""
    said = b""
    try:
        while piece := connection.recv(4096):
            said += piece
    except ConnectionResetError:
        pass
    return said[9:12]


def test_a_head_without_bounds_is_refused(address: tuple[str, int]) -> None:
    """More than 16 kB of headers are nobody's."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000)
        assert _until_the_end(connection) in (b"", b"400", b"431")


def test_garbage_is_answered_as_such(address: tuple[str, int]) -> None:
    """What is no HTTP ends the connection and nothing else."""
    with socket.create_connection(address, timeout=PATIENCE) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")
        assert _until_the_end(connection) in (b"", b"400")
    assert requests.get(f"http://{address[0]}:{address[1]}/healthz", timeout=PATIENCE).status_code == 200


def test_nothing_is_said_of_what_serves(address: tuple[str, int]) -> None:
    """No name or version of the server."""
    answer = requests.get(f"http://{address[0]}:{address[1]}/healthz", timeout=PATIENCE)
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "given", ["", "8321", ":8321", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:99999", "256.1.1.1:80"]
)
def test_addresses_that_cannot_be_listened_at(given: str) -> None:
    """One sentence with what was given."""
    with pytest.raises(PermanentError) as caught:
        listen(given)
    assert given in str(caught.value)


def test_an_address_that_is_taken() -> None:
    """The service says so before it begins, instead of working unseen."""
    with listen("127.0.0.1:0") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PermanentError, match=f"cannot listen at 127.0.0.1:{port}"):
            listen(f"127.0.0.1:{port}")


def test_an_ipv6_address_is_one() -> None:
    """Written as in a URL; a machine without IPv6 has nothing to try it on."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    listen("[::1]:0").close()
