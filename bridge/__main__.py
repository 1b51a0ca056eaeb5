"""`python -m bridge` and the command `presale-bridge`."""

import io
import sys

from bridge.cli.main import run


def main() -> None:
    """Run the command and leave with its exit code; where the terminal has no letter for something (KOI8-R, cp1251), its number is shown."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
