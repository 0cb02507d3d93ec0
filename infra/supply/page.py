"""docs/dependencies.md: `python -m infra.supply.page` (`make dependencies`), which asks the package index."""

import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from infra.supply.locked import LOCKS, ROOT, canonical, direct, licence_of, locked

PAGE = ROOT / "docs" / "dependencies.md"
REASONS = Path(__file__).with_name("reasons.toml")
_ROW = re.compile(r"^\| `([^`]+)` \| ([^ |]+) \|", re.MULTILINE)
_FORM = Path(__file__).with_suffix(".md")


def reasons() -> dict[str, str]:
    """Why each direct one is there."""
    return tomllib.loads(REASONS.read_text(encoding="utf-8"))


def listed() -> dict[str, str]:
    """The versions of the page as it is, by name."""
    return dict(_ROW.findall(PAGE.read_text(encoding="utf-8")))


def written() -> str:
    """The page, with what the index says now."""
    said = _asked()
    needed_by: dict[str, list[str]] = {}
    for owner, told in said.items():
        for needed in told.get("dependencies", []):
            needed_by.setdefault(canonical(needed["name"]), []).append(owner)
    wanted, why = direct(), reasons()
    locks = {lock: locked(lock) for lock in ("function", "streams", "run", "dev")}
    rows: dict[bool, list[str]] = {True: [], False: []}
    for name, package in sorted(locks["dev"].items()):
        is_direct = name in wanted
        smallest = next(lock for lock, names in locks.items() if name in names)
        last = (
            (", ".join(dict.fromkeys(wanted[name])), why[name])
            if is_direct
            else (smallest, _named(needed_by.get(name, [])))
        )
        cells = (f"`{name}`", package.version, _released(said.get(name, {})), licence_of(name), *last)
        rows[is_direct].append(f"| {' | '.join(cells)} |\n")
    form = _FORM.read_text(encoding="utf-8")
    return form.format(direct="".join(rows[True]), needed="".join(rows[False]))


def _named(names: list[str]) -> str:
    """Without the project that the index was asked for."""
    return ", ".join(f"`{name}`" for name in sorted({*names} - {"asked"}))


def _released(package: dict[str, Any]) -> str:
    times = [file["upload-time"] for file in package.get("wheels", []) if "upload-time" in file]
    return min(times, default="unknown")[:10]


def _asked() -> dict[str, dict[str, Any]]:
    """What uv finds out when it locks the same versions once more: when they came, and who needs whom."""
    pins = [
        line.partition("\\")[0].strip()
        for line in (LOCKS / "dev.txt").read_text(encoding="utf-8").splitlines()
        if line[:1].isalpha()
    ]
    project = (
        f'[project]\nname = "asked"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = {pins!r}\n'
    )
    with tempfile.TemporaryDirectory(prefix="spooled-supply-") as folder:
        (Path(folder) / "pyproject.toml").write_text(project, encoding="utf-8")
        subprocess.run([Path(sys.executable).parent / "uv", "lock", "--quiet"], cwd=folder, check=True)  # noqa: S603
        found = tomllib.loads((Path(folder) / "uv.lock").read_text(encoding="utf-8"))
    return {canonical(package["name"]): package for package in found["package"]}


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
