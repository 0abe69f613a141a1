"""Volumes of a task definition as Docker volumes and host paths. Model shape Volume.

A volume with neither a host path nor a driver lives as long as its task, like one of Docker scope `task`. One of scope
`shared` outlives its tasks, as on AWS, and KECS never removes it: it may hold somebody's data. A volume that is
configured at launch (EBS) is one of the task too, or stays as long as the instance when it is not to be deleted with
the task. File systems that tasks share are folders (`filesystems`). `launch` and `removal` create and remove what this
module describes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker import labels
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.storage import Sized, of_volume
from kecs.runtimes.file_systems import file_system

LOCAL = "local"  # Docker's own driver


class VolumeError(Exception):
    """A volume that cannot be had; the text is the reason that ECS shows."""


class DockerVolume(NamedTuple):
    """A Docker volume that a task mounts."""

    name: str
    driver: str = LOCAL
    options: dict[str, str] = {}  # noqa: RUF012  never written to
    labels: dict[str, str] = {}  # noqa: RUF012  never written to
    role: str | None = None  # volume: removed with the task; kept-volume: with the instance; None: by its owner
    must_exist: bool = False
    size: int | None = None  # GiB, where the engine can


def docker_volume(plan: TaskPlan, volume: m.Volume) -> DockerVolume | None:
    """The Docker volume behind `volume`; None for a path of the host and for a shared file system."""
    name = volume.name or ""
    if (volume.host is not None and volume.host.source_path) or file_system(volume) is not None:
        return None
    config = volume.docker_volume_configuration or m.DockerVolumeConfiguration()
    shared = config.scope == "shared"
    plain = not (shared or config.driver_opts) and (config.driver or LOCAL) == LOCAL
    return DockerVolume(
        name=name if shared else labels.task_volume_name(plan, name),
        driver=config.driver or LOCAL,
        options=config.driver_opts or {},
        labels=config.labels or {},
        role=None if shared else "kept-volume" if name in plan.kept_volumes else "volume",
        must_exist=shared and not config.autoprovision,
        size=of_volume(plan, name) if plain else None,
    )


def mount_source(plan: TaskPlan, name: str, folders: Mapping[str, str]) -> str:
    """What stands on the left of a bind: a Docker volume's name or a path of the host. `folders` are those of shared
    file systems, by the volume's name. Raises VolumeError."""
    for volume in plan.definition.volumes or ():
        if volume.name == name:
            found = docker_volume(plan, volume)
            return found.name if found else folders.get(name) or (volume.host and volume.host.source_path) or ""
    raise VolumeError(f"CannotCreateVolumeError: volume '{name}' is not in the task definition")


async def provide(engine: Engine, instance: str, plan: TaskPlan, sized: Sized) -> None:
    """Create the volumes of the task that are not there yet. Raises VolumeError, EngineError."""
    for volume in plan.definition.volumes or ():
        wanted = docker_volume(plan, volume)
        if wanted is None:
            continue
        if wanted.role or not await _is_there(engine, wanted):
            await _create(engine, instance, plan, wanted, sized)


async def remove(engine: Engine, filters: dict[str, list[str]]) -> None:
    """Remove the volumes that match Docker's `filters`, none of scope `shared`. Raises EngineError."""
    filters = {"label": [*filters["label"], labels.ROLE]}
    answer = await engine.call("GET", "volumes", params={"filters": filters})
    for volume in answer.get("Volumes") or ():
        try:
            await engine.call("DELETE", f"volumes/{volume['Name']}", params={"force": True})
        except EngineError as error:
            if error.status != 404:
                raise


async def _is_there(engine: Engine, wanted: DockerVolume) -> bool:
    """Whether a shared volume exists; one that exists with another configuration is an error, as on AWS."""
    try:
        found = await engine.call("GET", f"volumes/{wanted.name}")
    except EngineError as error:
        if error.status != 404:
            raise
        if wanted.must_exist:
            raise VolumeError(
                f"initialize volume: volume detection failed, volume '{wanted.name}' does not exist and "
                f"autoprovision is set to false: {error.message}"
            ) from error
        return False
    if wanted.must_exist:
        return True
    theirs = {key: value for key, value in (found.get("Labels") or {}).items() if not key.startswith("io.kecs.")}
    for what, existing, expected in (
        ("driver", found.get("Driver"), wanted.driver),
        ("labels", theirs, wanted.labels),
        ("options", found.get("Options") or {}, wanted.options),
    ):
        if existing != expected:
            raise VolumeError(
                f"intialize volume: non-autoprovisioned volume does not match existing volume {what}: "
                f"existing: {existing}, expected: {expected}"
            )
    return True


async def _create(engine: Engine, instance: str, plan: TaskPlan, wanted: DockerVolume, sized: Sized) -> None:
    ours = labels.task_labels(instance, plan, "volume") if wanted.role == "volume" else {labels.INSTANCE: instance}
    if wanted.role == "kept-volume":
        ours[labels.ROLE] = wanted.role

    async def post(size: str | None) -> None:
        body = {
            "Name": wanted.name,
            "Driver": wanted.driver,
            "DriverOpts": wanted.options | ({"size": size} if size else {}),
            "Labels": wanted.labels | ours,
        }
        await engine.call("POST", "volumes/create", body=body)

    try:
        await sized.make(wanted.size, post)
    except EngineError as error:
        raise VolumeError(f"CannotCreateVolumeError: Error response from daemon: {error.message}") from error
