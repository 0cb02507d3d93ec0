"""Lists of parts in the form of CycloneDX: `python -m infra.supply.sbom` (`make sbom`), without a network."""

from collections.abc import Iterable
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from infra.supply.locked import ROOT, Locked, licence_of, locked
from shared.version import VERSION

SHIPPED = {
    "function": "what the archives of the Lambda functions have",
    "streams": "what the container of the streams has",
    "run": "what `make run` and the container of the service have",
}


def sbom(lock: str) -> str:
    """The JSON of what a lock installs: each package with its version, licence and its files' SHA-256."""
    bom = Bom(components=map(_component, locked(lock).values()))
    bom.metadata.component = Component(
        name="spooled-service", version=VERSION, type=ComponentType.APPLICATION, bom_ref="spooled-service"
    )
    bom.metadata.properties.add(Property(name="spooled:lock", value=f"requirements/{lock}.txt"))
    bom.register_dependency(bom.metadata.component, bom.components)
    return JsonV1Dot6(bom).output_as_string(indent=1)


def faults_of(document: str) -> list[str]:
    """What the schema of CycloneDX has against it."""
    found = JsonStrictValidator(SchemaVersion.V1_6).validate_str(document, all_errors=True)
    return [str(error) for error in found or ()]


def write(folder: Path) -> Iterable[Path]:
    """One file for each thing that is shipped; gives their paths."""
    folder.mkdir(exist_ok=True)
    for lock in SHIPPED:
        document = sbom(lock)
        faults = faults_of(document)
        if faults:
            raise ValueError(f"the list of {lock} is not valid: {faults[0]}")
        path = folder / f"spooled-{lock}.cdx.json"
        path.write_text(f"{document}\n", encoding="utf-8")
        yield path


def _component(package: Locked) -> Component:
    return Component(
        name=package.name,
        version=package.version,
        type=ComponentType.LIBRARY,
        purl=PackageURL("pypi", name=package.name, version=package.version),
        bom_ref=f"{package.name}@{package.version}",
        licenses=[LicenseFactory().make_from_string(licence_of(package.name))],
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=content) for content in package.sha256],
    )


if __name__ == "__main__":
    for made in write(ROOT / "dist"):
        print(f"{made.relative_to(ROOT)}: {SHIPPED[made.stem.split('-')[1].split('.')[0]]}")  # noqa: T201 - a command
