"""The transport under python-redmine: the traps that it mends, and which error comes of which failure."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
from responses.matchers import header_matcher, json_params_matcher, query_param_matcher, request_kwargs_matcher
from urllib3.connection import HTTPConnection
from urllib3.exceptions import (
    MaxRetryError,
    NameResolutionError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
)

from bridge.adapters.redmine.connection import Connection, connect, impatient
from bridge.adapters.redmine.engine import READING, Patience, PoliteRetry
from bridge.adapters.redmine.meter import Outcome
from bridge.errors import (
    BridgeError,
    InvalidError,
    NotDoneError,
    NotFoundError,
    PermanentError,
    TemporaryError,
    UnknownOutcomeError,
)

URL = "https://redmine.example.com"
KEY = "0123456789abcdef0123456789abcdef01234567"
ISSUE = f"{URL}/issues/7.json"
LISTED = f"{URL}/issues.json"
QUICK = Patience(backoff=timedelta(0), retry_after_at_most=timedelta(0))
CONNECTION = Connection(URL, KEY, patience=QUICK)


@pytest.fixture
def web() -> Iterator[responses.RequestsMock]:
    """Answers instead of a network."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def get(url: str = LISTED, connection: Connection = CONNECTION) -> Any:
    """Read."""
    return connect(connection).engine.request("get", url)


def put(url: str = ISSUE) -> Any:
    """Write."""
    return connect(CONNECTION).engine.request("put", url, data={"issue": {"notes": "Ответ"}})


# --- address and key --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("http://redmine.example.com", "in the clear", id="plain http would send the key in the clear"),
        pytest.param("redmine.example.com", "address is not one", id="without a scheme it is no address"),
        pytest.param("ftp://redmine.example.com", "address is not one", id="another scheme"),
        pytest.param("https://", "address is not one", id="no host"),
        pytest.param("https://h:99999/", "address is not one", id="no such port"),
        pytest.param("https://me:secret@redmine.example.com", "has a password", id="a password would be logged"),
        pytest.param("https://redmine.example.com/?key=1", "a query", id="a key as a query would be logged"),
    ],
)
def test_addresses_that_are_refused(url: str, message: str) -> None:
    """An address that gives something away or is none is refused with a remedy, and not repeated in the error."""
    with pytest.raises(PermanentError, match=message) as caught:
        connect(Connection(url, KEY))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:3000", "http://localhost", "http://[::1]:3000", URL])
def test_addresses_that_are_taken(url: str) -> None:
    """Plain http is taken on loopback only."""
    assert connect(Connection(url, KEY)).url == url


def test_plain_http_can_be_allowed_by_name() -> None:
    """One host can be excepted; others stay refused."""
    hosts = frozenset({"redmine.lan"})
    assert connect(Connection("http://redmine.lan/", KEY, plain_http=hosts)).url == "http://redmine.lan"
    with pytest.raises(PermanentError, match="in the clear"):
        Connection("http://other.lan/", KEY, plain_http=hosts)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "it is not there", id="a mistyped path"),
        pytest.param("no certificate", "SSLError", id="a file that is something else"),
    ],
)
def test_a_file_of_certificates_that_cannot_be_used(tmp_path: Path, content: str | None, why: str) -> None:
    """It is told before anything is asked: which file, by which setting, what is wrong with it."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content, encoding="ascii")
    with pytest.raises(PermanentError, match=rf"{file} \(PRESALE_BRIDGE_CA\) cannot be used: {why}"):
        connect(replace(CONNECTION, ca=str(file)))


@pytest.mark.parametrize("key", ["", f"{KEY}\n", f" {KEY}", "ключ", "a b", "a\r\nX-Other: 1"])
def test_keys_that_are_refused(key: str) -> None:
    """A key with characters that no key has is refused before it gets into a header's error; the text does not have it."""
    with pytest.raises(PermanentError) as caught:
        Connection(URL, key)
    assert not key.strip() or key.strip() not in str(caught.value)


def test_the_key_is_in_no_repr() -> None:
    """Neither the connection nor what is made of it shows the key."""
    redmine = connect(CONNECTION)
    shown = [repr(it) for it in (CONNECTION, redmine, redmine.engine, redmine.engine.session)]
    assert not any(KEY in text for text in shown)


# --- manners ----------------------------------------------------------------------------------------------------------


def test_trap_3_time_outs_are_applied(web: responses.RequestsMock) -> None:
    """Each request carries the time-outs, which python-redmine 2.5.0 ignores."""
    web.get(LISTED, json={}, match=[request_kwargs_matcher({"timeout": (5.0, 30.0)})])
    get()
    assert len(web.calls) == 1


