"""The volumes of a pod, and where its containers mount them. Called by `pods` and `containers`.

A volume that lives as long as its task is an empty directory, like one of Docker scope `task`; a path of the host is
the node's; the others are claims. A directory of memory stands for each tmpfs and for /dev/shm of a size of its own.
Model shapes Volume, MountPoint, VolumeFrom, Tmpfs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.logs import firelens
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.file_systems import file_system
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.claims import claim_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

SHM = "/dev/shm"
ROUTER = "firelens.conf"  # the router's configuration, in the task's Secret
_LINUX = m.LinuxParameters()


def volumes_of(plan: TaskPlan, settings: PodSettings) -> list[dict[str, Any]] | None:
    """The pod's `volumes`: those that containers mount."""
    mounted = {mount["name"] for container in plan.containers for mount in mounts_of(plan, container) or ()}
    declared = ({"name": names.dns_label(v.name or ""), **_source(plan, v, settings)} for v in _declared(plan))
    others = (volume for container in plan.containers for volume in _of_container(plan, container))
    return [volume for volume in (*declared, *others) if volume["name"] in mounted] or None


def mounts_of(plan: TaskPlan, container: m.ContainerDefinition) -> list[dict[str, Any]] | None:
    """The container's `volumeMounts`. Of two at the same path its own wins over one that it has from another."""
    found = {mount["mountPath"]: mount for mount in (*_inherited(plan, container), *_own(plan, container))}
    return list(found.values()) or None


def _declared(plan: TaskPlan) -> list[m.Volume]:
    return plan.definition.volumes or []


def _source(plan: TaskPlan, volume: m.Volume, settings: PodSettings) -> dict[str, Any]:
    if (claim := claim_of(plan, volume, settings)) is not None:
        return {"persistentVolumeClaim": {"claimName": claim.name}}
    if volume.host is not None and volume.host.source_path:
        return {"hostPath": {"path": volume.host.source_path}}
    return {"emptyDir": {}}


def _of_container(plan: TaskPlan, container: m.ContainerDefinition) -> Iterator[dict[str, Any]]:
    """The volumes behind what a container has mounted beside its mount points."""
    linux = container.linux_parameters or _LINUX
    for path, mebibytes in _in_memory(linux):
        yield {"name": _name(container, path), "emptyDir": {"medium": "Memory", "sizeLimit": f"{mebibytes}Mi"}}
    for device in linux.devices or ():
        yield {"name": _name(container, device.host_path), "hostPath": {"path": device.host_path}}
    if container.firelens_configuration:
        items = [{"key": ROUTER, "path": ROUTER}]
        yield {"name": _name(container, ROUTER), "secret": {"secretName": names.secret_name(plan), "items": items}}


def _own(plan: TaskPlan, container: m.ContainerDefinition) -> Iterator[dict[str, Any]]:
    yield from _mount_points(plan, container)
    linux = container.linux_parameters or _LINUX
    read_only = {tmpfs.container_path for tmpfs in linux.tmpfs or () if "ro" in (tmpfs.mount_options or ())}
    for path, _ in _in_memory(linux):
        yield _mount(_name(container, path), path, read_only=path in read_only)
    for device in linux.devices or ():
        read_only_device = bool(device.permissions) and "write" not in (device.permissions or ())
        path = device.container_path or device.host_path
        yield _mount(_name(container, device.host_path), path, read_only=read_only_device)
    if kind := container.firelens_configuration and container.firelens_configuration.type:
        yield _mount(_name(container, ROUTER), f"/{firelens.FILES[kind]}", read_only=True) | {"subPath": ROUTER}


def _mount_points(plan: TaskPlan, container: m.ContainerDefinition) -> Iterator[dict[str, Any]]:
    on = ((v.name, file_system(v, plan.access_points)) for v in _declared(plan))
    directories = {name: found.directory for name, found in on if found is not None}
    for point in container.mount_points or ():
        name, directory = names.dns_label(point.source_volume or ""), directories.get(point.source_volume)
        mount = _mount(name, point.container_path or "", read_only=bool(point.read_only))
        yield mount | ({"subPath": directory} if directory else {})


def _inherited(
    plan: TaskPlan, container: m.ContainerDefinition, above: frozenset[str | None] = frozenset()
) -> Iterator[dict[str, Any]]:
    """What it has from the containers of its volumesFrom, and they from theirs."""
    for source in container.volumes_from or ():
        if source.source_container is None or source.source_container in above:
            continue
        other = plan.container(source.source_container)
        for mount in (*_inherited(plan, other, above | {container.name}), *_mount_points(plan, other)):
            yield mount | ({"readOnly": True} if source.read_only else {})


def _in_memory(linux: m.LinuxParameters) -> Iterator[tuple[str, int]]:
    """Paths of directories in memory, and their MiB."""
    for tmpfs in linux.tmpfs or ():
        yield tmpfs.container_path, tmpfs.size
    if linux.shared_memory_size:
        yield SHM, linux.shared_memory_size


def _name(container: m.ContainerDefinition, path: str) -> str:
    """Of a volume of the container's own: no name of the definition's has a space in it."""
    return names.dns_label(f"{container.name} {path}")


def _mount(name: str, path: str, *, read_only: bool) -> dict[str, Any]:
    return {"name": name, "mountPath": path, **({"readOnly": True} if read_only else {})}
