"""What the Pulumi engine runs."""

import pulumi
from pulumi.runtime.config import CONFIG

from infra.archives import read_archives
from infra.config import PROJECT, Config
from infra.program import declare

_NAMESPACE = f"{PROJECT}:"


def main() -> None:
    """Read the stack's configuration and the archives of `make package`, and declare the stack."""
    values = {
        key.removeprefix(_NAMESPACE): value
        for key, value in CONFIG.get().items()
        if key.startswith(_NAMESPACE)
    }
    config = Config.read(pulumi.get_stack(), values)
    declare(config, read_archives(config.architecture))


main()