def test_a_person_who_waits_gets_an_answer_soon(web: responses.RequestsMock) -> None:
    """For a question at the prompt there are no retries."""
    web.get(LISTED, status=503)
    with pytest.raises(TemporaryError):
        get(connection=impatient(CONNECTION))
    assert len(web.calls) == 1


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_trap_4_reading_is_tried_again(web: responses.RequestsMock, status: int) -> None:
    """Two answers that pass, then a good one: the caller sees the good one."""
    web.get(LISTED, status=status)
    web.get(LISTED, status=status, headers={"Retry-After": "9999"})
    web.get(LISTED, json={"issues": []})
    assert get() == {"issues": []}
    assert len(web.calls) == 3


def test_trap_4_reading_is_not_tried_for_ever(web: responses.RequestsMock) -> None:
    """After the retries the error says what Redmine answered."""
    web.get(LISTED, status=503)
    with pytest.raises(TemporaryError, match=r"GET /issues\.json: Redmine answered 503"):
        get()
    assert len(web.calls) == 4


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_trap_4_writing_is_never_tried_again(web: responses.RequestsMock, method: str, status: int) -> None:
    """A repeated write would be a second note."""
    web.add(method.upper(), ISSUE, status=status, headers={"Retry-After": "0"})
    with pytest.raises(TemporaryError):
        connect(CONNECTION).engine.request(method, ISSUE, data={})
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(SSLError("decryption failed or bad record mac"), id="a broken record of TLS"),
        pytest.param(ProxyError("lost", ConnectionResetError()), id="a proxy that was lost on the way"),
        pytest.param(ReadTimeoutError(None, "/", "slow"), id="no answer in time"),  # type: ignore[arg-type]
        pytest.param(ProtocolError("cut"), id="a connection that was cut"),
    ],
)
def test_w3_trap_4_a_write_is_not_tried_again_after_whatever_error(error: Exception) -> None:
    """urllib3 would repeat any method after an error of TLS or of a proxy: after the request was sent that is a second note."""
    with pytest.raises(type(error)):
        PoliteRetry(total=3, allowed_methods=READING).increment("PUT", "/", error=error)
    assert PoliteRetry(total=3, allowed_methods=READING).increment("GET", "/", error=error).total == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        pytest.param("3", 3.0, id="seconds are waited"),
        pytest.param("86400", 30.0, id="a day is cut to the cap"),
        pytest.param("soon", 0.0, id="nonsense counts as nothing"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0.0, id="a moment in the past counts as nothing"),
    ],
)
def test_retry_after_is_honoured_up_to_a_cap(header: str, seconds: float) -> None:
    """Redmine, or what stands before it, may say how long to wait."""
    assert PoliteRetry(total=3).parse_retry_after(header) == seconds


def test_the_cap_outlives_a_retry() -> None:
    """urllib3 makes a new object for each try; the cap goes with it."""
    retry = PoliteRetry(total=3)
    retry.cap = 1.0
    assert retry.new().parse_retry_after("60") == 1.0


def test_trap_2_a_session_of_python_redmine_keeps_the_manners(web: responses.RequestsMock) -> None:
    """`redmine.session()` makes another engine; it has the same key, time-outs and retries."""
    web.get(LISTED, status=503)
    web.get(LISTED, json={}, match=[header_matcher({"X-Redmine-API-Key": KEY})])
    redmine = connect(CONNECTION)
    with redmine.session():
        redmine.engine.request("get", LISTED)
    assert len(web.calls) == 2


def test_trap_6_two_connections_do_not_share_their_keys(web: responses.RequestsMock) -> None:
    """Each connection sends its own key, although both were made alike."""
    other = "f" * 40
    first, second = connect(CONNECTION), connect(Connection(URL, other, patience=QUICK))
    web.get(LISTED, json={})
    for redmine in (first, second, first):
        redmine.engine.request("get", LISTED)
    assert [call.request.headers["X-Redmine-API-Key"] for call in web.calls] == [KEY, other, KEY]


def test_trap_7_own_headers_and_gzip(web: responses.RequestsMock) -> None:
    """Requests say who asks and take compressed answers."""
    web.get(LISTED, json={})
    get()
    sent = web.calls[0].request.headers
    assert sent["User-Agent"].startswith("presale-bridge")
    assert "gzip" in sent["Accept-Encoding"]


