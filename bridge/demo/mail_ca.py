"""A certificate authority for tests and the demo, made on the spot with the `openssl` command."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.demo import processes

if TYPE_CHECKING:
    from pathlib import Path

DAYS: Final = "3650"
NEW_KEY: Final = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
SERVER: Final = """basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {names}
"""


@dataclass(frozen=True, slots=True)
class OwnCa:
    """A folder with the authority's certificate, and the certificate and key of one server, which only root may read."""

    folder: Path

    @property
    def ca(self) -> Path:
        """What a client has to trust."""
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> Path:
        """The server's certificate."""
        return self.folder / "server.pem"

    @property
    def key(self) -> Path:
        """The server's key."""
        return self.folder / "server.key"

    def make(self, *names: str) -> OwnCa:
        """Make all of it for a server with these DNS names."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._make_authority()
        self._make_server(names)
        self.key.chmod(0o600)
        return self

    def _make_authority(self) -> None:
        extensions = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        about = ("-subj", "/CN=Test CA of presale-bridge", "-days", DAYS)
        files = ("-keyout", f"{self.folder}/ca.key", "-out", str(self.ca))
        processes.run(["openssl", "req", "-x509", *NEW_KEY, *about, *extensions, *files])

    def _make_server(self, names: tuple[str, ...]) -> None:
        request, wanted = self.folder / "server.csr", self.folder / "server.ext"
        wanted.write_text(SERVER.format(names=",".join(f"DNS:{name}" for name in names)), encoding="ascii")
        subject = ("-subj", f"/CN={names[0]}")
        processes.run(["openssl", "req", "-new", *NEW_KEY, *subject, "-keyout", str(self.key), "-out", str(request)])
        signer = ("-CA", str(self.ca), "-CAkey", f"{self.folder}/ca.key", "-CAcreateserial", "-days", DAYS)
        files = ("-in", str(request), "-extfile", str(wanted), "-out", str(self.certificate))
        processes.run(["openssl", "x509", "-req", *signer, *files])

    def remove(self) -> None:
        """Delete it."""
        shutil.rmtree(self.folder, ignore_errors=True)
