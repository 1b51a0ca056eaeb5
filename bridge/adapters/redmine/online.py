"""Placeholder."""

from enum import StrEnum


class Level(StrEnum):
    """x."""


class Finding:
    """x."""


def check_online() -> None:
    """x."""