@pytest.mark.parametrize(
    "target", ["https://evil.example/issues.json", "http://redmine.example.com/issues.json", "/login"]
)
def test_trap_8_redirects_are_refused(web: responses.RequestsMock, target: str) -> None:
    """The key does not follow a redirect; the error says where it points, without its query."""
    web.get(LISTED, status=302, headers={"Location": f"{target}?back=1"})
    with pytest.raises(PermanentError, match="REDMINE_URL") as caught:
        get()
    assert len(web.calls) == 1
    assert "back=1" not in str(caught.value)


def test_trap_8_a_write_is_not_redirected_either(web: responses.RequestsMock) -> None:
    """A POST would become a GET."""
    web.post(LISTED, status=302, headers={"Location": f"{URL}/login"})
    with pytest.raises(PermanentError, match="redirects"):
        connect(CONNECTION).engine.request("post", LISTED, data={})
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    "url", ["https://evil.example/a.txt", "http://redmine.example.com/a.txt", "https://redmine.example.com.evil/a"]
)
def test_trap_8_the_key_goes_to_no_other_host(web: responses.RequestsMock, url: str) -> None:
    """A file's address comes from Redmine's settings and may point anywhere."""
    with pytest.raises(PermanentError, match="not Redmine's address"):
        connect(CONNECTION).download(url)
    assert len(web.calls) == 0


def test_cookies_are_not_kept(web: responses.RequestsMock) -> None:
    """A session's cookie would make Redmine remember the filters of the last list."""
    web.get(LISTED, json={}, headers={"Set-Cookie": "_redmine_session=abc; path=/"})
    redmine = connect(CONNECTION)
    redmine.engine.request("get", LISTED)
    redmine.engine.request("get", LISTED)
    assert "Cookie" not in web.calls[1].request.headers


def test_passwords_of_netrc_are_not_sent() -> None:
    """Requests looks into ~/.netrc where no other way of authentication is set; one is, and it adds nothing."""
    auth: Any = connect(CONNECTION).engine.session.auth
    request = requests.Request("GET", LISTED).prepare()
    assert "Authorization" not in auth(request).headers


def test_trap_1_a_write_goes_out_as_it_was_given(web: responses.RequestsMock) -> None:
    """The body is what was passed, not what python-redmine's shared formatter holds at that moment."""
    body = {"issue": {"notes": "Ответ"}}
    web.put(ISSUE, status=204, match=[json_params_matcher(body), query_param_matcher({})])
    assert put() is True


# --- errors -----------------------------------------------------------------------------------------------------------

REFUSED = requests.ConnectionError(MaxRetryError(None, "/", NewConnectionError(HTTPConnection("h"), "refused")))  # type: ignore[arg-type]
UNKNOWN_HOST = requests.ConnectionError(
    MaxRetryError(None, "/", NameResolutionError("h", HTTPConnection("h"), OSError()))
)  # type: ignore[arg-type]
RESET = requests.ConnectionError(ProtocolError("Connection aborted.", ConnectionResetError(104, "reset")))
CUT = requests.exceptions.ChunkedEncodingError(ProtocolError("Connection broken: IncompleteRead"))
SLOW = requests.ConnectionError(MaxRetryError(None, "/", ReadTimeoutError(None, "/", "Read timed out.")))  # type: ignore[arg-type]
NO_PROXY, NO_TUNNEL, LOST_BY_PROXY = (
    requests.exceptions.ProxyError(ProxyError("Unable to connect to proxy", cause))
    for cause in (
        NewConnectionError(HTTPConnection("h"), "refused"),
        OSError("Tunnel connection failed: 503 Service Unavailable"),
        ConnectionResetError(104, "reset"),
    )
)
CERTIFICATE = requests.exceptions.SSLError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate")


