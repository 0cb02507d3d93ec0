"""Where an archive runs: the Lambda runtime of the Python that builds, and what its operating system has."""

import sys

from infra.archives import Architecture

MACHINES: dict[Architecture, str] = {"arm64": "aarch64", "x86_64": "x86_64"}
"""What wheels and linkers call an architecture of Lambda."""

# The C library of Amazon Linux 2, where Python 3.11 runs, and of Amazon Linux 2023, where all later ones do.
_GLIBC_OF_PYTHON_3_11, _GLIBC_SINCE = 26, 34
_OLDEST_GLIBC_OF_A_TAG = 17
_GLIBC_OF_PSYCOPG_ON_ARM = 27


def runtime() -> str:
    """Bytecode fits one minor version of Python alone, so the one that builds is the one that runs."""
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


def newest_glibc() -> int:
    """The minor version of the C library that the runtime has."""
    return _GLIBC_OF_PYTHON_3_11 if sys.version_info[:2] == (3, 11) else _GLIBC_SINCE


def architectures() -> tuple[Architecture, ...]:
    """All but arm64 where the C library is older than psycopg's wheels for it ask for."""
    return ("x86_64",) if newest_glibc() < _GLIBC_OF_PSYCOPG_ON_ARM else ("arm64", "x86_64")


def wheel_platforms(architecture: Architecture) -> list[str]:
    """The platform tags of the wheels that the runtime can load, newest first."""
    machine = MACHINES[architecture]
    minors = range(newest_glibc(), _OLDEST_GLIBC_OF_A_TAG - 1, -1)
    return [*(f"manylinux_2_{minor}_{machine}" for minor in minors), f"manylinux2014_{machine}"]
