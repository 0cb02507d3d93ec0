"""`make run`: the whole service in the foreground, until Ctrl-C."""

import ctypes
import os
import signal
import sys

from localstack.child import PR_SET_PDEATHSIG
from localstack.errors import StartError
from localstack.serve import serve


def main() -> int:
    if "--with-parent" in sys.argv[1:] and sys.platform == "linux":
        # When `make` is killed it cannot pass that on, and nobody would know that this still runs.
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
    try:
        serve(os.environ)
    except StartError as error:
        sys.stderr.write(f"Spooled cannot start.\n{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