@pytest.mark.parametrize(
    ("failure", "reading", "writing"),
    [
        pytest.param(REFUSED, TemporaryError, NotDoneError, id="refused: nothing was sent"),
        pytest.param(UNKNOWN_HOST, TemporaryError, NotDoneError, id="no such host: nothing was sent"),
        pytest.param(
            requests.ConnectTimeout(), TemporaryError, NotDoneError, id="no connection in time: nothing was sent"
        ),
        pytest.param(NO_PROXY, TemporaryError, NotDoneError, id="the proxy is down: nothing was sent"),
        pytest.param(NO_TUNNEL, TemporaryError, NotDoneError, id="the proxy does not connect: nothing was sent"),
        pytest.param(
            LOST_BY_PROXY, TemporaryError, UnknownOutcomeError, id="the proxy is lost on the way: it may have been done"
        ),
        pytest.param(
            requests.ReadTimeout(), TemporaryError, UnknownOutcomeError, id="no answer in time: it may have been done"
        ),
        pytest.param(SLOW, TemporaryError, UnknownOutcomeError, id="no answer in time after retries"),
        pytest.param(RESET, TemporaryError, UnknownOutcomeError, id="connection lost: it may have been done"),
        pytest.param(CUT, TemporaryError, UnknownOutcomeError, id="answer cut off: it may have been done"),
        pytest.param(OSError("disk"), TemporaryError, UnknownOutcomeError, id="something else of the system"),
        pytest.param(
            CERTIFICATE, PermanentError, PermanentError, id="a certificate that is not trusted needs a person"
        ),
    ],
)
def test_trap_5_failures_are_mapped_in_one_place(
    web: responses.RequestsMock, failure: Exception, reading: type[BridgeError], writing: type[BridgeError]
) -> None:
    """A request without a whole answer is temporary, and for a write unknown unless certainly nothing was sent."""
    web.get(LISTED, body=failure)
    web.put(ISSUE, body=failure)
    assert (type(caught(get)), type(caught(put))) == (reading, writing)


def caught(call: Callable[[], object]) -> BridgeError:
    """The error of a call."""
    with pytest.raises(BridgeError) as info:
        call()
    return info.value


@pytest.mark.parametrize(
    ("status", "reading", "writing"),
    [
        (400, PermanentError, PermanentError),
        (401, PermanentError, PermanentError),
        (403, NotFoundError, PermanentError),
        (404, NotFoundError, NotFoundError),
        (408, TemporaryError, UnknownOutcomeError),
        (409, TemporaryError, NotDoneError),
        (410, NotFoundError, NotFoundError),
        (412, PermanentError, PermanentError),
        (413, InvalidError, InvalidError),
        (422, InvalidError, InvalidError),
        (429, TemporaryError, NotDoneError),
        (500, TemporaryError, UnknownOutcomeError),
        (502, TemporaryError, UnknownOutcomeError),
        (504, TemporaryError, UnknownOutcomeError),
    ],
)
def test_trap_5_statuses_are_mapped_in_one_place(
    web: responses.RequestsMock, status: int, reading: type[BridgeError], writing: type[BridgeError]
) -> None:
    """Each status is one of the bridge's errors, and its text says what was asked for."""
    web.get(LISTED, status=status, body="<html>")
    web.put(ISSUE, status=status, body="<html>")
    read, written = caught(get), caught(put)
    assert (type(read), type(written)) == (reading, writing)
    assert "GET /issues.json" in str(read)
    assert "PUT /issues/7.json" in str(written)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            '{"errors": ["Назначена не может быть пустой", "Тема слишком длинная"]}',
            "Назначена не может быть пустой; Тема слишком длинная",
        ),
        ('{"errors": [["base", "Нельзя"]]}', "base: Нельзя"),
        ('{"errors": []}', "without saying why"),
        ("<html>", "without saying why"),
        ("[]", "without saying why"),
    ],
)
def test_trap_5_redmines_own_sentence_is_passed_on(web: responses.RequestsMock, body: str, sentence: str) -> None:
    """A refused value is told in Redmine's words, whatever form they have."""
    web.put(ISSUE, status=422, body=body)
    assert sentence in str(caught(put))


@pytest.mark.parametrize(
    "body", ["<html>Login</html>", '{"issues": [', "[]", "null", "\xff", '{"issues": ' + "[" * 100_000]
)
def test_garbage_that_says_success(web: responses.RequestsMock, body: str) -> None:
    """A good status with something else than a JSON object is temporary for reading, unknown for writing."""
    web.get(LISTED, body=body)
    web.put(ISSUE, body=body)
    assert type(caught(get)) is TemporaryError
    assert type(caught(put)) is UnknownOutcomeError


def test_an_html_page_with_200_is_no_answer(web: responses.RequestsMock) -> None:
    """A captive portal, a login page, a proxy's page: said by its content type, temporary for reading, unknown for writing."""
    for method in (web.get, web.put):
        method(re.compile(f"{URL}/.*"), body="<!DOCTYPE html><p>Log in", content_type="text/html; charset=utf-8")
    read, written = caught(get), caught(put)
    assert (type(read), type(written)) == (TemporaryError, UnknownOutcomeError)
    assert all("no JSON object, but text/html" in str(error) for error in (read, written))


def test_the_server_tells_its_time(web: responses.RequestsMock) -> None:
    """The Date header comes as an aware moment in UTC, nothing where it is missing or nonsense."""
    for header in ({"Date": "Mon, 16 Nov 2026 09:00:00 GMT"}, {}, {"Date": "yesterday"}):
        web.get(LISTED, json={}, headers=header)
    engine = connect(CONNECTION).engine
    told = [engine.ask("get", LISTED).at for _ in range(3)]
    assert told == [datetime(2026, 11, 16, 9, tzinfo=UTC), None, None]


