"""A shell that a reader of the documentation pastes into."""

import os
import subprocess


def paste(script: str, service_url: str) -> str:
    """What the shell says to it; a command that fails ends the test."""
    done = subprocess.run(
        ["bash", "-eu", "-c", script],
        env={"PATH": os.environ["PATH"], "SPOOLED_URL": service_url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
