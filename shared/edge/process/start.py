"""How a process begins: its settings, read, or what is wrong with them said in words."""

import sys
from collections.abc import Callable, Mapping

from pydantic import ValidationError

from shared.edge.process.ending import StoppedError
from shared.edge.process.errors import StartError
from shared.settings import Settings


def read_or_refuse(environment: Mapping[str, str]) -> Settings:
    """The settings. Raises StartError with a line for each that is wrong."""
    try:
        return Settings.from_environment(environment)
    except ValidationError as error:
        lines = [f"{name}: {text}" if name else text for name, text in faults_of(error)]
        raise StartError("\n".join(lines)) from error


def faults_of(error: ValidationError) -> list[tuple[str, str]]:
    """Which setting is wrong and how; the name is empty for what is wrong with several together."""
    return [
        (".".join(map(str, fault["loc"])).upper(), fault["msg"].removeprefix("Value error, "))
        for fault in error.errors()
    ]


def exit_code_of(run: Callable[[], None]) -> int:
    """Run to the end; 1 when it could not start, which the person who started it then reads."""
    try:
        run()
    except StoppedError:
        return 0
    except StartError as error:
        sys.stderr.write(f"Spooled cannot start.\n{error}\n")
        return 1
    return 0