FAILURES = [REFUSED, RESET, CUT, requests.ReadTimeout(), CERTIFICATE]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_the_key_is_in_no_error_and_no_log(
    web: responses.RequestsMock, failure: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither text, nor traceback with local variables, nor the most talkative log shows the key."""
    caplog.set_level(logging.DEBUG)
    web.put(ISSUE, body=failure)
    error = caught(put)
    told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format(chain=True))
    assert KEY not in told.replace(f"KEY = '{KEY}'", "") + repr(error) + caplog.text
    assert error.__context__ is None


def test_a_company_proxy_is_not_used_for_loopback() -> None:
    """What runs on this machine is reached directly; elsewhere the environment's proxy holds."""
    assert connect(CONNECTION).engine.session.trust_env
    assert not connect(replace(CONNECTION, url="http://127.0.0.1:3000")).engine.session.trust_env


# --- what is measured -------------------------------------------------------------------------------------------------


class Counting:
    """A meter that remembers."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, Outcome]] = []
        self.repeated: list[tuple[str, str]] = []

    def asks(self, method: str) -> Callable[[Outcome], None]:
        """See `Meter.asks`."""
        return lambda outcome: self.ended.append((method, outcome))

    def repeats(self, method: str, why: str) -> None:
        """See `Meter.repeats`."""
        self.repeated.append((method, why))


@pytest.mark.parametrize(
    ("answer", "read", "written"),
    [
        pytest.param({"json": {"issue": {}}}, Outcome.DONE, Outcome.DONE, id="as it should be"),
        pytest.param({"status": 404}, Outcome.NOT_FOUND, Outcome.NOT_FOUND, id="not there"),
        pytest.param({"status": 401}, Outcome.REFUSED, Outcome.REFUSED, id="a wrong key"),
        pytest.param({"status": 422, "json": {"errors": []}}, Outcome.REFUSED, Outcome.REFUSED, id="a wrong value"),
        pytest.param({"status": 301, "headers": {"Location": "/"}}, Outcome.REFUSED, Outcome.REFUSED, id="a redirect"),
        pytest.param({"status": 429}, Outcome.TEMPORARY, Outcome.TEMPORARY, id="too many requests"),
        pytest.param({"status": 503}, Outcome.TEMPORARY, Outcome.UNKNOWN, id="overloaded"),
        pytest.param({"body": "<html>"}, Outcome.TEMPORARY, Outcome.UNKNOWN, id="garbage"),
        pytest.param({"body": '{"issue": '}, Outcome.TEMPORARY, Outcome.UNKNOWN, id="half an answer"),
        pytest.param({"json": [1]}, Outcome.TEMPORARY, Outcome.UNKNOWN, id="JSON of another kind"),
        pytest.param({"body": requests.ReadTimeout()}, Outcome.TEMPORARY, Outcome.UNKNOWN, id="no answer in time"),
    ],
)
def test_each_request_is_measured_by_its_outcome(
    web: responses.RequestsMock, answer: dict[str, Any], read: Outcome, written: Outcome
) -> None:
    """Once, whatever came, and with what the caller makes of it."""
    meter = Counting()
    engine = connect(replace(CONNECTION, meter=meter)).engine
    web.get(ISSUE, **answer)
    web.put(ISSUE, **answer)
    for method in ("get", "put"):
        with suppress(BridgeError):
            engine.ask(method, ISSUE, data={})
    assert meter.ended == [("GET", read), ("PUT", written)]


def test_retries_are_measured_by_what_was_answered(web: responses.RequestsMock) -> None:
    """A Redmine that says 429 and then answers well is seen to have said so."""
    meter = Counting()
    web.get(LISTED, status=429, headers={"Retry-After": "0"})
    web.get(LISTED, status=503)
    web.get(LISTED, json={"issues": []})
    connect(replace(CONNECTION, meter=meter)).engine.request("get", LISTED)
    assert meter.repeated == [("GET", "429"), ("GET", "503")]
    assert meter.ended == [("GET", Outcome.DONE)]


def test_files_are_measured_too(web: responses.RequestsMock) -> None:
    """Bytes are a request like any other."""
    meter = Counting()
    web.get(ISSUE, body=b"\x00")
    connect(replace(CONNECTION, meter=meter)).engine.fetch(ISSUE)
    assert meter.ended == [("GET", Outcome.DONE)]
