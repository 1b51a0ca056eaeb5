"""A prepared Redmine to copy from: unpacked, migrated, seeded. Made once per package, seed and database; a copy takes a second."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bridge.demo import hook, processes
from bridge.demo.database import open_database

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE: Final = Path(__file__).parent
SCRIPTS: Final = ("seed.rb", "demo.rb", "additional_environment.rb", "template.py")
GEMFILE_PATH: Final = "'/usr/share/redmine/{config,instances/*/config}/database.yml'"

MAIL: Final = """default:
  attachments_storage_path: {files}
  email_delivery:
    delivery_method: :smtp
    smtp_settings:
      address: {host}
      port: {port}
      enable_starttls_auto: false
      open_timeout: 5
"""


@dataclass(frozen=True)
class Layout:
    """Where things are in a home, a template's or a server's."""

    home: Path
    database: str

    @property
    def app(self) -> Path:
        """Redmine itself."""
        return self.home / "app"

    @property
    def config(self) -> Path:
        """Debian's per-instance configuration."""
        return self.app / "instances" / "default" / "config"

    @property
    def clock(self) -> Path:
        """The file of simulated time."""
        return self.home / "clock"

    def environment(self) -> dict[str, str]:
        """What Redmine's commands need."""
        own = {"HOME": str(self.app / "tmp"), "BUNDLE_GEMFILE": str(self.app / "Gemfile")}
        demo = {"DEMO_DATABASE": self.database, "DEMO_CLOCK": str(self.clock)}
        rails = {"RAILS_ENV": "production", "SCHEMA": "/dev/null", "BUNDLE_SILENCE_ROOT_WARNING": "1"}
        return processes.clean_environment(**own, **demo, **rails)

    def ruby(self, *command: str) -> str:
        """Run one of Redmine's commands to its end."""
        return processes.run(command, env=self.environment(), cwd=self.app)

    def configure(self, mail_port: int) -> None:
        """Write what depends on the place; JSON is YAML."""
        settings = dict(open_database(self.home, self.database).settings)
        processes.write(self.config / "database.yml", json.dumps({"production": settings}))
        told = MAIL.format(host=processes.LOOPBACK, port=mail_port, files=json.dumps(str(self.home / "files")))
        processes.write(self.config / "configuration.yml", told)


def digest() -> str:
    """What a Redmine prepared now would be made from; another value means that it has to be made anew."""
    found = hashlib.sha256()
    for file in (*(HERE / name for name in SCRIPTS), *hook.plugin_files()):
        found.update(file.read_bytes())
    return found.hexdigest()[:12]


def copy_template(cache: Path, deb: Path, database: str, home: Path) -> None:
    """Copy the prepared Redmine for that package and database to `home`; it is made under `cache` if it is not there."""
    ready = cache / f"template-{database}-{deb.stem}-{digest()}"
    with processes.locked(cache / "lock"):
        if not ready.exists():
            draft = cache / f"draft-{database}"
            _remove(draft, database)
            _make(Layout(draft, database), deb)
            draft.rename(ready)
            for old in cache.glob(f"template-{database}-*"):
                if old != ready:
                    shutil.rmtree(old, ignore_errors=True)
        home.mkdir(parents=True, exist_ok=True)
        processes.run(["cp", "-a", "--reflink=auto", f"{ready}/.", str(home)])
    (home / "data" / "postgresql.port").unlink(missing_ok=True)
    processes.write(Layout(home, database).config / "secret_key.txt", secrets.token_hex(64))


def _remove(home: Path, database: str) -> None:
    if home.exists():
        if (home / "data").exists():
            open_database(home, database).stop()
        shutil.rmtree(home)


def _make(layout: Layout, deb: Path) -> None:
    _unpack(layout, deb)
    database = open_database(layout.home, layout.database)
    database.start()
    try:
        layout.configure(mail_port=9)
        layout.ruby("bundle", "lock", "--local")
        layout.ruby("bundle", "exec", "rake", "db:migrate")
        layout.ruby("bundle", "exec", "rails", "runner", str(HERE / "seed.rb"))
    finally:
        database.stop()


def _unpack(layout: Layout, deb: Path) -> None:
    unpacked = layout.home / "unpacked"
    unpacked.mkdir(parents=True)
    processes.run(["dpkg", "-x", str(deb), str(unpacked)])
    (unpacked / "usr/share/redmine").rename(layout.app)
    shutil.rmtree(unpacked)
    for link in (layout.app / "instances", layout.app / "Gemfile.lock", layout.app / "config/database.yml"):
        link.unlink()
    _links_to_debian(layout.app)
    gemfile = layout.app / "Gemfile"
    own = "File.join(File.dirname(__FILE__), 'instances/*/config/database.yml')"
    gemfile.write_text(gemfile.read_text(encoding="utf-8").replace(GEMFILE_PATH, own), encoding="utf-8")
    (layout.app / "Gemfile.local").write_text("gem 'puma'\n", encoding="utf-8")
    _folders([layout.config, layout.config.parent / "log", layout.config.parent / "tmp/cache", layout.app / "tmp"])
    _folders([layout.home / "files", layout.app / "plugins", layout.app / "log", layout.app / "public/plugin_assets"])
    for name in ("demo.rb", "additional_environment.rb"):
        shutil.copyfile(HERE / name, layout.app / "config" / name)
    shutil.copytree(hook.plugin(), layout.app / "plugins" / hook.NAME, ignore=shutil.ignore_patterns("test"))
    processes.write(layout.config / "secret_key.txt", secrets.token_hex(64))


def _folders(folders: Sequence[Path]) -> None:
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


def _links_to_debian(app: Path) -> None:
    """The package's links to other packages' scripts are relative to /usr/share/redmine."""
    for link in (app / "public").rglob("*"):
        if link.is_symlink():
            target = Path("/usr/share/redmine") / link.parent.relative_to(app) / link.readlink()
            link.unlink()
            link.symlink_to(Path(*target.parts).resolve())
