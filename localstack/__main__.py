"""`make run`: the whole service in the foreground, until Ctrl-C."""

import sys

from localstack.command import run_command
from localstack.serve import run_local

if __name__ == "__main__":
    sys.exit(run_command(run_local))
