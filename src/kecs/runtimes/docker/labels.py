"""What KECS's containers, networks and volumes are called, and the labels by which it finds them again.

The `com.amazonaws.ecs.*` labels are those of the Amazon ECS container agent; tools such as log shippers read them.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-agent-config.html
"""

from __future__ import annotations

from kecs.core.tasks.plan import TaskPlan

INSTANCE = "io.kecs.instance"
TASK = "io.kecs.task"  # ARN
CLUSTER = "io.kecs.cluster"  # name
CONTAINER = "io.kecs.container"  # name in the task definition
ROLE = "io.kecs.role"  # container | pause | helper | network | volume | kept-volume | file-system
NETWORK_MODE = "io.kecs.network-mode"
TOLD = "io.kecs.told"  # URLs at which the container was told that KECS is
LOGS = "io.kecs.logs"  # where its output goes, a core.logs.destinations.Destination as JSON
PORTS = "io.kecs.ports"  # published ports and ranges, as `ports.published` writes them

HELPER = "helper"  # the role of a container that KECS has for a moment and that is none of the task's
PAUSE = "ecs.pause"  # no container of a task definition can have a dot in its name
_NAMES_OF_AWS = {TASK: "task-arn", CLUSTER: "cluster", CONTAINER: "container-name"}


def task_labels(instance: str, plan: TaskPlan, role: str) -> dict[str, str]:
    """The labels of whatever belongs to one task."""
    return {INSTANCE: instance, TASK: plan.arn, CLUSTER: plan.cluster, ROLE: role, NETWORK_MODE: plan.network_mode}


def container_labels(instance: str, plan: TaskPlan, container: str, role: str = "container") -> dict[str, str]:
    labels = task_labels(instance, plan, role) | {CONTAINER: container}
    aws = {f"com.amazonaws.ecs.{name}": labels[key] for key, name in _NAMES_OF_AWS.items()}
    aws["com.amazonaws.ecs.task-definition-family"] = plan.definition.family or ""
    aws["com.amazonaws.ecs.task-definition-version"] = str(plan.definition.revision or "")
    return labels | aws


def container_name(plan: TaskPlan, container: str) -> str:
    """The name people see in `docker ps`; unique, for it ends in a part of the task's random id."""
    return f"kecs-{plan.cluster}-{plan.definition.family}-{plan.definition.revision}-{container}-{plan.id[:12]}"


def task_volume_name(plan: TaskPlan, volume: str) -> str:
    """The Docker volume behind a volume of task scope: one for each task."""
    return f"kecs-{plan.cluster}-{plan.definition.family}-{plan.definition.revision}-{volume}-{plan.id[:12]}"


def file_system_name(instance: str, file_system: str) -> str:
    """The Docker volume whose folder stands for a file system."""
    return f"kecs-{instance}-{file_system}"


def network_name(instance: str) -> str:
    return f"kecs-{instance}"


def of_instance(instance: str) -> dict[str, list[str]]:
    """Docker's filter for everything of a KECS instance."""
    return {"label": [f"{INSTANCE}={instance}"]}


def of_task(instance: str, task: str) -> dict[str, list[str]]:
    """Docker's filter for everything of one task."""
    return {"label": [f"{INSTANCE}={instance}", f"{TASK}={task}"]}
