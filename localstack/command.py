"""What the commands in the foreground have in common: they end with their parent, and refuse in words."""

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping

from localstack.child import PR_SET_PDEATHSIG
from shared.edge.process.start import exit_code_of


def run_command(run: Callable[[Mapping[str, str]], None]) -> int:
    """Run with this process's environment; the exit code is 1 when it could not start."""
    if "--with-parent" in sys.argv[1:] and sys.platform == "linux":
        # When `make` is killed it cannot pass that on, and nobody would know that this still runs.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    return exit_code_of(lambda: run(os.environ))
