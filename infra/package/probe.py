"""Imports handlers as a new environment of Lambda does, each in a process that has imported nothing before.

A program of its own: `python -I -S probe.py PACKAGES`, with the code's folder and the handler's module on
each line of its input; for each line it prints one of JSON. It must not import what functions might, unless
it is told to: with `CODE MODULE` at its end, it imports that first, and what all share is imported once.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any


def standard_library() -> list[str]:
    """Where Python has its own modules; `site`, which adds others, was not run."""
    return [place for place in sys.path if Path(place).name != Path(__file__).parent.name]


def imported(code: str, packages: str, module: str) -> dict[str, Any]:
    """Import the module's handler: how long it took, of processor and of clock, and what is loaded then."""
    sys.path[:] = [code, packages, *standard_library()]
    started, on_processor = time.perf_counter(), time.process_time()
    __import__(module)
    return {
        "handler": callable(sys.modules[module].handler),
        "processor_ms": (time.process_time() - on_processor) * 1000,
        "clock_ms": (time.perf_counter() - started) * 1000,
        "modules": sorted(sys.modules),
        "files": sorted({file for file in map(_file_of, sys.modules.values()) if file}),
    }


def _file_of(module: Any) -> str:
    file = getattr(module, "__file__", None)
    return file if isinstance(file, str) else ""


def answer(code: str, packages: str, module: str) -> str:
    """What came of it, in a child process."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = imported(code, packages, module)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
            found = {"error": f"{type(error).__name__}: {error}"}
        with os.fdopen(writing, "w") as pipe:
            json.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    os.waitpid(child, 0)
    return said


def main() -> None:
    packages, *first = sys.argv[1:]
    if first:
        code, module = first
        imported(code, packages, module)
    for line in sys.stdin:
        code, _, module = line.rstrip("\n").partition("\t")
        print(answer(code, packages, module) or '{"error": "it ended the process"}', flush=True)


if __name__ == "__main__":
    main()
