"""Logs: a line per decision, as text for people or JSON for machines; nothing personal beyond ids, never a key."""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from copy import copy
from datetime import UTC, datetime
from types import TracebackType
from typing import Final

FIELDS: Final = ("run", "ticket", "step", "reason")
"""What a line of JSON has beside its message, where the line is about such a thing."""
_ADDRESS: Final = re.compile(r"[^\s@«»\"'(),;:<>\[\]=/]{1,320}@[^\s@«»\"'(),;:<>\[\]=/]{1,255}")
Raised = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Discreet(logging.Formatter):
    """Shows of an error where it was raised and what kind it is, not its words: they may quote a ticket or a person.

    Mail addresses are masked in whatever is logged: servers quote them in their answers.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line; a traceback that another handler has written into the record is not taken over."""
        record = copy(record)
        record.exc_text = None
        return masked(super().format(record))

    def formatException(self, ei: Raised) -> str:  # noqa: N802 - as logging calls it
        """The places, and the kinds of the error and of those that it came from."""
        lines: list[str] = []
        error, seen = ei[1], set[int]()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            kind = type(error)
            lines += [*traceback.format_tb(error.__traceback__), f"{kind.__module__}.{kind.__qualname__}\n"]
            error = error.__cause__ or error.__context__
        return "".join(lines).rstrip()


class JsonFormatter(Discreet):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Time in UTC, level, logger, message, and what it is about; the traceback where there is one."""
        line: dict[str, object] = {
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **{name: record.__dict__[name] for name in FIELDS if name in record.__dict__},
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        shown = {name: masked(value) if isinstance(value, str) else value for name, value in line.items()}
        return json.dumps(shown, ensure_ascii=False)


def masked(text: str) -> str:
    """The text without mail addresses."""
    return _ADDRESS.sub("…", text)


def set_up_logging(*, verbose: bool, as_json: bool) -> None:
    """Log to standard error; libraries only from warnings on, since they would log addresses and parameters."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else Discreet("%(asctime)s %(levelname)-7s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("bridge").setLevel(logging.INFO if verbose else logging.WARNING)
