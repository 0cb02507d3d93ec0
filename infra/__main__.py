"""What the Pulumi engine runs."""

import sys
from pathlib import Path

# The engine runs this folder as a program; its modules are those of the package `infra`.
_FOLDER = Path(__file__).resolve().parent
sys.path[:] = [str(_FOLDER.parent), *(place for place in sys.path if Path(place).resolve() != _FOLDER)]

import pulumi  # noqa: E402 - only now are the packages found
from pulumi.runtime.config import CONFIG  # noqa: E402

from infra.archives import read_archives  # noqa: E402
from infra.config import PROJECT, Config  # noqa: E402
from infra.declared import DeclarationError  # noqa: E402
from infra.errors import ConfigError  # noqa: E402
from infra.program import declare  # noqa: E402


def main() -> None:
    """Read the stack's configuration and the archives of `make package`, and declare the stack."""
    own = f"{PROJECT}:"
    values = {key.removeprefix(own): value for key, value in CONFIG.get().items() if key.startswith(own)}
    try:
        config = Config.read(pulumi.get_stack(), values)
        declare(config, read_archives(config.architecture, _FOLDER.parent / config.archives))
    except (ConfigError, DeclarationError) as error:
        raise pulumi.RunError(str(error)) from None


main()
