"""Whose certificates are believed."""

from __future__ import annotations

import ssl

from bridge.errors import PermanentError


def trusting(ca: str) -> ssl.SSLContext:
    """What the system trusts and, beside it, the certificates in the file `ca`; certificates and host names are always verified.

    Raises:
        PermanentError: the file cannot be used.
    """
    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(ca)
        except (OSError, ValueError) as error:
            why = "it is not there" if isinstance(error, FileNotFoundError) else type(error).__name__
            raise PermanentError(
                f"The certificates in {ca} (PRESALE_BRIDGE_CA) cannot be used: {why}; name a PEM file of your CA"
            ) from error
    return context
