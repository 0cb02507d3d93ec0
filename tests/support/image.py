"""A Dockerfile carried out without an engine: its steps, in plain folders, with this Python."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.composed import ROOT

IMAGE_FILE = ROOT / "localstack" / "Dockerfile"
STREAMS_IMAGE_FILE = ROOT / "functions" / "streams" / "Dockerfile"
LONGEST_STEP_SECONDS = 300
LEFT_OUT = shutil.ignore_patterns("__pycache__")
_PATH_INSIDE = re.compile(r"(?<![\w.])/(?=(?:opt|srv|build|var)/?)")


@dataclass(frozen=True)
class Copy:
    stage: str | None
    sources: list[str]
    target: str


@dataclass
class ImageFile:
    """What the file says, of its last stage unless said otherwise."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    health_check: list[str] = field(default_factory=list)

    @property
    def bases(self) -> list[str]:
        return [rest.split()[0] for word, rest in self.steps if word == "FROM"]

    @property
    def copies(self) -> list[Copy]:
        return [_copy(rest) for word, rest in self.steps if word == "COPY"]


def read_image_file(file: Path = IMAGE_FILE) -> ImageFile:
    found = ImageFile()
    for word, rest in _lines(file):
        found.steps.append((word, rest))
        match word:
            case "ENV":
                found.environment.update(part.split("=", 1) for part in shlex.split(rest))
            case "USER":
                found.user = rest
            case "WORKDIR":
                found.folder = rest
            case "CMD":
                found.command = json.loads(rest)
            case "HEALTHCHECK":
                found.health_check = json.loads(rest.partition(" CMD ")[2])
    return found


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    text = "\n".join(line for line in file.read_text().splitlines() if not line.startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            yield word, rest.strip()


def _copy(rest: str) -> Copy:
    words = rest.split()
    stage = words.pop(0).removeprefix("--from=") if words[0].startswith("--from=") else None
    return Copy(stage, words[:-1], words[-1])


def build(folder: Path, file: Path = IMAGE_FILE) -> Path:
    """Carry out every step; gives the folder that stands for the image's `/`."""
    stages: list[tuple[str, Path]] = []
    place = "/"
    for word, rest in read_image_file(file).steps:
        root = stages[-1][1] if stages else folder
        match word:
            case "FROM":
                name = rest.rpartition(" AS ")[2]
                root = folder / f"stage-{len(stages)}"
                root.mkdir()
                stages.append((name, root))
                place = "/"
            case "WORKDIR":
                place = rest
                inside(root, rest).mkdir(parents=True)
            case "COPY":
                step = _copy(rest)
                origin = dict(stages)[step.stage] if step.stage else ROOT
                _carry_out(step, origin, inside(root, str(Path(place, step.target))))
            case "RUN":
                _run(rest, root, place)
    return stages[-1][1]


def inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")


def moved(text: str, root: Path) -> str:
    """A command with the paths inside the image replaced by where they are here."""
    return _PATH_INSIDE.sub(f"{root}/", text)


def _carry_out(step: Copy, origin: Path, target: Path) -> None:
    for source in step.sources:
        path = source.lstrip("/")
        found = sorted(origin.glob(path))
        assert found, f"COPY {source}: there is nothing"
        for one in found:
            if one.is_dir():
                shutil.copytree(one, target, symlinks=True, ignore=None if step.stage else LEFT_OUT)
            else:
                place = target / one.name if step.target.endswith("/") else target
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(one, place)


def _run(command: str, root: Path, place: str) -> None:
    programs = root.parent / "programs"
    programs.mkdir(exist_ok=True)
    if not (programs / "python").exists():
        (programs / "python").symlink_to(sys.executable)
    if os.geteuid() != 0:
        command = command.replace("10001", str(os.getuid()), 1).replace("10001", str(os.getgid()), 1)
    (inside(root, "/opt")).mkdir(exist_ok=True)
    inside(root, "/var/lib").mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        ["/bin/sh", "-euc", moved(command, root)],
        cwd=inside(root, place),
        # With the settings of pip that this machine has, and nothing else that could help.
        env={
            "PATH": f"{programs}:/usr/bin:/bin",
            "HOME": str(root.parent),
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))},
        },
        capture_output=True,
        text=True,
        timeout=LONGEST_STEP_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"RUN {command}\n{done.stdout}{done.stderr}"
