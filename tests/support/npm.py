"""Packages for the examples in Node.js, or a test that is skipped in seconds where there are none."""

import subprocess
from pathlib import Path

import pytest

ONCE = ("--fetch-retries=0", "--fetch-timeout=30000")
"""npm tries again for minutes, also where the registry's certificate is unknown to this machine."""
QUIETLY = ("--no-audit", "--no-fund", "--no-package-lock")


def npm_install(folder: Path, *packages: str) -> None:
    """What the folder's package.json names, and these packages."""
    command = ["npm", "install", *packages, *QUIETLY, *ONCE, "--prefix", str(folder)]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    if installed.returncode:
        pytest.skip(f"packages of npm cannot be had here: {installed.stderr[-300:]}")
