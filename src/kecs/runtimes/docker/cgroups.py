"""The bounds of a task as a whole: one control group of the kernel's for each task that has a size, above those of its
containers, as the ECS agent makes it.

KECS makes the group before the task's first container, Docker puts the containers into it (CgroupParent), and KECS
removes it when they are gone. That takes an engine on this very machine that leaves control groups to others
(`hindrance`). Where it cannot be, each container is bounded by itself (`translate`). `launch`, `runtime` and
`kecs doctor` call this.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker.translate import CPU_PERIOD, MIB, MIN_CPU_SHARES

_MOUNTS = Path("/proc/self/mountinfo")
_NAMESPACE = Path("/proc/self/ns/cgroup")
_WHOLE_MACHINE = 0xEFFFFFFB  # the kernel's number of the namespace that all others are in
MOST_CPU_SHARES = 262_144
_ATTEMPTS = 5
_PAUSE_BETWEEN = 0.2  # seconds; the kernel takes a moment to let go of a group that has just become empty

log = logging.getLogger(__name__)


class Limit(NamedTuple):
    """A file of a group, and what it says of a task that has a size of this kind. Some kernels lack what is not
    `needed`."""

    controller: str  # cpu | memory
    file: str
    text: str  # with the names of `sizes`
    needed: bool = True


LIMITS: Mapping[str, tuple[Limit, ...]] = {
    "1": (
        Limit("cpu", "cpu.shares", "{shares}"),
        Limit("cpu", "cpu.cfs_period_us", "{period}"),
        Limit("cpu", "cpu.cfs_quota_us", "{quota}"),
        Limit("memory", "memory.use_hierarchy", "1", needed=False),
        Limit("memory", "memory.limit_in_bytes", "{memory}"),
        Limit("memory", "memory.memsw.limit_in_bytes", "{both}", needed=False),
    ),
    "2": (
        Limit("cpu", "cpu.weight", "{weight}"),
        Limit("cpu", "cpu.max", "{quota} {period}"),
        Limit("memory", "memory.max", "{memory}"),
        Limit("memory", "memory.swap.max", "{swap}", needed=False),
    ),
}
"""By the version of control groups, in the order in which they are to be written."""


class Hierarchies(NamedTuple):
    """Where this machine's control groups are: one tree for everything in version 2, one for each controller in 1."""

    cpu: Path
    memory: Path
    every: tuple[Path, ...]
    limits: tuple[Limit, ...]

    @property
    def unified(self) -> bool:
        return self.cpu == self.memory


class TaskGroups:
    """The groups of one instance's tasks; all of them are in a folder of the instance's."""

    def __init__(self, instance: str, url: str, info: Mapping[str, Any]) -> None:
        """For the engine at `url`, with this /info."""
        self._folder = f"kecs-{instance}"
        self._url = url
        self._info = info
        self._made: set[str] = set()

    @cached_property
    def _hierarchies(self) -> Hierarchies | None:
        return None if hindrance(self._url, self._info) else hierarchies(str(self._info.get("CgroupVersion", "1")))

    async def parent(self, plan: TaskPlan) -> str | None:
        """The group for the task's containers, made if need be; None when they are bounded by themselves only."""
        if not (plan.cpu or plan.memory) or (at := self._hierarchies) is None:
            return None
        group = f"{self._folder}/{plan.id}"
        if group not in self._made:
            try:
                await asyncio.to_thread(make, at, group, plan)
            except OSError as error:
                log.warning("the containers of %s are bounded one by one: %s", plan.arn, error)
                return None
            self._made.add(group)
        return f"/{group}"

    async def remove(self, task: str) -> None:
        """Remove the group of a task, by ARN, that has no containers any more."""
        if (at := self._hierarchies) is None:
            return
        group = f"{self._folder}/{task.rpartition('/')[2]}"
        self._made.discard(group)
        for _ in range(_ATTEMPTS):
            if await asyncio.to_thread(_removed, at, group):
                return
            await asyncio.sleep(_PAUSE_BETWEEN)
        log.warning("the control group %s is left; the next start of KECS removes it", group)

    async def clear(self) -> None:
        """Remove every group of the instance in which nothing runs."""
        if (at := self._hierarchies) is not None:
            self._made.clear()
            await asyncio.to_thread(_clear, at, self._folder)


