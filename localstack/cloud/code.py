"""Archives of functions and layers: found in the cloud's buckets by their hash, unpacked once each."""

import base64
import hashlib
import io
import shutil
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from threading import Lock

from localstack.cloud.endpoint import Endpoint
from localstack.cloud.errors import StackError

_READ_ONLY = 0o444


class Unpacked:
    """Folders of unpacked archives, named by hash: one for all functions of the same code."""

    def __init__(self, cloud: Endpoint, folder: Path) -> None:
        self._cloud = cloud
        self._folder = folder
        self._archives = cache(self._zip_files)
        self._layer_hash = cache(self._read_layer_hash)
        self._unpacking = Lock()

    def of_layer(self, arn: str) -> Path:
        """The folder of a version of a layer."""
        return self.of(self._layer_hash(arn), arn)

    def of(self, sha256: str, what: str) -> Path:
        """The folder of the archive that has this base64 hash, as Lambda tells it for `what`."""
        target = self._folder / base64.b64decode(sha256).hex()
        with self._unpacking:
            if not target.is_dir():
                self._unpack(self._archive(sha256, what), target)
        return target

    def _archive(self, sha256: str, what: str) -> bytes:
        # Lambda tells the hash of what it runs, and not the object it was made from.
        archive = self._archives().get(sha256)
        if archive is None:
            raise StackError(f"{what} has the hash {sha256}, and no bucket has an archive of it.")
        return archive

    def _read_layer_hash(self, arn: str) -> str:
        layer, _, version = arn.rpartition(":")
        client = self._cloud.client("lambda")
        content = client.get_layer_version(LayerName=layer, VersionNumber=int(version))["Content"]
        sha256: str = content["CodeSha256"]
        return sha256

    def _zip_files(self) -> dict[str, bytes]:
        client = self._cloud.client("s3")
        bodies = (
            client.get_object(Bucket=bucket["Name"], Key=item["Key"])["Body"].read()
            for bucket in client.list_buckets()["Buckets"]
            for item in self._cloud.pages("s3", "list_objects_v2", "Contents", Bucket=bucket["Name"])
            if item["Key"].endswith(".zip")
        )
        return {_sha256(body): body for body in bodies}

    def _unpack(self, archive: bytes, target: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        half_done = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            with zipfile.ZipFile(io.BytesIO(archive)) as archive_file:
                archive_file.extractall(half_done)
            for path in half_done.rglob("*"):
                if path.is_file():
                    path.chmod(_READ_ONLY)
            half_done.chmod(0o755)
            half_done.rename(target)
        except BaseException:
            shutil.rmtree(half_done, ignore_errors=True)
            if not target.is_dir():  # another process was first
                raise


def _sha256(body: bytes) -> str:
    return base64.b64encode(hashlib.sha256(body).digest()).decode()
