"""From the working tree to archives."""

from collections.abc import Iterable
from pathlib import Path

from infra.archives import Architecture, Archives
from infra.package.code import build_code
from infra.package.dependencies import build_dependencies
from infra.package.lambda_runtime import architectures as all_architectures
from infra.package.lambda_runtime import runtime


def build(target: Path, architectures: Iterable[Architecture] | None = None) -> Archives:
    """Write `functions.zip` and, for each architecture, `dependencies-ARCHITECTURE.zip` into a folder.

    None stands for all architectures that the runtime has wheels for. The same input gives the same bytes,
    wherever and whenever. Raises PackageError.
    """
    return Archives(
        runtime(),
        build_code(target),
        {
            architecture: build_dependencies(target, architecture)
            for architecture in architectures or all_architectures()
        },
    )
