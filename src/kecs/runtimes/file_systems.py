"""File systems that tasks share (EFS, FSx for Windows, S3 Files): which one a volume of a task definition is on.

Called by the runtimes that give tasks something in their place.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.tasks.plan import AccessPoint, Owner

NONE_KNOWN: Mapping[str, AccessPoint] = {}
_ODD = re.compile(r"[^A-Za-z0-9-]")


class FileSystem(NamedTuple):
    """What a volume of a task definition is on."""

    kind: str  # efs | fsx | s3files
    id: str
    access_point: str | None
    directory: str  # relative to its root, "" for that; never leaves it
    owner: Owner | None = None  # of the directory, if it is made

    @property
    def name(self) -> str:
        """The name of its folder: each access point that is only an id has files of its own."""
        return f"{self.kind}-" + ".".join(_ODD.sub("_", part) for part in (self.id, self.access_point) if part)


def file_system(volume: m.Volume, points: Mapping[str, AccessPoint] = NONE_KNOWN) -> FileSystem | None:
    """What the volume is on; None when it is no shared file system. `points`: the access points that are known."""
    if efs := volume.efs_volume_configuration:
        access = efs.authorization_config or m.EFSAuthorizationConfig()
        if (known := points.get(access.access_point_id or "")) is not None:
            directory = _inside(f"{_inside(known.path)}/{_inside(efs.root_directory)}")
            return FileSystem("efs", efs.file_system_id, None, directory, known.owner if directory else None)
        return FileSystem("efs", efs.file_system_id, access.access_point_id, _inside(efs.root_directory))
    if fsx := volume.fsx_windows_file_server_volume_configuration:
        return FileSystem("fsx", fsx.file_system_id, None, _inside(fsx.root_directory.replace("\\", "/")))
    if s3 := volume.s3files_volume_configuration:
        point = s3.access_point_arn and last_part(s3.access_point_arn)
        return FileSystem("s3files", last_part(s3.file_system_arn), point, _inside(s3.root_directory))
    return None


def _inside(directory: str | None) -> str:
    return posixpath.normpath(f"/{directory or ''}").strip("/")
