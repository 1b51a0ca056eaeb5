"""Addresses of mail servers: what is understood, and what is refused."""

from __future__ import annotations

from dataclasses import astuple

import pytest

from bridge.adapters.mail.accounts import MailAccount, Security
from bridge.errors import PermanentError

LOCAL = frozenset({"localhost"})


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        pytest.param("imaps://me@mail.test", ("imap", Security.TLS, "mail.test", 993, "me"), id="the usual port"),
        pytest.param("imaps://me@mail.test:1993/", ("imap", Security.TLS, "mail.test", 1993, "me"), id="another port"),
        pytest.param(
            "imap+starttls://me@mail.test", ("imap", Security.STARTTLS, "mail.test", 143, "me"), id="STARTTLS"
        ),
        pytest.param(
            "imaps://a%40b.test@mail.test", ("imap", Security.TLS, "mail.test", 993, "a@b.test"), id="quoted @"
        ),
        pytest.param("imaps://a@b.test@mail.test", ("imap", Security.TLS, "mail.test", 993, "a@b.test"), id="bare @"),
        pytest.param(
            "imap://me@localhost", ("imap", Security.PLAIN, "localhost", 143, "me"), id="plain, on this machine"
        ),
        pytest.param("imaps://me@[::1]", ("imap", Security.TLS, "::1", 993, "me"), id="IPv6"),
    ],
)
def test_an_address_that_is_understood(url: str, wanted: tuple[object, ...]) -> None:
    """Scheme, host, port and user are read from one line."""
    assert astuple(MailAccount.imap(url, "secret", plain=LOCAL))[:5] == wanted


@pytest.mark.parametrize(
    ("url", "said"),
    [
        pytest.param("", "is not one. Set it to something like imaps://", id="empty"),
        pytest.param("mail.test", "is not one", id="no scheme"),
        pytest.param("smtps://me@mail.test", "is not one", id="of the other protocol"),
        pytest.param("https://me@mail.test", "is not one", id="of the web"),
        pytest.param("imaps://me@", "is not one", id="no host"),
        pytest.param("imaps://me@mail.test:port", "is not one", id="no number"),
        pytest.param("imaps://me@mail.test:99999", "is not one", id="no port"),
        pytest.param("imaps://mail.test", "lacks the user", id="no user"),
        pytest.param("imaps://me:hunter2@mail.test", "has a password in it", id="a password in the line"),
        pytest.param("imaps://me@mail.test/INBOX", "goes on after the port", id="a folder"),
        pytest.param("imap://me@mail.test", "in the clear", id="plain to another machine"),
        pytest.param("imap://me@127.0.0.1", "in the clear", id="plain to a host that is not named"),
        pytest.param("imaps://me%0d%0a@mail.test", "control characters", id="a line end in the user"),
    ],
)
def test_an_address_that_is_refused(url: str, said: str) -> None:
    """The sentence says what is wrong, and what it should look like; never the password."""
    with pytest.raises(PermanentError, match=said) as caught:
        MailAccount.imap(url, "secret", plain=LOCAL | {"mail.test"})
    assert "hunter2" not in str(caught.value)


def test_no_password() -> None:
    """A user without a password is a mistake that is told before anything is sent."""
    with pytest.raises(PermanentError, match=r"password of me on the IMAP server mail\.test is not set"):
        MailAccount.imap("imaps://me@mail.test", "")


def test_a_server_that_needs_no_login() -> None:
    """An SMTP server on this machine may take mail without a user; then there is no password either."""
    account = MailAccount.smtp("smtp://localhost", "secret", plain=LOCAL)
    assert (account.port, account.user, account.password) == (25, "", "")


def test_the_password_shows_nowhere() -> None:
    """Neither in a log nor in a traceback's values."""
    account = MailAccount.smtp("smtps://me@mail.test", "hunter2")
    assert "hunter2" not in f"{account!r} {account}"
    assert str(account) == "SMTP server mail.test:465"
