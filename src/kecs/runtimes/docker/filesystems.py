"""File systems that tasks share (EFS, FSx for Windows, S3 Files) as folders: one for each id and access point.

With a data folder they are in it, under `file-systems`, where everybody can look and put files. Without one, or where
the engine does not see this machine's files, each is the folder of a Docker volume of the instance, which goes with it.
A root directory is a folder in the file system's, made when it is not there; that of an access point as its owner's.
Called by `launch`.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import posixpath
import tarfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kecs.core.tasks.plan import Owner, TaskPlan
from kecs.runtimes.docker import labels, pause
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.file_systems import FileSystem, file_system

FOLDER = "file-systems"
DESKTOP = "Docker Desktop"
_OPEN = 0o777  # whoever mounts a file system may use it
_ANYBODY = Owner(0, 0, _OPEN)


def sees_files(url: str, info: Mapping[str, Any]) -> bool:
    """Whether the engine at `url`, with this /info, finds this process's files where the process does."""
    if urlsplit(url).scheme != "unix":
        return False
    if info.get("OperatingSystem") == DESKTOP:  # in a machine of its own, with the user's files
        return not Path("/.dockerenv").exists()
    return Path(str(info.get("DockerRootDir"))).exists()


class FileSystems:
    """The shared file systems of one instance."""

    def __init__(
        self, engine: Engine, instance: str, data_folder: Path | None, pause_image: Callable[[], Awaitable[None]]
    ) -> None:
        """`data_folder`: of this KECS, where the engine sees it too; None: there is none. `pause_image` makes that."""
        self._engine = engine
        self._pause_image = pause_image
        self._instance = instance
        self._folder = None if data_folder is None else data_folder / FOLDER

    async def paths(self, plan: TaskPlan) -> dict[str, str]:
        """Where the engine finds the task's volumes that are on file systems, by name; what is missing is made.
        Raises EngineError, OSError."""
        volumes = plan.definition.volumes or ()
        found = ((volume.name or "", file_system(volume, plan.access_points)) for volume in volumes)
        return {name: await self._path(wanted) for name, wanted in found if wanted is not None}

    async def _path(self, wanted: FileSystem) -> str:
        if self._folder is not None:
            root = self._folder / wanted.name
            path = root / wanted.directory
            if wanted.owner is not None and not await asyncio.to_thread(_is_there, path):
                await asyncio.to_thread(_make, self._folder, root)
                await self._make_owned(str(root), wanted.directory, wanted.owner)
            await asyncio.to_thread(_make, self._folder, path)
            return str(path)
        name = labels.file_system_name(self._instance, wanted.name)
        volume = await self._volume(name)
        if wanted.owner is not None:
            await self._make_owned(name, wanted.directory, wanted.owner)
        # Docker makes any other directory when a container mounts it.
        return posixpath.join(volume["Mountpoint"], wanted.directory).rstrip("/")

    async def _volume(self, name: str) -> dict[str, Any]:
        """The Docker volume of that name, made if need be."""
        found: dict[str, Any]
        try:
            found = await self._engine.call("GET", f"volumes/{name}")
        except EngineError as error:
            if error.status != 404:
                raise
            ours = {labels.INSTANCE: self._instance, labels.ROLE: "file-system"}
            found = await self._engine.call("POST", "volumes/create", body={"Name": name, "Labels": ours})
            async with self._opened(name) as container:
                await self._put(container, [""], _ANYBODY)
        return found

    async def _make_owned(self, source: str, directory: str, owner: Owner) -> None:
        """Make what is missing of a directory in a volume or folder, as this owner's. Raises EngineError."""
        folders = [directory.rsplit("/", depth)[0] for depth in reversed(range(directory.count("/") + 1))]
        async with self._opened(source) as container:
            missing = [folder for folder in folders if not await self._has(container, folder)]
            if missing:
                await self._put(container, missing, owner)

    @contextlib.asynccontextmanager
    async def _opened(self, source: str) -> AsyncIterator[str]:
        """The path of a container that has it at /volume, and is never started."""
        await self._pause_image()
        body = {"Image": pause.IMAGE, "HostConfig": {"Binds": [f"{source}:/volume"], "NetworkMode": "none"}}
        made = f"containers/{(await self._engine.call('POST', 'containers/create', body=body))['Id']}"
        try:
            yield made
        finally:
            await self._engine.call("DELETE", made)

    async def _has(self, container: str, folder: str) -> bool:
        try:
            async with self._engine.stream("GET", f"{container}/archive", params={"path": f"/volume/{folder}"}):
                return True  # what is in it does not matter
        except EngineError as error:
            if error.status != 404:
                raise
            return False

    async def _put(self, container: str, folders: Iterable[str], owner: Owner) -> None:
        """Docker unpacks an archive into a container that is not even started, and gives folders the archive's owner
        and mode."""
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for folder in folders:
                entry = tarfile.TarInfo(f"volume/{folder}")
                entry.type, entry.uid, entry.gid, entry.mode = tarfile.DIRTYPE, *owner
                tar.addfile(entry)
        async with self._engine.stream("PUT", f"{container}/archive", params={"path": "/"}, body=buffer.getvalue()):
            pass  # there is nothing to read


def _is_there(path: Path) -> bool:
    """Also where this process may not look: then a container has made what is above it."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _make(above: Path, path: Path) -> None:
    """Make the folder and those between it and `above`."""
    above.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):  # in a folder that a container has made; Docker makes the rest
        for folder in (*[p for p in reversed(path.parents) if p.is_relative_to(above) and p != above], path):
            if not folder.is_dir():
                folder.mkdir(exist_ok=True)
                folder.chmod(_OPEN)
