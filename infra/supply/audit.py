"""Known vulnerabilities of what is locked: `python -m infra.supply.audit` (`make audit`), over a network.

pip-audit asks a service for advisories, by name and version. Exit code 0: all were looked up, none is known.
1: some are. 3: the service was not reached, or did not know some of the packages; then nothing is proven.
"""

import json
import subprocess
import sys
from typing import Any

from infra.supply.locked import LOCKS

CLEAN, FOUND, UNKNOWN = 0, 1, 3
_LONGEST_SECONDS = 600


def audit(program: str, lock: str) -> int:
    """Look up all packages of a lock, and say what is known."""
    file = LOCKS / f"{lock}.txt"
    options = [
        "--disable-pip",
        "--require-hashes",
        "--format=json",
        "--progress-spinner=off",
        f"--requirement={file}",
    ]
    ended = subprocess.run(  # noqa: S603
        [program, *options], capture_output=True, text=True, check=False, timeout=_LONGEST_SECONDS
    )
    try:
        packages: list[dict[str, Any]] = json.loads(ended.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (ended.stderr.strip().splitlines() or ["no answer"])[-1]
        return _say(f"{file.name}: nothing was audited, the service was not reached: {reason[:300]}", UNKNOWN)
    faults = [
        f"{package['name']} {package['version']}: {fault['id']}, mended in {' '.join(fault['fix_versions'])}"
        for package in packages
        for fault in package.get("vulns", [])
    ]
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    if faults:
        return _say("\n".join([f"{file.name}: {len(faults)} known", *faults]), FOUND)
    if unknown:
        some = f"{len(unknown)} of {len(packages)} packages ({', '.join(unknown[:5])}, ...)"
        return _say(f"{file.name}: {some} were not found by the service; nothing is proven of them", UNKNOWN)
    return _say(f"{file.name}: {len(packages)} packages, nothing known against them", CLEAN)


def _say(text: str, code: int) -> int:
    print(text)  # noqa: T201 - a command
    return code


if __name__ == "__main__":
    codes = [audit(sys.argv[1], lock) for lock in ("run", "dev")]
    sys.exit(FOUND if FOUND in codes else max(codes))
