"""What the operator sets: address, key, store; the key is never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import PermanentError
from bridge.settings import DEFAULT_STORE, Settings, find_rules, read_settings

KEY = "0123456789abcdef"


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A file with a key, with the line end that editors leave."""
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n", encoding="ascii")
    return path


def test_the_key_comes_from_a_file(key_file: Path) -> None:
    """The line end of the file does not belong to the key."""
    assert read_settings({"REDMINE_API_KEY_FILE": str(key_file)}).redmine_key == KEY


def test_the_key_comes_from_the_environment() -> None:
    """The key itself may be set, with space around it."""
    assert read_settings({"REDMINE_API_KEY": f" {KEY} "}).redmine_key == KEY


def test_both_ways_at_once_are_refused(key_file: Path) -> None:
    """Two keys would leave open which one counts; neither is shown."""
    with pytest.raises(PermanentError, match="use one of them") as error:
        read_settings({"REDMINE_API_KEY": KEY, "REDMINE_API_KEY_FILE": str(key_file)})
    assert KEY not in str(error.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        pytest.param(None, "FileNotFoundError", id="It is not there"),
        pytest.param("ключ".encode(), "UnicodeDecodeError", id="It holds something else"),
    ],
)
def test_a_key_file_that_cannot_be_read(content: bytes | None, why: str, tmp_path: Path) -> None:
    """The sentence names the file and the reason, and no content."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(PermanentError, match=why) as error:
        read_settings({"REDMINE_API_KEY_FILE": str(path)})
    assert str(path) in str(error.value)
    assert "ключ" not in str(error.value)


def test_the_key_is_never_shown() -> None:
    """No text made of the settings has the key."""
    settings = read_settings({"REDMINE_API_KEY": KEY, "REDMINE_URL": "https://redmine.example.com"})
    assert KEY not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        pytest.param(Settings(redmine_key=KEY), "REDMINE_URL", id="No address"),
        pytest.param(Settings(redmine_url="https://redmine.example.com"), "REDMINE_API_KEY_FILE", id="No key"),
    ],
)
def test_what_is_missing_is_named(settings: Settings, variable: str) -> None:
    """The sentence says which variable to set."""
    with pytest.raises(PermanentError, match=variable):
        settings.require_redmine()


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        pytest.param({}, DEFAULT_STORE, id="As shipped"),
        pytest.param({"PRESALE_BRIDGE_STORE": "postgresql://b@db/bridge"}, "postgresql://b@db/bridge", id="A URL"),
        pytest.param({"PRESALE_BRIDGE_STORE": "/srv/b.db"}, "sqlite:////srv/b.db", id="A path"),
        pytest.param({"STATE_DIRECTORY": "/srv/a:/srv/b"}, "sqlite:////srv/a/state.db", id="The first state directory"),
        pytest.param(
            {"PRESALE_BRIDGE_STORE": "sqlite://", "STATE_DIRECTORY": "/srv/a"}, "sqlite://", id="What is set goes first"
        ),
    ],
)
def test_where_the_store_is(environment: dict[str, str], url: str) -> None:
    """A path, a URL, what systemd gives, or the usual place."""
    assert read_settings(environment).store_url == url


def test_hosts_without_tls_are_listed() -> None:
    """Hosts stand apart by space."""
    hosts = read_settings({"PRESALE_BRIDGE_PLAIN_HTTP": "a.example  b.example"}).plain_http
    assert hosts == {"a.example", "b.example"}


def test_rules_that_are_named_are_taken() -> None:
    """A name given is used as it is, also when it is not there: the reader says so."""
    assert find_rules("other.yaml") == Path("other.yaml")


def test_rules_are_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name the file in the working directory is found; without one the sentence says how to name it."""
    monkeypatch.chdir(tmp_path)
    if not Path("/etc/presale-bridge/rules.yaml").exists():
        with pytest.raises(PermanentError, match="--rules"):
            find_rules(None)
    (tmp_path / "rules.yaml").touch()
    assert find_rules(None) == Path("rules.yaml")


# --- the service ----------------------------------------------------------------------------------------------------------------------------


def test_where_the_service_listens() -> None:
    """On loopback, unless it is said otherwise."""
    assert read_settings({}).listen == ""
    assert read_settings({"PRESALE_BRIDGE_LISTEN": "[::1]:80"}).listen == "[::1]:80"


def test_secrets_of_webhooks_come_from_files(tmp_path: Path) -> None:
    """A secret a line while one is changed for another; of the token the first line counts. Neither is shown."""
    secrets, token = tmp_path / "secrets", tmp_path / "token"
    secrets.write_text("the-present-secret-of-hooks\n\n the-one-before-that \n")
    token.write_text("a-long-token-in-the-url\n")
    settings = read_settings(
        {"PRESALE_BRIDGE_HOOK_SECRET_FILE": str(secrets), "PRESALE_BRIDGE_HOOK_TOKEN_FILE": str(token)}
    )
    assert settings.hook_secrets == (b"the-present-secret-of-hooks", b"the-one-before-that")
    assert settings.hook_token == b"a-long-token-in-the-url"
    assert "present" not in repr(settings)
    assert "token-in" not in repr(settings)


@pytest.mark.parametrize("content", ["", "\n", "short", "long-enough-for-a-secret\nshort\n"])
@pytest.mark.parametrize("what", ["SECRET", "TOKEN"])
def test_a_secret_that_could_be_guessed_is_refused(tmp_path: Path, content: str, what: str) -> None:
    """Empty and short ones; the sentence names the variable and not the secret."""
    path = tmp_path / "file"
    path.write_text(content)
    with pytest.raises(PermanentError, match=f"PRESALE_BRIDGE_HOOK_{what}_FILE") as caught:
        read_settings({f"PRESALE_BRIDGE_HOOK_{what}_FILE": str(path)})
    assert "short" not in str(caught.value)


def test_the_heartbeats_url_is_not_shown() -> None:
    """Its path is a secret at most services."""
    settings = read_settings({"PRESALE_BRIDGE_HEARTBEAT_URL": "https://hc.example.com/5ec7e7"})
    assert settings.heartbeat_url
    assert "5ec7e7" not in repr(settings)
