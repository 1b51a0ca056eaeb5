"""The endpoints: statuses and sentences, for those who send and those who watch."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bridge.jobs import Summary
from bridge.watch.health import Check, Health
from bridge.watch.hints import Hints
from bridge.watch.metrics import Metrics
from bridge.web.bodies import Bounds
from bridge.web.hooks import Doorkeeper, Fate, Keys
from bridge.web.pages import Pages
from tests.fakes.service import NEVER, FakeClocks, Reply, call
from tests.unit.making import moment
from tests.unit.test_hooks import KEYS, NATIVE, OURS, PLUGIN, TOKEN, body, signature

JSON = {"Content-Type": "application/json"}
SMALL = Bounds(2000, timedelta(milliseconds=20))


class Site:
    """The endpoints with what is behind them."""

    def __init__(self, keys: Keys = KEYS) -> None:
        self.clocks = FakeClocks(moment("11-23 10:00"))
        self.hints = Hints()
        self.health = Health(self.clocks.monotonic, timedelta(minutes=1))
        self.metrics = Metrics(self.clocks.monotonic, Fate)
        self.metrics.watch(self.health, self.hints.__len__)
        self.counted: list[Fate] = []
        keeper = Doorkeeper(keys, self.hints, self.clocks.monotonic, self.counted.append)
        self.app = Pages(self.health, self.metrics.text, keeper, SMALL).app()

    def get(self, path: str) -> Reply:
        """Ask."""
        return call(self.app, "GET", path)

    def post(self, path: str, *pieces: object, **headers: str) -> Reply:
        """Send; headers with underscores for hyphens."""
        given = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.app, "POST", path, pieces, given)

    def hook(self, content: bytes, **headers: str) -> Reply:
        """Send a webhook that is signed."""
        return self.post("/hook", content, X_Redmine_Signature_256=signature(content), **headers)

    def all_is_well(self) -> None:
        """What the worker tells when it is."""
        for check in (Check.REDMINE, Check.STORE, Check.RULES, Check.BRAKE):
            self.health.tell(check, ok=True, what="well")
        self.health.passed(Summary("r1", self.clocks.now()))


@pytest.fixture
def site() -> Site:
    """One with a secret and a token."""
    return Site()


# --- /hook --------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [OURS, NATIVE], ids=["our plugin", "Redmine 7"])
def test_a_webhook_is_taken_at_once(site: Site, payload: object) -> None:
    """202 without a look at Redmine; the ticket waits for the worker."""
    reply = site.hook(body(payload))
    assert (reply.status, reply.text) == (202, "to be looked at\n")
    assert [hint.ticket_id for hint in site.hints.take(9).hints] == [7]


def test_a_body_in_pieces_is_put_together(site: Site) -> None:
    """As networks cut it."""
    content = body(NATIVE)
    reply = site.post("/hook", content[:9], content[9:70], content[70:], X_Redmine_Signature_256=signature(content))
    assert reply.status == 202


def test_a_charset_beside_the_type_is_allowed(site: Site) -> None:
    """Faraday and others add it."""
    assert site.hook(body(OURS), Content_Type="Application/JSON; charset=utf-8").status == 202


def test_the_plugin_without_signature_uses_its_url(site: Site) -> None:
    """A signature is not asked for there; the wrong URL is refused."""
    assert site.post(f"/hook/{TOKEN.decode()}", body(PLUGIN)).status == 202
    assert site.post("/hook/another-token-of-the-url", body(PLUGIN)).status == 401


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/jsonp"])
def test_other_types_are_refused(site: Site, kind: str) -> None:
    """415, whatever the body is, and however it is signed."""
    reply = site.hook(body(OURS), Content_Type=kind)
    assert (reply.status, reply.text) == (415, "the body has to be application/json\n")


@pytest.mark.parametrize(
    "length",
    [
        pytest.param("2001", id="a byte too many"),
        pytest.param("99999999999999999999", id="more than there are bytes"),
        pytest.param("-1", id="below nought"),
        pytest.param("lots", id="no number"),
        pytest.param("²", id="a digit that is none"),
    ],
)
def test_an_oversized_body_is_refused_before_it_comes(site: Site, length: str) -> None:
    """413 by what the head says; nothing of the body is read."""
    reply = site.post("/hook", NEVER, Content_Length=length)
    assert reply.status == 413
    assert "polling" in reply.text


def test_a_body_that_grows_beyond_the_limit_is_refused(site: Site) -> None:
    """413 also where the head said nothing, or lied."""
    reply = site.post("/hook", *[b"x" * 500] * 4, b"x", NEVER, Content_Length="10")
    assert reply.status == 413


def test_a_body_that_does_not_end_is_refused(site: Site) -> None:
    """408 after the time is over: a slow loris holds nothing."""
    reply = site.post("/hook", b'{"id"', NEVER)
    assert (reply.status, site.counted) == (408, [Fate.SLOW])


def test_a_body_that_is_cut_off_is_nothing(site: Site) -> None:
    """Who went away in the middle is refused, without an error of ours."""
    assert site.post("/hook", b'{"id"', None).status == 400


def test_a_truncated_body_fails_by_its_signature(site: Site) -> None:
    """Half a body is not what was signed."""
    content = body(NATIVE)
    reply = site.post("/hook", content[:-30], X_Redmine_Signature_256=signature(content))
    assert reply.status == 401


def test_garbage_that_is_signed_is_garbage(site: Site) -> None:
    """400 with what is wrong."""
    reply = site.hook(b"\x00\xff")
    assert (reply.status, reply.text) == (400, "the body is not JSON, or not all of it\n")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS"])
def test_webhooks_are_posted(site: Site, method: str) -> None:
    """Other methods are refused."""
    assert call(site.app, method, "/hook").status == 405


def test_without_a_secret_there_is_no_such_page() -> None:
    """An operator who has set nothing has opened nothing."""
    site = Site(Keys())
    assert site.hook(body(OURS)).status == 404
    assert site.post("/hook/x", body(OURS)).status == 404


def test_each_answer_ends_its_connection(site: Site) -> None:
    """So that the limit on a connection's life is one on its request."""
    for reply in (site.get("/healthz"), site.get("/nothing"), site.hook(body(OURS))):
        assert reply.headers["connection"] == "close"


