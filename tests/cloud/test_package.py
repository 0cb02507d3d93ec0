"""What is uploaded to Lambda is small, the same each time, and complete."""

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from infra.archives import Architecture, Archive, own_architecture
from infra.package import reuse
from infra.package.budget import MOST_UNPACKED, MOST_ZIPPED, keep, size_faults
from infra.package.code import COMMAND_LINE, OF_STREAMS, PACKAGES, ROOT, build_code
from infra.package.dependencies import build_dependencies
from infra.package.errors import PackageError
from infra.package.lambda_runtime import MACHINES, architectures, newest_glibc
from infra.package.reuse import reuse_dependencies
from tests.support.package import Packages

NOT_FOR_FUNCTIONS = {
    *("tests", "infra", "localstack", "benchmarks", "pip", "pytest", "boto3", "botocore", "moto"),
    *("pulumi", "pulumi_aws", "awslambdaric", "uvicorn", "uvloop", "psycopg_pool", "pycparser", "cffi"),
}
ELF_MACHINE: dict[Architecture, int] = {"arm64": 183, "x86_64": 62}


def names_in(archive: Archive) -> list[str]:
    with zipfile.ZipFile(archive.path) as packed:
        return packed.namelist()


def test_same_code_same_hash(packages: Packages, tmp_path: Path) -> None:
    """A second build, from a copy elsewhere with other file times, is the same bit by bit."""
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tmp_path / "elsewhere" / name, copy_function=shutil.copyfile)

    again = build_code(tmp_path / "dist", tmp_path / "elsewhere")

    assert again.sha256 == packages.archives().code.sha256


def test_same_lock_same_hash(packages: Packages, tmp_path: Path) -> None:
    """The packages, installed anew into another folder, are the same bit by bit."""
    again = build_dependencies(tmp_path, own_architecture())

    assert again.sha256 == packages.archives().dependencies[own_architecture()].sha256


def test_layer_is_built_once_for_what_it_is_made_from(
    packages: Packages, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is built again when lock, packager, Python or the archive itself changed, and not otherwise."""
    there, built = tmp_path / "archives", []
    packages.lend(there)
    lock = tmp_path / "function.txt"

    def rebuilt() -> bool:
        built.clear()
        reuse_dependencies(there, own_architecture())
        return bool(built)

    def build(target: Path, architecture: Architecture) -> Archive:
        built.append(architecture)
        archive = target / f"dependencies-{architecture}.zip"
        archive.write_bytes(b"new")
        return Archive(archive, hashlib.sha256(b"new").hexdigest())

    monkeypatch.setattr(reuse, "build_dependencies", build)
    assert not rebuilt()
    with monkeypatch.context() as changed:
        changed.setattr(sys, "version", "another")
        assert rebuilt()
        assert not rebuilt()
    assert rebuilt()
    (there / f"dependencies-{own_architecture()}.zip").write_bytes(b"cut short")
    assert rebuilt()
    lock.write_text("changed")
    monkeypatch.setattr(reuse, "ROOT", Path("/"))
    monkeypatch.setattr(reuse, "LOCK", lock)
    assert rebuilt()
    assert not rebuilt()
    lock.write_text("changed again")
    assert rebuilt()


def test_nothing_that_builds_tests_or_deploys_goes_along(packages: Packages) -> None:
    """No package of another part of the project, and none of its packages' tests, is in an archive."""
    archives = packages.archives()
    names = names_in(archives.code) + names_in(archives.dependencies[own_architecture()])

    assert [name for name in names if NOT_FOR_FUNCTIONS & set(Path(name).parts)] == []
    assert [name for name in names if name.startswith((*OF_STREAMS, COMMAND_LINE))] == []
    assert {Path(name).parts[0] for name in names} == {*PACKAGES, "python"}


def test_every_module_is_compiled(packages: Packages) -> None:
    """No environment compiles anything, and no source is looked at to trust what was compiled."""
    archives = packages.archives()
    for archive in (archives.code, *archives.dependencies.values()):
        names = set(names_in(archive))
        sources = {Path(name) for name in names if name.endswith(".py")}
        compiled = {Path(name) for name in names if name.endswith(".pyc")}
        with zipfile.ZipFile(archive.path) as packed:
            kinds = {packed.read(name.as_posix())[4:8] for name in compiled}

        assert {(file.parent.parent, file.name.partition(".")[0]) for file in compiled} == {
            (file.parent, file.stem) for file in sources
        }
        assert kinds == {b"\x01\0\0\0"}  # by hash, not checked


@pytest.mark.parametrize("architecture", architectures())
def test_native_code_fits_the_runtime(packages: Packages, architecture: Architecture) -> None:
    """Each native library is for the architecture, and asks for no newer C library than Lambda has."""
    archive = packages.archives(architecture).dependencies[architecture]
    with zipfile.ZipFile(archive.path) as packed:
        libraries = {name: packed.read(name) for name in packed.namelist() if re.search(r"\.so(\.|$)", name)}
    asked = {
        name: max((int(minor) for minor in re.findall(rb"GLIBC_2\.(\d+)", content)), default=0)
        for name, content in libraries.items()
    }

    assert {int.from_bytes(content[18:20], "little") for content in libraries.values()} == {
        ELF_MACHINE[architecture]
    }
    assert {name: minor for name, minor in asked.items() if minor > newest_glibc()} == {}
    assert any(MACHINES[architecture] in name for name in libraries)


@pytest.mark.parametrize("architecture", architectures())
def test_archives_keep_the_budget(packages: Packages, architecture: Architecture) -> None:
    """What an upgrade uploads and what an environment unpacks stays small."""
    archives = packages.archives(architecture)

    assert [*size_faults(archives.code), *size_faults(archives.dependencies[architecture])] == []


def test_what_is_over_the_budget_fails_the_build(packages: Packages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A budget that is exceeded is an error that names archive, size and bound."""
    code = packages.archives().code
    monkeypatch.setitem(MOST_ZIPPED, "functions", 1000)
    monkeypatch.setitem(MOST_UNPACKED, "functions", 2000)

    with pytest.raises(
        PackageError, match=r"functions.zip has [\d.]+ MB zipped, and may have 0.0 MB"
    ) as refused:
        keep(size_faults(code))

    assert "unpacked" in str(refused.value)


def test_a_strange_file_is_refused(tmp_path: Path) -> None:
    """A file of a kind that no function reads is not uploaded by mistake, secrets least of all."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "key.pem").touch()

    with pytest.raises(PackageError, match=r"functions/key\.pem"):
        build_code(tmp_path / "dist", tmp_path)


def test_tracebacks_name_the_place_in_lambda(packages: Packages) -> None:
    """Compiled code says where its source lies in Lambda, and nothing of the machine that built it."""
    place = packages.unpacked()
    compiled = [*place.code.rglob("*.pyc"), *place.packages.rglob("*.pyc")]
    endpoint = next(place.code.glob("functions/jobs/__pycache__/create.*.pyc"))

    assert b"/var/task/functions/jobs/create.py" in endpoint.read_bytes()
    assert [file for file in compiled if b"spooled-code-" in file.read_bytes()] == []
    assert [file for file in compiled if b"spooled-layer-" in file.read_bytes()] == []


def test_what_is_imported_late_is_there(packages: Packages) -> None:
    """What functions import with their first use works from the archives alone, less what was left out."""
    place = packages.unpacked()
    program = Path(__file__).with_name("late_imports.py")
    done = subprocess.run(
        [sys.executable, "-I", "-S", program, place.code, place.packages],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "all there\n", "")
