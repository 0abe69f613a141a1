"""Rules about volumes and where containers mount them."""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, repeated, volumes
from kecs.core.taskdefs.rules.identity import LONGEST_NAME, NAME
from kecs.core.taskdefs.rules.network import PORTS


def _names(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        if not volume.name:
            yield "Volume.name should not be null or empty."
        elif not NAME.fullmatch(volume.name):
            yield "Volume.name contains invalid characters."
        elif len(volume.name) > LONGEST_NAME:
            yield f"Volume.name should be {LONGEST_NAME} characters or less"
    if repeated(v.name for v in volumes(definition)):
        yield "Volume names must be unique within a task definition."


def _one_kind(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        kinds = (
            volume.host,
            volume.docker_volume_configuration,
            volume.efs_volume_configuration,
            volume.s3files_volume_configuration,
            volume.fsx_windows_file_server_volume_configuration,
            volume.configured_at_launch or None,
        )
        if sum(kind is not None for kind in kinds) > 1:
            yield "When the volume parameter is specified, only one volume configuration type should be used."


def _host(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        if volume.host is not None and volume.host.source_path is not None and not volume.host.source_path.strip():
            yield "host.sourcePath should not be blank."


def _docker(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        docker = volume.docker_volume_configuration
        if docker is not None and docker.autoprovision and docker.scope != "shared":
            yield "autoprovision is only supported for Docker volumes with scope 'shared'."


def _efs(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        efs = volume.efs_volume_configuration
        if efs is None:
            continue
        access = efs.authorization_config or m.EFSAuthorizationConfig()
        encrypted = efs.transit_encryption == "ENABLED"
        if access.access_point_id and efs.root_directory != "/":
            yield 'When using an EFS access point, the root directory must either be set to "/" or be omitted.'
        if access.access_point_id and not encrypted:
            yield "EFS access point requires TransitEncryption to be enabled."
        if access.iam == "ENABLED" and not encrypted:
            yield "EFS IAM authorization requires TransitEncryption to be enabled."
        if efs.transit_encryption_port is not None and not encrypted:
            yield "TransitEncryptionPort requires that TransitEncryption is enabled."


def _s3files(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        files = volume.s3files_volume_configuration
        if files is not None and files.access_point_arn and files.root_directory not in (None, "/"):
            yield 'When using an S3 Files access point, the root directory must either be set to "/" or be omitted.'


def _encryption_port(definition: m.TaskDefinition) -> Iterator[str]:
    for volume in volumes(definition):
        for file_system in (volume.efs_volume_configuration, volume.s3files_volume_configuration):
            port = file_system.transit_encryption_port if file_system else None
            if port is not None and port not in PORTS:
                yield f"Invalid 'transitEncryptionPort' setting for volume '{volume.name}'."


def _at_launch(definition: m.TaskDefinition) -> Iterator[str]:
    names = [v.name for v in volumes(definition) if v.configured_at_launch]
    if len(names) > 1:
        yield "Only one volume can be configured at launch."
    mounted = {mount.source_volume for c in containers(definition) for mount in c.mount_points or ()}
    if unmounted := [name or "" for name in names if name not in mounted]:
        yield f"Volumes [{', '.join(unmounted)}] are not referenced by any of the containers"


def _mounts(definition: m.TaskDefinition) -> Iterator[str]:
    known = {v.name for v in volumes(definition)}
    for container in containers(definition):
        for mount in container.mount_points or ():
            if mount.source_volume is None or mount.source_volume not in known:
                yield f"Unknown volume '{mount.source_volume or 'null'}'."
            if not mount.container_path:
                yield f"Invalid 'containerPath' setting in a mount point for container '{container.name}'."


RULES: tuple[Rule, ...] = (_names, _one_kind, _host, _docker, _efs, _s3files, _encryption_port, _at_launch, _mounts)
