"""What CreateDaemon and UpdateDaemon may ask for, and the revision that comes of it. Handlers call this.

An update takes nothing over from before: what it leaves out goes back to its default.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from kecs.aws.model import ecs as m
from kecs.core.deployments.configuration import NO_ALARMS
from kecs.core.records import DaemonRecord, DaemonRevisionRecord, DaemonTarget, DaemonTaskDefinitionRecord

NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")
DRAIN_PERCENT = 25.0
LONGEST_BAKE = 1440  # minutes
TOKEN = re.compile(r"[!-~]{1,36}")
ONLY_MANAGED = "ECS Managed Daemons is only supported for Amazon ECS Managed Instances Capacity Providers."
OTHER_CLUSTER = "The specified capacity provider '{name}' is not associated with the cluster of the daemon."

Asked = m.CreateDaemonRequest | m.UpdateDaemonRequest


def check_name(name: str) -> None:
    """Raises InvalidParameterException."""
    if not name.strip():
        raise m.InvalidParameterException("Daemon name can not be blank.")
    if not NAME.fullmatch(name):
        raise m.InvalidParameterException(
            "Daemon name can have up to 255 letters (uppercase and lowercase), numbers, underscores, and hyphens."
        )


def check_token(token: str | None) -> None:
    """Raises InvalidParameterException."""
    if token is not None and not TOKEN.fullmatch(token):
        raise m.InvalidParameterException(
            "The clientToken can have up to 36 ASCII characters in the range of 33-126 (inclusive)."
        )


def configuration(asked: m.DaemonDeploymentConfiguration | None) -> m.DaemonDeploymentConfiguration:
    """The configuration of a deployment with every default. Raises InvalidParameterException."""
    asked = asked or m.DaemonDeploymentConfiguration()
    alarms = asked.alarms or m.DaemonAlarmConfiguration()
    names = alarms.alarm_names or []
    if alarms.enable and not names:
        raise m.InvalidParameterException(NO_ALARMS)
    drain = DRAIN_PERCENT if asked.drain_percent is None else asked.drain_percent
    if not 0.0 <= drain <= 100.0:
        raise m.InvalidParameterException("drainPercent must be between 0.0 and 100.0.")
    bake = asked.bake_time_in_minutes or 0
    if not 0 <= bake <= LONGEST_BAKE:
        raise m.InvalidParameterException(f"bakeTimeInMinutes must be between 0 and {LONGEST_BAKE}.")
    return m.DaemonDeploymentConfiguration(
        drain_percent=drain,
        alarms=m.DaemonAlarmConfiguration(alarm_names=names, enable=bool(alarms.enable)),
        bake_time_in_minutes=bake,
    )


def new_revision(
    arn: str, daemon_arn: str, cluster_arn: str, definition: DaemonTaskDefinitionRecord, asked: Asked, now: float
) -> DaemonRevisionRecord:
    """What is asked for as a revision of the daemon."""
    revision = m.DaemonRevision(
        daemon_revision_arn=arn,
        cluster_arn=cluster_arn,
        daemon_arn=daemon_arn,
        daemon_task_definition_arn=definition.arn,
        created_at=now,
        container_images=[
            m.DaemonContainerImage(container_name=container.name, image=container.image)
            for container in definition.definition.container_definitions or ()
        ],
        propagate_tags=asked.propagate_tags or "NONE",
        enable_ecs_managed_tags=bool(asked.enable_ecs_managed_tags),
        enable_execute_command=bool(asked.enable_execute_command),
        critical=asked.critical is not False,
    )
    return DaemonRevisionRecord(arn=arn, daemon_arn=daemon_arn, revision=revision)


def says_the_same(one: DaemonRevisionRecord, other: DaemonRevisionRecord) -> bool:
    """Whether tasks of both would be the same: a deployment then only has to see to new capacity providers."""
    return _essence(one.revision) == _essence(other.revision)


def targets(before: DaemonRecord | None, provider_arns: list[str], now: float) -> tuple[DaemonTarget, ...]:
    """The daemon's capacity providers; `before` is given where those that stay go on with the tasks they have."""
    since = {target.provider_arn: target.since for target in before.targets} if before else {}
    return tuple(DaemonTarget(provider_arn=arn, since=since.get(arn, now)) for arn in dict.fromkeys(provider_arns))


def _essence(revision: m.DaemonRevision) -> m.DaemonRevision:
    return replace(revision, daemon_revision_arn=None, created_at=None, container_images=None)