# --- /healthz, /readyz, /metrics ----------------------------------------------------------------------------------------------------------


def test_healthz_tells_whether_the_loop_moves(site: Site) -> None:
    """As long as one slow request may take it is alive; longer than that it hangs."""
    assert (site.get("/healthz").status, site.get("/healthz").text) == (200, "the loop moved 0 s ago\n")
    site.clocks.pass_by(300)
    assert site.get("/healthz").status == 200
    site.clocks.pass_by(1)
    assert site.get("/healthz").status == 503
    site.health.beat()
    assert site.get("/healthz").status == 200


def test_healthz_does_not_mind_the_wall_clock(site: Site) -> None:
    """Set back or ahead by a day: the loop moves all the same."""
    site.clocks.set_by(timedelta(days=-1))
    assert site.get("/healthz").status == 200
    site.clocks.set_by(timedelta(days=2))
    assert site.get("/healthz").status == 200


def test_readyz_tells_each_check(site: Site) -> None:
    """503 until every one holds."""
    reply = site.get("/readyz")
    told = json.loads(reply.body)
    assert (reply.status, told["ready"]) == (503, False)
    assert list(told["checks"]) == [check.value for check in Check]
    site.all_is_well()
    reply = site.get("/readyz")
    assert (reply.status, json.loads(reply.body)["ready"]) == (200, True)


@pytest.mark.parametrize("check", [Check.REDMINE, Check.STORE, Check.RULES, Check.BRAKE])
def test_readyz_is_as_good_as_its_worst_check(site: Site, check: Check) -> None:
    """One that fails is enough, and says why."""
    site.all_is_well()
    site.health.tell(check, ok=False, what="a sentence")
    reply = site.get("/readyz")
    assert reply.status == 503
    failing = {name: one["what"] for name, one in json.loads(reply.body)["checks"].items() if not one["ok"]}
    assert failing == {check.value: "a sentence"}


def test_readyz_wants_a_pass_that_is_not_old(site: Site) -> None:
    """Three passes missed, at least five minutes."""
    site.all_is_well()
    site.clocks.pass_by(300)
    assert site.get("/readyz").status == 200
    site.clocks.pass_by(1)
    reply = site.get("/readyz")
    assert reply.status == 503
    assert json.loads(reply.body)["checks"]["passes"]["what"] == "the last one ended 301 s ago, 300 s are allowed"


def test_metrics_are_what_prometheus_reads(site: Site) -> None:
    """Its content type, and figures that are asked for at this moment."""
    site.all_is_well()
    site.clocks.pass_by(42)
    reply = site.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain; version=")
    assert "presale_bridge_seconds_since_pass 42.0" in reply.text
    assert 'presale_bridge_check_ok{check="redmine"} 1.0' in reply.text


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        pytest.param("clock_jumps_total", {"direction": "back"}, id="A clock set back for the first time"),
        pytest.param("hooks_total", {"outcome": "forged"}, id="The first burst of forged webhooks"),
        pytest.param("hooks_total", {"outcome": "unsigned"}, id="The first burst of unsigned ones"),
        pytest.param(
            "redmine_requests_total", {"method": "PUT", "outcome": "unknown"}, id="The first errors of Redmine"
        ),
        pytest.param("passes_total", {"kind": "schedule", "outcome": "held"}, id="The first pass that is held"),
        pytest.param("heartbeats_total", {"outcome": "failed"}, id="The first heartbeat that is not taken"),
        pytest.param("rules_reloads_total", {"outcome": "refused"}, id="The first rules that are refused"),
        pytest.param("mail_received_total", {"fate": "quarantine"}, id="The first mail put aside"),
        pytest.param("decisions_total", {"step": "escalate", "result": "unknown"}, id="The first write left open"),
    ],
)
def test_what_has_not_happened_yet_is_counted_as_none(site: Site, name: str, labels: dict[str, str]) -> None:
    """A series that is born at 1 has not grown for Prometheus: the first time would alarm nobody."""
    assert site.metrics.registry.get_sample_value(f"presale_bridge_{name}", labels) == 0
