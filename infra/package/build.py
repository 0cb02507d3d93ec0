"""From the working tree to archives."""

from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from infra.archives import Architecture, Archives
from infra.package.code import build_code
from infra.package.dependencies import build_dependencies
from infra.package.lambda_runtime import runtime

ARCHITECTURES: tuple[Architecture, ...] = get_args(Architecture)


def build(target: Path, architectures: Iterable[Architecture] = ARCHITECTURES) -> Archives:
    """Write `functions.zip` and, for each architecture, `dependencies-ARCHITECTURE.zip` into a folder.

    The same input gives the same bytes, wherever and whenever. Raises PackageError.
    """
    return Archives(
        runtime(),
        build_code(target),
        {architecture: build_dependencies(target, architecture) for architecture in architectures},
    )
