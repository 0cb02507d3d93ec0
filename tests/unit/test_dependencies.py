"""Everything that others wrote is known: why it is there, which version, which files, under which licence."""

import json
import re
import stat
from pathlib import Path

import pytest

from infra.supply.audit import CLEAN, FOUND, UNKNOWN, audit
from infra.supply.locked import LOCKS, direct, licence_of, locked
from infra.supply.page import listed, reasons
from infra.supply.sbom import SHIPPED, faults_of, sbom

ALLOWED = re.compile(
    r"^(?!.*(GPL|General Public)).*\b(MIT|Apache|BSD|ISC|PSF|Python Software|CNRI-Python|MPL|Mozilla)\b"
)
EXCEPTIONS = {
    "psycopg": "LGPL: used as it is, as a library that can be replaced",
    "psycopg-binary": "as psycopg",
    "psycopg-pool": "as psycopg",
}
NEVER_SHIPPED = {
    "pglast": "GPL: tests read SQL with it, nothing that is handed to others has it",
    "pygal": "LGPL: draws the pictures of the figures",
}


def test_the_page_has_what_is_locked() -> None:
    """Each package of the lock with its version; `make dependencies` writes it."""
    assert listed() == {name: package.version for name, package in locked("dev").items()}


def test_each_direct_one_has_a_reason() -> None:
    """Who adds a package says why, and who removes it takes the reason along."""
    assert set(reasons()) == set(direct())


@pytest.mark.parametrize("lock", [*SHIPPED, "dev"])
def test_files_are_known_by_their_hashes(lock: str) -> None:
    """Nothing is installed that is not the file that was locked."""
    assert locked(lock)
    assert [name for name, package in locked(lock).items() if not package.sha256] == []
    assert locked(lock).items() <= locked("dev").items()


def test_licences_are_allowed() -> None:
    """What is shipped is under licences that ask for no more than a notice, but for those that are named."""
    found = {name for name in locked("dev") if not ALLOWED.search(licence_of(name))}

    assert found == EXCEPTIONS.keys() | NEVER_SHIPPED.keys()
    assert found & {name for lock in SHIPPED for name in locked(lock)} <= EXCEPTIONS.keys()


@pytest.mark.parametrize("lock", SHIPPED)
def test_the_list_of_parts_is_valid_and_whole(lock: str) -> None:
    """CycloneDX's own validator takes it, and each package is in it as it is locked."""
    document = sbom(lock)
    parts = {part["name"]: part for part in json.loads(document)["components"]}

    assert faults_of(document) == []
    assert faults_of(document.replace('"CycloneDX"', '"Cyclone"')) != []
    assert {name: part["version"] for name, part in parts.items()} == {
        name: package.version for name, package in locked(lock).items()
    }
    assert all(part["hashes"] and part["licenses"] for part in parts.values())


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, CLEAN, "1 packages, nothing known"),
        (
            {
                "dependencies": [
                    {"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}
                ]
            },
            FOUND,
            "a 1: CVE-1, mended in 2",
        ),
        ({"dependencies": [{"name": "a", "skip_reason": "not found"}]}, UNKNOWN, "nothing is proven of them"),
        (None, UNKNOWN, "nothing was audited"),
    ],
)
def test_an_audit_says_what_it_knows(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: object, code: int, said: str
) -> None:
    """Silence of the service is not taken for a clean bill: it has a code and words of its own."""
    program = tmp_path / "pip-audit"
    written = json.dumps(answer) if answer else ""
    program.write_text(f"#!/bin/sh\necho '{written}'\necho 'ConnectionError: no such host' >&2\nexit 1\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)

    assert audit(str(program), "run") == code
    assert said in capsys.readouterr().out
    assert (LOCKS / "run.txt").exists()
