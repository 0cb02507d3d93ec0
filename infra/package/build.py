"""From the working tree to archives."""

from collections.abc import Iterable
from pathlib import Path

from infra.archives import Architecture, Archives
from infra.package.code import build_code
from infra.package.lambda_runtime import architectures as all_architectures
from infra.package.lambda_runtime import runtime
from infra.package.reuse import reuse_dependencies


def build(target: Path, architectures: Iterable[Architecture] | None = None) -> Archives:
    """Write `functions.zip` and, for each architecture, `dependencies-ARCHITECTURE.zip` into a folder.

    None stands for all architectures that the runtime has wheels for. The same input gives the same bytes,
    wherever and whenever; a layer that is there for this input already stays. Raises PackageError.
    """
    return Archives(
        runtime(),
        build_code(target),
        {
            architecture: reuse_dependencies(target, architecture)
            for architecture in architectures or all_architectures()
        },
    )
