"""`python -m bridge` and the command `presale-bridge`."""

import sys

from bridge.cli.main import run


def main() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
