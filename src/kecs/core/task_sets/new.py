"""A new task set: the record that CreateTaskSet, and CreateService with CODE_DEPLOY, begin with."""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.records import DeploymentRecord, ServiceRecord, TaskDefinitionRecord, TaskSetRecord
from kecs.core.services import filled, placed
from kecs.core.tasks.options import LaunchOptions
from kecs.core.tasks.platforms import platform_version


def new_task_set(
    service: ServiceRecord,
    definition: TaskDefinitionRecord,
    options: LaunchOptions,
    given: m.CreateServiceRequest | m.CreateTaskSetRequest,
    set_id: str,
    now: float,
    *,
    status: Literal["PRIMARY", "ACTIVE"] = "ACTIVE",
    scale: float,
    started_by: str | None = None,
    external_id: str | None = None,
    tags: tuple[m.Tag, ...] = (),
) -> TaskSetRecord:
    """A task set of the service that launches what was asked for where `options` say. `set_id` begins with ecs-svc/.

    What its scale comes to is computed by the control loop.
    """
    place = placed(m.Service(platform_version=given.platform_version), options, definition)
    deployment = DeploymentRecord(
        id=set_id,
        status="PRIMARY",
        task_definition=definition.arn,
        desired_count=0,
        created_at=now,
        updated_at=now,
        rollout_state="COMPLETED",  # nothing is rolled out: it has this one revision
        launch_type=place["launch_type"],
        capacity_provider_strategy=options.strategy,
        platform_version=place["platform_version"]
        and platform_version(definition.definition, place["platform_version"]),
        platform_family=place["platform_family"],
        network_configuration=filled(given.network_configuration),
    )
    return TaskSetRecord(
        arn=service.scope.task_set(last_part(service.cluster_arn), service.name, set_id),
        service_arn=service.arn,
        cluster_arn=service.cluster_arn,
        deployment=deployment,
        status=status,
        scale=scale,
        load_balancers=tuple(given.load_balancers or ()),
        service_registries=tuple(given.service_registries or ()),
        started_by=started_by,
        external_id=external_id,
        stability_at=now,
        tags=tags,
    )
