"""`make cloud`: the deployed stack in the foreground, until Ctrl-C."""

import sys

from localstack.cloud.run import run_cloud
from localstack.command import run_command

if __name__ == "__main__":
    sys.exit(run_command(run_cloud))
