"""The EBS volume that a volume configuration asks for: which sizes, speeds and tags there are.

Called by core.tasks.rules, for RunTask, StartTask and the service operations alike. Raises InvalidParameterException.
Rules: model shapes TaskManagedEBSVolumeConfiguration and ServiceManagedEBSVolumeConfiguration.
"""

from __future__ import annotations

from typing import NamedTuple

from kecs.aws.model import ecs as m
from kecs.core.tags import validate_tags


class VolumeType(NamedTuple):
    """A type of EBS volume: its least and greatest size in GiB, its least and greatest IOPS (None: no say in them)."""

    sizes: tuple[int, int]
    iops: tuple[int, int] | None
    needs_iops: bool = False


TYPES: dict[str, VolumeType] = {
    "gp2": VolumeType((1, 16_384), None),
    "gp3": VolumeType((1, 16_384), (3_000, 16_000)),
    "io1": VolumeType((4, 16_384), (100, 64_000), needs_iops=True),
    "io2": VolumeType((4, 16_384), (100, 256_000), needs_iops=True),
    "st1": VolumeType((125, 16_384), None),
    "sc1": VolumeType((125, 16_384), None),
    "standard": VolumeType((1, 1_024), None),
}
DEFAULT_TYPE = "gp3"
FASTEST = 1_000  # MiB/s
RESERVED_TAGS = ("AmazonECSCreated", "AmazonECSManaged")

NO_SIZE = "Either a volume size or a snapshot ID must be specified."
NO_SNAPSHOT = "The volumeInitializationRate can only be specified together with a snapshotId."
NOT_ON_FARGATE = "The volume type standard is not supported on Fargate."

Storage = m.TaskManagedEBSVolumeConfiguration | m.ServiceManagedEBSVolumeConfiguration


def check_storage(storage: Storage | None, *, fargate: bool) -> None:
    if storage is None or not (storage.size_in_gi_b or storage.snapshot_id):
        raise m.InvalidParameterException(NO_SIZE)
    name = storage.volume_type or DEFAULT_TYPE
    kind = TYPES.get(name)
    if kind is None:
        raise m.InvalidParameterException(f"The volume type {name} is not valid. Must be one of {', '.join(TYPES)}.")
    if fargate and name == "standard":
        raise m.InvalidParameterException(NOT_ON_FARGATE)
    _check_range("size", storage.size_in_gi_b, kind.sizes, "GiB", name)
    _check_speed(storage, name, kind)
    if storage.volume_initialization_rate is not None and not storage.snapshot_id:
        raise m.InvalidParameterException(NO_SNAPSHOT)
    for specification in storage.tag_specifications or ():
        for tag in validate_tags(specification.tags):
            if tag.key in RESERVED_TAGS:
                raise m.InvalidParameterException(f"The tag {tag.key} is reserved and cannot be used.")


def _check_speed(storage: Storage, name: str, kind: VolumeType) -> None:
    if storage.iops is None and kind.needs_iops:
        raise m.InvalidParameterException(f"The iops of a volume of the type {name} must be specified.")
    if storage.iops is not None and kind.iops is None and name != "gp2":
        raise m.InvalidParameterException(f"The iops of a volume of the type {name} cannot be specified.")
    _check_range("iops", storage.iops, kind.iops, "IOPS", name)
    if storage.throughput is not None and name != "gp3":
        raise m.InvalidParameterException("The throughput can only be specified for the volume type gp3.")
    _check_range("throughput", storage.throughput, (1, FASTEST), "MiB/s", name)


def _check_range(what: str, value: int | None, allowed: tuple[int, int] | None, unit: str, kind: str) -> None:
    if value is not None and allowed is not None and not allowed[0] <= value <= allowed[1]:
        raise m.InvalidParameterException(
            f"The {what} of a volume of the type {kind} must be between {allowed[0]} and {allowed[1]} {unit}."
        )
