"""`python -m shared.command`: the same as `spooled`."""

import sys

from shared.command.main import main

if __name__ == "__main__":
    sys.exit(main())