def hindrance(url: str, info: Mapping[str, Any]) -> str | None:
    """Why tasks on the engine at `url`, with this /info, are not bounded as a whole; None when they are."""
    here = urlsplit(url).scheme == "unix" and (info.get("Name"), info.get("KernelVersion")) == os.uname()[1:3]
    if not here:
        return "the Docker Engine is on another machine, or KECS in a container"
    if (driver := info.get("CgroupDriver")) != "cgroupfs":
        return f"the Docker Engine's cgroup driver is {driver}, which leaves groups to nobody else"
    if _NAMESPACE.exists() and _NAMESPACE.stat().st_ino != _WHOLE_MACHINE:  # Linux before 4.6 has none
        return "KECS is in a container, and sees the control groups of that one only"
    found = hierarchies(str(info.get("CgroupVersion", "1")))
    if found is None:
        return "no control groups for CPU and memory are mounted"
    if closed := [str(path) for path in (found.cpu, found.memory) if not os.access(path, os.W_OK)]:
        return f"user {os.getuid()} may not make control groups in {closed[0]}"
    return None


def hierarchies(version: str, mounts: Path = _MOUNTS) -> Hierarchies | None:
    """What /proc/self/mountinfo says of control groups that are mounted whole, of this version; None without them."""
    paths: dict[str, Path] = {}
    for line in os.fsdecode(mounts.read_bytes()).splitlines():
        mount, _, source = line.partition(" - ")
        _, _, _, root, path, *_ = mount.split()
        kind, _, options = source.split(" ", 2)  # the one between them may be empty
        if root == "/" and kind in ("cgroup", "cgroup2"):
            paths |= dict.fromkeys([kind] if kind == "cgroup2" else options.split(","), Path(path))
    try:
        cpu, memory = (paths["cgroup2"],) * 2 if version == "2" else (paths["cpu"], paths["memory"])
    except KeyError:
        return None
    return Hierarchies(cpu, memory, tuple(dict.fromkeys(paths.values())), LIMITS[version])


def make(at: Hierarchies, group: str, plan: TaskPlan) -> None:
    """Make the task's group and write its limits, or write them again. Raises OSError."""
    for root in {at.cpu, at.memory}:
        folder = root / group
        folder.mkdir(parents=True, exist_ok=True)
        if at.unified:
            for above in (root, folder.parent):
                (above / "cgroup.subtree_control").write_text("+cpu +memory")
    said = sizes(plan)
    for limit in (limit for limit in at.limits if limit.controller in said):
        path = (at.cpu if limit.controller == "cpu" else at.memory) / group / limit.file
        if limit.needed or path.exists():
            path.write_text(limit.text.format_map(said[limit.controller]))


def sizes(plan: TaskPlan) -> dict[str, dict[str, int]]:
    """What the task has altogether, by controller, in the kernel's units: shares (what it gets beside others), weight
    (the same from 1 to 10,000, as runc has it for containers), quota and period in microseconds; bytes."""
    found = {}
    if plan.cpu:
        shares = min(max(int(plan.cpu), MIN_CPU_SHARES), MOST_CPU_SHARES)
        weight = 1 + (shares - MIN_CPU_SHARES) * 9999 // (MOST_CPU_SHARES - MIN_CPU_SHARES)
        quota = int(plan.cpu) * CPU_PERIOD // 1024
        found["cpu"] = {"shares": shares, "weight": weight, "quota": quota, "period": CPU_PERIOD}
    if plan.memory:
        memory = int(plan.memory) * MIB
        # No container has any without maxSwap.
        swap = sum((c.linux_parameters.max_swap or 0) * MIB for c in plan.containers if c.linux_parameters)
        found["memory"] = {"memory": memory, "swap": swap, "both": memory + swap}
    return found


def _removed(at: Hierarchies, group: str) -> bool:
    """Whether there is nothing left of it. In every tree: Docker has made it in those that KECS did not."""
    gone = True
    for root in at.every:
        try:
            (root / group).rmdir()
        except FileNotFoundError:
            pass
        except OSError:
            gone = False
    return gone


def _clear(at: Hierarchies, folder: str) -> None:
    for group in {f"{folder}/{name}" for root in at.every for name in _groups(root / folder)}:
        _removed(at, group)
    _removed(at, folder)


def _groups(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        yield from (each.name for each in folder.iterdir() if each.is_dir())
