"""The composition root: what the rules need of the settings is made before they are taken into force."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.app import App
from bridge.errors import PermanentError
from bridge.settings import Settings
from tests.unit.making import RULES
from tests.unit.test_cli_quarantine import MAIL

SETTINGS = Settings("https://redmine.example.com", "5ec7e75ec7e75ec7e7", "sqlite://")
MAILING = replace(
    SETTINGS,
    imap_url="imaps://presale@mail.example.com",
    imap_password="secret",
    smtp_url="smtps://presale@mail.example.com",
    smtp_password="secret",
    mail_secrets=(b"0123456789abcdef",),
)


OWN_NAME = "  own_name: true\n  trust: mail.example.com\n"


def app_with(folder: Path, settings: Settings, rules: str) -> App:
    """The app over a file with these rules."""
    (folder / "rules.yaml").write_text(rules, encoding="utf-8")
    return App(settings, str(folder / "rules.yaml"), lambda given: Path(given or ""))


@pytest.mark.parametrize(
    ("settings", "rules", "reason"),
    [
        pytest.param(
            replace(SETTINGS, redmine_url="http://redmine.corp.example"), RULES, "Plain http", id="Plain http"
        ),
        pytest.param(replace(SETTINGS, redmine_url="redmine"), RULES, "address is not one", id="No address"),
        pytest.param(replace(SETTINGS, redmine_key="a b"), RULES, "characters that no key has", id="No key"),
        pytest.param(SETTINGS, RULES + MAIL, "PRESALE_BRIDGE_IMAP", id="Mail without servers"),
        pytest.param(replace(MAILING, imap_password=""), RULES + MAIL, "password", id="A mailbox without a password"),
        pytest.param(replace(MAILING, smtp_url="mail"), RULES + MAIL, "SMTP", id="A mail server that is no address"),
        pytest.param(replace(MAILING, mail_secrets=(b"short",)), RULES + MAIL, "MAIL_SECRET", id="A secret too short"),
        pytest.param(MAILING, RULES + MAIL + OWN_NAME, "IMPERSONATION_KEY", id="No administrator's key"),
    ],
)
def test_settings_that_the_rules_cannot_work_with_are_refused_at_start(
    tmp_path: Path, settings: Settings, rules: str, reason: str
) -> None:
    """Each would fail at every pass; the sentence names what to mend, and the store is not even opened."""
    app = app_with(tmp_path, replace(settings, store_url="postgresql://nowhere.invalid/x"), rules)
    with pytest.raises(PermanentError, match=reason):
        app.require()


@pytest.mark.parametrize(("settings", "rules"), [(SETTINGS, RULES), (MAILING, RULES + MAIL)], ids=["redmine", "mail"])
def test_settings_that_suffice_are_taken(tmp_path: Path, settings: Settings, rules: str) -> None:
    """Without mail no mail server is asked for; nobody is connected."""
    app_with(tmp_path, settings, rules).require()


def test_rules_that_need_what_is_not_set_leave_the_old_ones_in_force(tmp_path: Path) -> None:
    """SIGHUP with a valid file that newly has `mail`: refused with the reason, and passes go on as before."""
    app = app_with(tmp_path, SETTINGS, RULES)
    app.require()
    before, tracker = app.policy, app.tracker
    (tmp_path / "rules.yaml").write_text(RULES + MAIL, encoding="utf-8")
    with pytest.raises(PermanentError, match="PRESALE_BRIDGE_IMAP"):
        app.reload()
    assert app.policy is before
    assert app.tracker is tracker
    assert app.mail_office is None


def test_rules_that_are_taken_make_all_anew(tmp_path: Path) -> None:
    """What was made of the old ones is forgotten."""
    app = app_with(tmp_path, MAILING, RULES)
    tracker = app.tracker
    (tmp_path / "rules.yaml").write_text(RULES + MAIL, encoding="utf-8")
    app.reload()
    assert app.policy.mail is not None
    assert app.tracker is not tracker


def test_closing_opens_nothing(tmp_path: Path) -> None:
    """A service that is stopped while its database is away ends well."""
    app_with(tmp_path, replace(SETTINGS, store_url="postgresql://nowhere.invalid/x"), RULES).close()
