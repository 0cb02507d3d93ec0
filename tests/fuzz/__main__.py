"""Coverage-guided fuzzing of what reads clients' text: `make fuzz`, for so many minutes in all.

Atheris, which is libFuzzer for Python, changes what it has until it reaches new branches of ours. What it
has found stays in `.fuzz/`, and the next run begins there. What breaks a promise stops it: the bytes are
shown, and belong among the seeds in `targets.py`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUND = ROOT / ".fuzz"
_DONE = re.compile(r"^#(\d+)\s+DONE\s+cov: (\d+)", re.MULTILINE)
_MOST_MEGABYTES = 2_000
_LONGEST_SECONDS = 5
_LONGEST_BYTES = 4_096


def main() -> int:
    """Run all targets, or those of ONLY, each in a process of its own, and print a line for each."""
    minutes = float(os.environ.get("MINUTES") or 4)
    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - only here: the child instruments it first

    names = [name for name in TARGETS if name in (os.environ.get("ONLY") or ",".join(TARGETS)).split(",")]
    broken = 0
    for name in names:
        folder = FOUND / name
        folder.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(TARGETS[name][1]):
            (folder / f"seed-{number}").write_bytes(seed)
        run = subprocess.run(
            [
                sys.executable,
                "-m",
                "tests.fuzz",
                name,
                f"-max_total_time={max(1, round(minutes * 60 / len(names)))}",
                f"-rss_limit_mb={_MOST_MEGABYTES}",
                f"-timeout={_LONGEST_SECONDS}",
                f"-max_len={_LONGEST_BYTES}",
                f"-artifact_prefix={FOUND}/",
                str(folder),
            ],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        done = _DONE.search(run.stderr)
        if run.returncode or done is None:
            broken += 1
            sys.stdout.write(f"{name}: BROKEN\n{run.stdout[-4_000:]}{run.stderr[-4_000:]}\n")
        else:
            sys.stdout.write(f"{name}: {int(done[1]):,} executions, {done[2]} branches, nothing broken\n")
        sys.stdout.flush()
    return broken


def fuzz(name: str) -> None:
    """One target, until its time is over; ends the process."""
    import atheris  # noqa: PLC0415 - only on the platforms that it is made for

    with atheris.instrument_imports(include=["shared"]):
        from tests.fuzz.targets import TARGETS, checked  # noqa: PLC0415 - instrumented as it is loaded

    atheris.Setup([sys.argv[0], *sys.argv[2:]], checked(TARGETS[name][0]))
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        fuzz(sys.argv[1])
    sys.exit(main())
