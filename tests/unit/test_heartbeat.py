"""The dead-man's switch: sent after a good pass, bounded, and never the reason of trouble."""

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest
import requests
import responses

from bridge.errors import PermanentError
from bridge.service.heartbeat import Heartbeat, ask, checked

URL = "https://hc.example.com/ping/5ec7e7"


def make(url: str = URL, ask: Callable[[str], None] = lambda _: None) -> tuple[Heartbeat, list[bool]]:
    """One that is sent in the same thread, with what it told."""
    told: list[bool] = []

    def count(*, ok: bool) -> None:
        told.append(ok)

    return Heartbeat(url, count, ask, lambda work: work()), told


def test_it_is_sent() -> None:
    """One request."""
    heartbeat, told = make()
    heartbeat.beat()
    assert told == [True]


def test_without_a_url_nothing_is_sent() -> None:
    """As shipped."""
    heartbeat, told = make("")
    heartbeat.beat()
    assert told == []


@pytest.mark.parametrize(
    "error", [requests.ConnectTimeout(URL), requests.ConnectionError(URL), requests.HTTPError(URL)]
)
def test_a_failure_is_only_logged(error: requests.RequestException, caplog: pytest.LogCaptureFixture) -> None:
    """Without the URL, whose path is a secret; and the next one is sent."""

    def fail(_: str) -> None:
        raise error

    heartbeat, told = make(ask=fail)
    with caplog.at_level(logging.WARNING, logger="bridge"):
        heartbeat.beat()
        heartbeat.beat()
    assert told == [False, False]
    assert type(error).__name__ in caplog.text
    assert "5ec7e7" not in caplog.text


def test_one_that_hangs_is_not_followed_by_others() -> None:
    """At most one is under way, and the worker waits for none."""
    works: list[Callable[[], None]] = []
    told: list[bool] = []

    def count(*, ok: bool) -> None:
        told.append(ok)

    heartbeat = Heartbeat(URL, count, lambda _: None, works.append)
    heartbeat.beat()
    heartbeat.beat()
    assert len(works) == 1
    works.pop()()
    heartbeat.beat()
    assert (len(works), told) == (1, [True])


@pytest.mark.parametrize(("status", "good"), [(200, True), (204, True), (404, False), (500, False)])
def test_what_counts_as_taken(status: int, good: bool) -> None:
    """An answer of success."""
    with responses.RequestsMock() as web:
        web.get(URL, status=status)
        try:
            ask(URL)
        except requests.HTTPError:
            assert not good
        else:
            assert good


def test_it_follows_no_redirect() -> None:
    """The secret in its path goes to no other host."""
    with responses.RequestsMock() as web:
        web.get(URL, status=302, headers={"Location": "https://elsewhere.example.com/"})
        ask(URL)
        assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        pytest.param("hc.example.com/ping", "is no URL", id="no scheme"),
        pytest.param("file:///etc/passwd", "is no URL", id="another scheme"),
        pytest.param("https:///ping", "is no URL", id="no host"),
        pytest.param("http://hc.example.com/ping/5ec7e7", "plain http", id="in the clear"),
    ],
)
def test_urls_that_are_refused(url: str, sentence: str) -> None:
    """At start, with what to do; the secret is not repeated."""
    with pytest.raises(PermanentError, match=sentence) as caught:
        checked(url, frozenset())
    assert "5ec7e7" not in str(caught.value)


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8000/ping", "http://hc.lan/ping"])
def test_urls_that_are_taken(url: str) -> None:
    """TLS, loopback, and hosts allowed by name."""
    assert checked(url, frozenset({"hc.lan"})) == url
