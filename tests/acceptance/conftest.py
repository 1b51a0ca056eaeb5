"""Stages for stories: for each test the worker's Redmine is cleared of tickets, and its clock set."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.core.policy import Policy
from bridge.demo.mailserver import MailServer
from bridge.demo.past import clear
from bridge.demo.server import RedmineServer
from tests.acceptance.installing import Installed, Release, built, installed
from tests.acceptance.mail_stage import MailStage
from tests.acceptance.mail_story import MailStory, mail_policy
from tests.acceptance.stage import Stage, demo_policy


@pytest.fixture(scope="session")
def dist() -> Iterator[Release]:
    """Wheel and source archive of this checkout."""
    yield from built()


@pytest.fixture(scope="session")
def program(dist: Release) -> Iterator[Installed]:
    """The program, installed from the wheel with pipx."""
    with installed(dist.wheel) as program:
        yield program


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped rules for the demo."""
    return demo_policy()


@pytest.fixture
def stage(redmine: RedmineServer, policy: Policy, tmp_path: Path) -> Iterator[Stage]:
    """A stage without tickets and mails, on a Monday at ten."""
    clear(redmine.database)
    redmine.mails.clear()
    stage = Stage(redmine, tmp_path, policy)
    stage.at(stage.now)
    yield stage
    stage.close()
    redmine.set_time(None)


@pytest.fixture
def story(redmine: RedmineServer, mail_server: MailServer, policy: Policy, tmp_path: Path) -> Iterator[MailStory]:
    """A stage with a mailbox of its own, on a Monday at ten."""
    clear(redmine.database)
    redmine.mails.clear()
    mails = MailStage(mail_server)
    story = MailStory(redmine, tmp_path, mail_policy(policy, mails), mails=mails)
    story.at(story.now)
    yield story
    story.close()
    redmine.set_time(None)
