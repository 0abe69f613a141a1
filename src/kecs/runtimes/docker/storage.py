"""Sizes of containers' own file systems and of volumes, as far as the engine holds anything to one.

Where Docker keeps its files decides that, and of some places only trying tells: so a size is asked for until the engine
has refused one, and from then on left away. `launch` and `volumes` call this, `kecs doctor` asks what to expect.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker.engine import EngineError, EngineGone

_OF_THEIR_OWN = ("btrfs", "zfs", "devicemapper", "windowsfilter")  # drivers of images that hold containers to a size
_WITH_QUOTAS = "xfs"  # what project quotas have to be switched on for, when it is mounted

T = TypeVar("T")
log = logging.getLogger(__name__)


class Sized:
    """Makes things of one kind, of a size while the engine can."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._refused = False

    async def make(self, size: int | None, post: Callable[[str | None], Awaitable[T]]) -> T:
        """What comes of `post`, given `size` (GiB) in Docker's words or None. Raises what `post` raises."""
        if size is None or self._refused:
            return await post(None)
        try:
            return await post(f"{size}G")
        except EngineGone:
            raise
        except EngineError as refusal:
            made = await post(None)  # or else it was not for the size
            self._refused = True
            log.warning("%s are as large as the disk: %s", self._what, refusal.message)
            return made


def of_container(plan: TaskPlan) -> int | None:
    """What each container of the task may write to its own file system, in GiB."""
    given = plan.definition.ephemeral_storage
    return given.size_in_gi_b if given else None


def of_volume(plan: TaskPlan, name: str) -> int | None:
    """The size of a volume that the task has for itself, in GiB: as its launch said, else the task's storage."""
    for launched in plan.launch_volumes:
        if launched.name == name:
            return launched.size
    return of_container(plan)


class Prospect(NamedTuple):
    """Whether an engine holds anything to a size, in words."""

    good: bool
    text: str


def prospect(info: Mapping[str, Any]) -> Prospect:
    """What to expect of an engine with this /info."""
    driver = str(info.get("Driver"))
    if driver in _OF_THEIR_OWN:
        return Prospect(True, f"for containers, by {driver}")
    files = dict(info.get("DriverStatus") or ()).get("Backing Filesystem")
    if files == _WITH_QUOTAS:
        return Prospect(True, f"for containers and volumes, if {info.get('DockerRootDir')} is mounted with pquota")
    return Prospect(False, f"none, Docker's files are in {driver} on {files or 'an unknown file system'}")
