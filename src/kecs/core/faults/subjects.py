"""Whom faults may strike, out of what each place knows of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.arns import last_part
from kecs.core.faults.records import Subject
from kecs.core.records import InstanceRecord, ServiceRecord, TaskRecord
from kecs.core.tasks.create import TaskSpec
from kecs.core.tasks.plan import TaskPlan

# By which members of a request a fault's selectors go.
_CLUSTER = ("cluster", "clusterName", "clusters")
_SERVICE = ("service", "serviceName", "services")
_TASK = ("task", "tasks")


def of_task(plan: TaskPlan) -> Subject:
    """A task as a whole."""
    images = tuple(container.image for container in plan.containers)
    names = {"cluster": (plan.cluster,), "service": _one(plan.service), "task": (plan.id,)}
    return Subject(names, _facts(plan.definition, plan.group, plan.launch_type, images))


def of_container(plan: TaskPlan, container: str) -> Subject:
    """One container of a task."""
    task, image = of_task(plan), plan.container(container).image
    return Subject({**task.names, "container": (container,)}, {**task.facts, "image": image})


def of_record(task: TaskRecord) -> Subject:
    """A task as it is remembered."""
    names = {"cluster": (last_part(task.cluster_arn),), "service": _one(task.service_name), "task": (task.id,)}
    family, _, revision = last_part(task.definition_arn).rpartition(":")
    facts = {"family": family, "revision": int(revision), "group": task.group, "launchType": task.launch_type}
    names["container"] = tuple(container.name for container in task.containers)
    return Subject(names, {**facts, "image": tuple(container.image for container in task.containers)})


def of_spec(spec: TaskSpec) -> Subject:
    """A task that is to be placed."""
    definition = spec.definition.definition
    images = tuple(container.image for container in definition.container_definitions or ())
    names = {"cluster": (spec.cluster.name,), "service": _one(spec.service_name)}
    return Subject(names, _facts(definition, spec.group, spec.launch_type, images))


def of_service(service: ServiceRecord, definition: m.TaskDefinition, launch_type: str) -> Subject:
    """What the tasks of a service are going to be. Their ids nobody knows, and containers are asked for apart."""
    images = tuple(container.image for container in definition.container_definitions or ())
    containers = tuple(container.name or "" for container in definition.container_definitions or ())
    names = {"cluster": (last_part(service.cluster_arn),), "service": (service.name,), "container": containers}
    return Subject(names, _facts(definition, f"service:{service.name}", launch_type, images))


def of_instance(record: InstanceRecord) -> Subject:
    """A container instance."""
    names = {"cluster": (last_part(record.cluster_arn),)}
    return Subject({**names, "instance": (last_part(record.arn), *_one(record.instance.ec2_instance_id))}, {})


def of_call(api: str, operation: str, members: Mapping[str, Any]) -> Subject:
    """A call of an API; `members` are the request's. One that names no cluster is about `default`."""
    names = {
        "api": (api,),
        "operation": (operation,),
        "cluster": _named(members, _CLUSTER) or ("default",),
        "service": _named(members, _SERVICE),
        "task": _named(members, _TASK),
    }
    return Subject(names, members)


def _facts(
    definition: m.TaskDefinition, group: str, launch_type: str, images: tuple[str | None, ...]
) -> dict[str, Any]:
    facts = {"family": definition.family, "revision": definition.revision}
    return {**facts, "group": group, "launchType": launch_type, "image": images}


def _named(members: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[str, ...]:
    """The names under these members, each of which may have one or a list of them."""
    found: list[str] = []
    for key in keys:
        value = members.get(key)
        found += [last_part(name) for name in (value if isinstance(value, list) else [value]) if isinstance(name, str)]
    return tuple(found)


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (name,)
