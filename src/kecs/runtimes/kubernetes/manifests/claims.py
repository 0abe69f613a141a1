"""Persistent volume claims: EBS volumes of a task, and what tasks share: file systems (EFS, FSx, S3 Files) and Docker
volumes.

A claim of a task's own goes with it, unless its launch says that it is kept. What tasks share is claimed once in the
namespace of their ECS cluster and never removed by KECS but with the namespace: it may hold somebody's data. Whoever
has a volume ready for a file system makes the claim of that name themselves, and tasks mount it. Called by `volumes`
and, to make and remove claims, by `gate`. Kubernetes API, PersistentVolumeClaim v1 core.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.records import LaunchVolume
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.file_systems import file_system
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

LOCAL = "local"  # Docker's own volume driver
Role = Literal["volume", "kept-volume", "file-system", "shared"]


class Claim(NamedTuple):
    """A claim that a task mounts."""

    name: str
    role: Role
    kinds: tuple[str, ...]  # by which its storage class is looked up, in this order
    size: str
    access: str
    must_exist: bool = False  # KECS does not make it


def claim_of(plan: TaskPlan, volume: m.Volume, settings: PodSettings) -> Claim | None:
    """The claim behind a volume of the task; None when it needs none."""
    name = volume.name or ""
    if (found := file_system(volume, plan.access_points)) is not None:
        shared = names.shared_claim_name(found.kind, found.name.partition("-")[2])
        return Claim(shared, "file-system", (found.kind,), settings.shared_size, settings.shared_access)
    if volume.configured_at_launch:
        return _at_launch(plan, name, settings)
    docker = volume.docker_volume_configuration
    if docker is None:
        return None
    driver = docker.driver or LOCAL
    if docker.scope == "shared":
        mode, kinds = settings.shared_access, (driver, "shared")
        return Claim(names.dns_label(name), "shared", kinds, settings.shared_size, mode, not docker.autoprovision)
    if driver == LOCAL:
        return None
    return Claim(names.claim_name(plan, name), "volume", (driver,), settings.shared_size, "ReadWriteOnce")


def claims_of(plan: TaskPlan, settings: PodSettings) -> list[dict[str, Any]]:
    """The manifests of all claims that the task needs and KECS makes. One that is there already is the one."""
    claims = dict.fromkeys(_claims(plan, settings).values())  # two volumes can be on one file system
    return [_manifest(plan, claim, settings) for claim in claims if not claim.must_exist]


def required_claims(plan: TaskPlan, settings: PodSettings) -> dict[str, str]:
    """The claims that have to be there before the task, each with the volume that it is for."""
    return {claim.name: volume for volume, claim in _claims(plan, settings).items() if claim.must_exist}


def missing_claim(volume: str, claim: str) -> str:
    """The reason that ECS shows for a task whose required claim is not there."""
    return (
        f"initialize volume: volume detection failed, volume '{volume}' does not exist and autoprovision is set to "
        f"false: there is no claim '{claim}'"
    )


def _claims(plan: TaskPlan, settings: PodSettings) -> dict[str, Claim]:
    """By the name of the volume; only of those that a container mounts."""
    mounted = {mount.source_volume for container in plan.containers for mount in container.mount_points or ()}
    found = ((v.name or "", claim_of(plan, v, settings)) for v in plan.definition.volumes or () if v.name in mounted)
    return {name: claim for name, claim in found if claim is not None}


def _at_launch(plan: TaskPlan, name: str, settings: PodSettings) -> Claim:
    asked = next((each for each in plan.launch_volumes if each.name == name), LaunchVolume(name=name))
    role: Role = "kept-volume" if name in plan.kept_volumes else "volume"
    size = f"{asked.size}Gi" if asked.size else settings.shared_size
    kinds = (f"ebs-{asked.type}", "ebs") if asked.type else ("ebs",)
    return Claim(names.claim_name(plan, name), role, kinds, size, "ReadWriteOnce")


def _manifest(plan: TaskPlan, claim: Claim, settings: PodSettings) -> dict[str, Any]:
    of_task = claim.role == "volume"
    ours = names.of_task(settings.instance, plan.id) if of_task else names.of_instance(settings.instance)
    metadata: dict[str, Any] = {
        "name": claim.name,
        "namespace": names.namespace_of(settings.instance, settings.home, plan),
        "labels": ours | {names.ROLE: claim.role},
    }
    if claim.role in ("volume", "kept-volume"):
        metadata["annotations"] = {names.TASK_ARN: plan.arn}
    spec: dict[str, Any] = {
        "accessModes": [claim.access],
        "resources": {"requests": {"storage": claim.size}},
    }
    if given := next(
        (settings.storage_classes[kind] for kind in claim.kinds if kind in settings.storage_classes), None
    ):
        spec["storageClassName"] = given
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
