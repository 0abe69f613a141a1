"""Volumes of a task definition as Docker volumes and host paths. Model shape Volume.

A volume with neither a host path nor a driver lives as long as its task, like one of Docker scope `task`. One of scope
`shared` outlives its tasks, as on AWS, and KECS never removes it: it may hold somebody's data. An EFS file system is a
shared Docker volume of this machine, one for each root directory; a volume that is configured at launch (EBS) is a
volume of the task. `runtime` creates and removes what this module describes.
"""

from __future__ import annotations

from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.docker import labels
from kecs.runtimes.docker.engine import Engine, EngineError


class VolumeError(Exception):
    """A volume that cannot be had; the text is the reason that ECS shows."""


class DockerVolume(NamedTuple):
    """A Docker volume that a task mounts."""

    name: str
    driver: str = "local"
    options: dict[str, str] = {}  # noqa: RUF012  never written to
    labels: dict[str, str] = {}  # noqa: RUF012  never written to
    of_task: bool = False  # removed with the task
    must_exist: bool = False


def docker_volume(instance: str, plan: TaskPlan, volume: m.Volume) -> DockerVolume | None:
    """The Docker volume behind `volume`; None for a path of the host. Raises VolumeError."""
    name = volume.name or ""
    if volume.host is not None and volume.host.source_path:
        return None
    if volume.fsx_windows_file_server_volume_configuration or volume.s3files_volume_configuration:
        raise VolumeError(
            f"CannotCreateVolumeError: volume '{name}' needs a file system that the Docker runtime does not have"
        )
    if efs := volume.efs_volume_configuration:
        return DockerVolume(labels.file_system_name(instance, efs.file_system_id, efs.root_directory or "/"))
    config = volume.docker_volume_configuration or m.DockerVolumeConfiguration()
    shared = config.scope == "shared"
    return DockerVolume(
        name=name if shared else labels.task_volume_name(plan, name),
        driver=config.driver or "local",
        options=config.driver_opts or {},
        labels=config.labels or {},
        of_task=not shared,
        must_exist=shared and not config.autoprovision,
    )


def mount_source(instance: str, plan: TaskPlan, name: str) -> str:
    """What stands on the left of a bind: a Docker volume's name or a path of the host. Raises VolumeError."""
    for volume in plan.definition.volumes or ():
        if volume.name == name:
            found = docker_volume(instance, plan, volume)
            return found.name if found else (volume.host and volume.host.source_path) or ""
    raise VolumeError(f"CannotCreateVolumeError: volume '{name}' is not in the task definition")


async def provide(engine: Engine, instance: str, plan: TaskPlan) -> None:
    """Create the volumes of the task that are not there yet. Raises VolumeError, EngineError."""
    for volume in plan.definition.volumes or ():
        wanted = docker_volume(instance, plan, volume)
        if wanted is None:
            continue
        if wanted.of_task or not await _is_there(engine, wanted):
            await _create(engine, instance, plan, wanted)


async def remove(engine: Engine, filters: dict[str, list[str]]) -> None:
    """Remove the volumes of task scope that match Docker's `filters`. Raises EngineError."""
    filters = {"label": [*filters["label"], f"{labels.ROLE}=volume"]}
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


async def _create(engine: Engine, instance: str, plan: TaskPlan, wanted: DockerVolume) -> None:
    ours = labels.task_labels(instance, plan, "volume") if wanted.of_task else {labels.INSTANCE: instance}
    body = {
        "Name": wanted.name,
        "Driver": wanted.driver,
        "DriverOpts": wanted.options,
        "Labels": wanted.labels | ours,
    }
    try:
        await engine.call("POST", "volumes/create", body=body)
    except EngineError as error:
        raise VolumeError(f"CannotCreateVolumeError: Error response from daemon: {error.message}") from error
