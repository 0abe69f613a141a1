"""Volumes for claims in the cluster for tests, which has nobody who makes them: folders of its one node."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from lightkube import AsyncClient, KubeConfig
from lightkube.models.core_v1 import HostPathVolumeSource, PersistentVolumeSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.core_v1 import PersistentVolume


@contextlib.asynccontextmanager
async def for_claims(storage_class: str) -> AsyncIterator[None]:
    """While this is entered one claim of the storage class finds a volume, whose files anybody may write."""
    folder = _folder()
    client = AsyncClient(KubeConfig.from_file(os.environ["KECS_TEST_KUBECONFIG"]))
    spec = PersistentVolumeSpec(
        storageClassName=storage_class,
        accessModes=["ReadWriteOnce", "ReadWriteMany"],
        capacity={"storage": "1Ti"},
        hostPath=HostPathVolumeSource(path=str(folder)),
        persistentVolumeReclaimPolicy="Retain",
    )
    await client.create(PersistentVolume(metadata=ObjectMeta(name=storage_class), spec=spec))
    try:
        yield
    finally:
        await client.delete(PersistentVolume, storage_class)
        await client.close()
        shutil.rmtree(folder, ignore_errors=True)


def _folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kecs-test-volume-"))
    folder.chmod(0o777)
    return folder
