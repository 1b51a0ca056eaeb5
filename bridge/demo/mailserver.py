"""A real Dovecot and a real Postfix on loopback: installed, configured, started and stopped without a system service.

By hand: `python -m bridge.demo.mailserver up|down|status --home var/mail`. Which addresses there are is told in `mail_config`; mail to the
rest of the world is refused: nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from bridge.demo import processes
from bridge.demo.daemons import Daemon, all_free, free_ports, listens, text_of
from bridge.demo.install import install_packages
from bridge.demo.mail_ca import OwnCa
from bridge.demo.mail_config import Ports, texts
from bridge.errors import BridgeError, PermanentError, TemporaryError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_HOME: Final = Path("var/mail")
PACKAGES: Final = ("dovecot-imapd", "dovecot-lmtpd", "dovecot-sieve", "openssl", "postfix")
PRESEED: Final = "postfix postfix/main_mailer_type select No configuration\n"
OWN_SERVERS: Final = "The demo's mail servers need Debian 12 (Dovecot 2.3 and Postfix from Debian's packages)."
HOST: Final = "localhost"
MARK: Final = "made-by-mailserver"
LONGEST_HOME: Final = 70  # Unix sockets below it have paths of 107 characters at most
TRIES: Final = 4


class MailServer:
    """Dovecot and Postfix with all their files under `home`.

    Two homes may run at once, and many processes may share a running one: `start` of a home that already runs only connects to it.
    Ports are free ones, and the same again at the next start. Needs root, as Postfix does.
    """

    def __init__(self, home: Path = DEFAULT_HOME) -> None:
        self.home = home.absolute()
        self._tls = OwnCa(self.home / "tls")

    @property
    def ca(self) -> Path:
        """The certificate that a client has to trust."""
        return self._tls.ca

    @property
    def password(self) -> str:
        """The password of every address."""
        return (self.home / "password").read_text(encoding="ascii")

    @property
    def ports(self) -> Ports:
        """Where the servers listen."""
        return Ports.from_first(int((self.home / "port").read_text(encoding="ascii")))

    @property
    def running(self) -> bool:
        """Whether both run and answer."""
        return self.imap_running and self.smtp_running

    @property
    def imap_running(self) -> bool:
        """Whether Dovecot runs and listens."""
        return self._made and self._dovecot.alive and listens(self.ports.imaps)

    @property
    def smtp_running(self) -> bool:
        """Whether Postfix runs and listens."""
        return self._made and self._postfix.alive and listens(self.ports.submission)

    def imap_url(self, address: str, *, starttls: bool = False) -> str:
        """Where a mailbox is read."""
        scheme, port = ("imap+starttls", self.ports.imap) if starttls else ("imaps", self.ports.imaps)
        return f"{scheme}://{quote(address)}@{HOST}:{port}"

    def smtp_url(self, address: str, *, starttls: bool = False) -> str:
        """Where the owner of a mailbox hands in mails."""
        scheme, port = ("smtp+starttls", self.ports.submission) if starttls else ("smtps", self.ports.smtps)
        return f"{scheme}://{quote(address)}@{HOST}:{port}"

    def run_sieve(self, address: str, script: str) -> None:
        """Let a script run at each delivery to an address from now on; an empty one ends it."""
        folder = self._folder(address)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "active.sieve").write_text(script, encoding="utf-8")
        for path in (folder.parent, folder):
            shutil.chown(path, "mail", "mail")

    def install(self) -> None:
        """Install Debian's packages that are missing.

        Raises:
            PermanentError: no Debian, not root, or apt failed; the message says what to do.
        """
        install_packages(PACKAGES, OWN_SERVERS, PRESEED)
        version = processes.run(["dovecot", "--version"])
        if not version.startswith("2.3."):
            raise PermanentError(f"This is Dovecot {version.split(' ')[0]}, configured in another way. {OWN_SERVERS}")

    def start(self) -> Self:
        """Install, prepare, start and wait until they answer; connects only, when they run already."""
        with processes.locked(self._lock):
            if not self._up_to_date():
                self._stop()
                self._prepare()
            if not self.running:
                self._start()
        return self

    def stop(self) -> None:
        """Stop both; also when another process started them. Mails stay."""
        with processes.locked(self._lock):
            self._stop()

    def destroy(self) -> None:
        """Stop them and delete the home."""
        self.stop()
        self._remove()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start_imap(self) -> None:
        """Start Dovecot; nothing when it runs."""
        if not self.imap_running:
            self._spawn("dovecot", "-F", "-c", str(self.home / "dovecot.conf"))
            self._wait("Dovecot", "dovecot.log", lambda: self.imap_running)

    def stop_imap(self) -> None:
        """Stop Dovecot, with all its connections: nobody can read mail or hand mail in, and deliveries wait in Postfix."""
        self._dovecot.stop()

    def start_smtp(self) -> None:
        """Start Postfix; nothing when it runs."""
        if not self.smtp_running:
            self._postfix.stop()  # one that is alive and does not listen
            starter = self._spawn("postfix", "-c", str(self.home / "postfix"), "start")
            processes.wait_until(lambda: not starter.alive, 20, step=0.02)
            self._wait("Postfix", "postfix.log", lambda: self.smtp_running)

    def stop_smtp(self) -> None:
        """Stop Postfix, with all its connections; its queue stays."""
        self._postfix.stop()

    def flush(self) -> None:
        """Try all waiting mails now."""
        processes.run(["postqueue", "-c", str(self.home / "postfix"), "-f"])

    def queued(self) -> int:
        """How many mails wait in Postfix."""
        return sum(1 for place in ("incoming", "active", "deferred", "maildrop") for _ in self._files(place))

    def _files(self, place: str) -> list[Path]:
        return [path for path in (self.home / "queue" / place).rglob("*") if path.is_file()]

    @property
    def _made(self) -> bool:
        return (self.home / "port").exists()

    @property
    def _lock(self) -> Path:
        return self.home.with_name(self.home.name + ".lock")

    @property
    def _dovecot(self) -> Daemon:
        run = self.home / "run"
        return Daemon(run, run / "master.pid", "cmdline", str(self.home / "dovecot.conf"))

    @property
    def _postfix(self) -> Daemon:
        queue = self.home / "queue"
        return Daemon(queue, queue / "pid" / "master.pid", "environ", f"MAIL_CONFIG={self.home}/postfix")

    def _folder(self, address: str) -> Path:
        local, _, domain = address.lower().rpartition("@")
        return self.home / "boxes" / domain / local

    def _up_to_date(self) -> bool:
        if not self._made:
            return False
        wanted = texts(self.home, self.ports, self.password)
        return all(text_of(self.home / name) == text for name, text in wanted.items()) and self.ca.exists()

    def _prepare(self) -> None:
        require_home(self.home)
        self.install()
        self._remove()
        for name in ("", "postfix", "queue", "data", "boxes", "run"):
            (self.home / name).mkdir(parents=True, exist_ok=True)
        (self.home / MARK).touch()
        self.home.chmod(0o755)
        shutil.chown(self.home / "data", "postfix")
        shutil.chown(self.home / "boxes", "mail", "mail")
        processes.write(self.home / "password", secrets.token_urlsafe(12))
        self._tls.make(HOST, "mail.vendor.test")

    def _remove(self) -> None:
        if self.home.is_dir() and any(self.home.iterdir()) and not (self.home / MARK).exists():
            raise PermanentError(f"{self.home} has other things in it; take an empty folder for the mail servers")
        shutil.rmtree(self.home, ignore_errors=True)

    def _start(self) -> None:
        for number in range(TRIES):
            try:
                self._configure(number)
                self.start_imap()
                self.start_smtp()
            except BridgeError:
                self._stop()
                if number == TRIES - 1:
                    raise
            else:
                return

    def _configure(self, number: int) -> None:
        """Write the configurations; the ports of last time are taken again at the first try, if they are free."""
        if number or not self._made or not all_free(self.ports):
            processes.write(self.home / "port", str(free_ports(f"{self.home} {number}")))
        for name, text in texts(self.home, self.ports, self.password).items():
            processes.write(self.home / name, text, 0o644)

    def _stop(self) -> None:
        self._postfix.stop()
        self._dovecot.stop()

    def _spawn(self, *command: str) -> processes.Process:
        env = processes.clean_environment()
        return processes.spawn(command, env=env, cwd=self.home, log=self.home / f"{command[0]}.log")

    def _wait(self, name: str, log: str, up: Callable[[], bool]) -> None:
        if not processes.wait_until(up, 20, step=0.02):
            raise TemporaryError(f"{name} did not start; see {self.home / log}")


def require_home(home: Path) -> None:
    """Refuse a home where the servers cannot live.

    Raises:
        PermanentError: who starts them is not root, or the path is too long, has odd characters or is closed to the servers' own users.
    """
    if os.geteuid() != 0:
        raise PermanentError(f"Postfix can be started by root only. {OWN_SERVERS}")
    if len(str(home)) > LONGEST_HOME or not re.fullmatch(r"[\w./+-]+", str(home), re.ASCII):
        raise PermanentError(f"{home} is too long or has odd characters; take a plain path for the mail servers")
    closed = next((path for path in home.parents if path.exists() and not path.stat().st_mode & 0o001), None)
    if closed:
        raise PermanentError(f"The mail servers' own users may not enter {closed}; take another home")


def main(arguments: list[str] | None = None) -> int:
    """Start, stop or show the mail servers by hand."""
    parser = argparse.ArgumentParser(prog="python -m bridge.demo.mailserver", description=main.__doc__)
    parser.add_argument("action", choices=["up", "down", "status"])
    parser.add_argument("--home", type=Path, default=DEFAULT_HOME)
    given = parser.parse_args(arguments)
    try:
        return _act(MailServer(given.home), given.action)
    except BridgeError as error:
        sys.stderr.write(f"{error}\n")
        return 1


def _act(server: MailServer, action: str) -> int:
    if action == "up":
        server.start()
    if action == "down":
        server.stop()
    running = server.running
    where = f"{server.ports}  CA: {server.ca}  password: {server.home / 'password'}" if running else "not running"
    sys.stdout.write(f"{where}\n")
    return 0 if running is (action != "down") else 1


if __name__ == "__main__":
    sys.exit(main())
