"""The demonstration on a real Redmine, as the command does it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.cli.main import run
from bridge.demo.mail_people import MailPerson
from bridge.demo.mail_show import CUSTOMER
from bridge.demo.mailserver import MailServer
from bridge.demo.report import Listener, perform
from bridge.demo.server import RedmineServer
from bridge.demo.show import Show

pytestmark = pytest.mark.redmine

VAR = Path(__file__).parents[2] / "var"
WORKING = datetime(2026, 11, 24, 11, 20, tzinfo=UTC)
"""A Tuesday, 14:20 in Moscow."""


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A home of its own beside the shared package and template; nothing runs there afterwards."""
    place = VAR / f"test-demo-{tmp_path.name}"
    yield place
    RedmineServer(place).destroy()
    MailServer(mails := place.with_name(f"{place.name}-mail")).destroy()
    mails.with_name(f"{mails.name}.lock").unlink(missing_ok=True)
    place.with_name(f"{place.name}.lock").unlink(missing_ok=True)


def running_from(start: datetime) -> Callable[[], datetime]:
    """A clock that goes on from a moment."""
    began = time.monotonic()
    return lambda: start + timedelta(seconds=time.monotonic() - began)


def test_the_demo_at_any_hour(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole demo runs now, at whatever hour that is; every ticket comes out as its story expects; Redmine is stopped."""
    code = run(["demo", "--json", "--home", str(home)], {})
    told = json.loads(capsys.readouterr().out)
    assert told["problems"] == []
    assert code == 0
    assert len(told["tickets"]) >= 40
    assert told["second_pass"]["written"] == 0
    assert told["idle_pass"] == {"written": 0, "requests": 1}
    assert not RedmineServer(home).running


@pytest.mark.mail
def test_mails_of_the_last_demo_are_forgotten(home: Path) -> None:
    """Whoever runs it twice sees the same twice."""
    server = MailServer(home.with_name(f"{home.name}-mail"))
    with server:
        customer = MailPerson(server, CUSTOMER, "Клиент")
        customer.write(CUSTOMER, "Старое", "Письмо прошлого показа")
        assert len(customer.inbox(1)) == 1
        customer.clear()
        assert customer.inbox() == []


@pytest.mark.soak
def test_the_demo_in_working_time(home: Path) -> None:
    """In working time the reminders go out, to the engineer, the department and the lead, and none of them to a customer."""
    with RedmineServer(home) as server:
        server.set_time(WORKING)
        report = perform(Show(server, running_from(WORKING)), Listener(), time.monotonic())
    assert report.problems == ()
    did = {one.placed.story.name: one.did for one in report.outcomes}
    assert did["full disk encryption"] == ("remind",)
    assert did["digital signature"] == ("escalate",)
    assert {"Полина Петрова", "Ольга Орлова"} <= {post.who for post in report.posts if not post.is_customer}
