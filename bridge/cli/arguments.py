"""Values that people write on the command line."""

from __future__ import annotations

import argparse
import re
from datetime import timedelta

from bridge.policy.values import read_wall_time


def wall_time(text: str) -> timedelta:
    """Time by the clock: `90d`, `10 minutes`, `12h`, `3 calendar days`.

    Raises:
        ArgumentTypeError: it is not that; argparse shows the sentence.
    """
    try:
        return read_wall_time(re.sub(r"^\s*(\d+)\s*(?:d|days?|д|дн|дней|дня|день)\s*$", r"\1 calendar days", text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
