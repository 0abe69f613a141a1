"""What KECS's objects in a cluster are called, and the labels and annotations by which it finds them again.

Every name follows from the task or the ECS cluster alone, so whatever is asked for twice is made once. Names of ECS
that Kubernetes does not take get a valid form and a hash, which keeps them apart. Called by everything in this package;
docs/guides/kubernetes.md tells users the rule for namespaces.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from kecs.core.arns import Scope
from kecs.core.tasks.plan import TaskPlan

INSTANCE = "kecs.dev/instance"  # of KECS
TASK = "kecs.dev/task"  # id
CLUSTER = "kecs.dev/cluster"  # this and the next five: names of ECS's, as far as they are valid as labels
SERVICE = "kecs.dev/service"
GROUP = "kecs.dev/group"
FAMILY = "kecs.dev/family"
DEPLOYMENT = "kecs.dev/deployment"
NETWORK = "kecs.dev/network-mode"
DISTINCT = "kecs.dev/distinct-instance"  # the group whose tasks are on a node each
ROLE = "kecs.dev/role"  # of a claim: volume | kept-volume | file-system
POOL = "kecs.dev/capacity-provider"  # of a node, and of its taint: the capacity provider whose tasks run there
MANAGED_BY = "app.kubernetes.io/managed-by"

TASK_ARN = "kecs.dev/task-arn"  # from here on annotations
TASK_DEFINITION = "kecs.dev/task-definition"  # family:revision
CLUSTER_NAME = "kecs.dev/cluster-name"
SERVICE_NAME = "kecs.dev/service-name"
DEPLOYMENT_ID = "kecs.dev/deployment-id"
CONTAINERS = "kecs.dev/containers"  # ECS's names, in their order, as JSON: those of the pod are made of them
HEALTHY_WITHIN = "kecs.dev/healthy-within"  # seconds by container, as JSON: those that have a health check
LOGS = "kecs.dev/logs"  # where output goes, by container, as JSON: that of the log driver awslogs
DOCKER_LABELS = "kecs.dev/docker-labels"  # JSON by container

KECS = "kecs"
LONGEST = 63  # of a DNS label, which most names are, and of a label's value
HASH = 8
SPARES = 8  # more slots of a container that may be restarted: a container of a pod runs once
NO_NETWORK = "kecs-no-network"  # the NetworkPolicy of a namespace
MOST_OF_NAME = LONGEST - 32 - 1  # what a pod's name has before the task's id: its host name can be no longer

_NO_DNS = re.compile(r"[^a-z0-9-]+")
_NO_VALUE = re.compile(r"[^A-Za-z0-9._-]+")
_SLOT = re.compile(r"(.+)--(\d+)")


class Slot(NamedTuple):
    """A container of a pod: which of ECS's, and which of its runs (0: the first)."""

    container: str
    number: int


def digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=HASH // 2).hexdigest()


def dns_label(text: str, longest: int = LONGEST) -> str:
    """`text` if it is a DNS label of that length, else one made of it that nothing else is made into."""
    plain = _NO_DNS.sub("-", text.lower()).strip("-")
    if plain == text and len(text) <= longest:
        return text
    kept = plain[: longest - HASH - 1].strip("-")
    return f"{kept}-{digest(text)}" if kept else f"x-{digest(text)}"


def label_value(text: str) -> str:
    """`text` as the value of a label, likewise."""
    plain = _NO_VALUE.sub("-", text).strip("._-")
    if plain == text and len(text) <= LONGEST:
        return text
    kept = plain[: LONGEST - HASH - 1].strip("._-")
    return f"{kept}-{digest(text)}" if kept else digest(text)


def namespace(instance: str, home: Scope, scope: Scope, cluster: str) -> str:
    """The namespace of an ECS cluster: `kecs-INSTANCE-CLUSTER`. Clusters outside `home`, the account and region that
    KECS was started for, have a hash of theirs at the end."""
    name = f"{KECS}-{instance}-{cluster}"
    if scope == home:
        return dns_label(name)
    kept = _NO_DNS.sub("-", name.lower()).strip("-")[: LONGEST - HASH - 1].strip("-")
    return f"{kept}-{digest(scope.cluster(cluster) + instance)}"


def namespace_of(instance: str, home: Scope, plan: TaskPlan) -> str:
    """The namespace of the task's ECS cluster."""
    return namespace(instance, home, Scope(plan.account, plan.region), plan.cluster)


def pod_name(plan: TaskPlan) -> str:
    """The task's pod, and its Secret. People see of what it is; the id at the end makes it unique."""
    kept = _NO_DNS.sub("-", (plan.service or plan.definition.family or "").lower())[:MOST_OF_NAME].strip("-")
    return f"{kept}-{plan.id}" if kept else plan.id


secret_name = pod_name


def claim_name(plan: TaskPlan, volume: str) -> str:
    """The claim of one task's volume."""
    return f"{pod_name(plan)}-{dns_label(volume)}"


def shared_claim_name(kind: str, name: str) -> str:
    """The claim of what the tasks of an ECS cluster share: a file system, or a Docker volume of scope shared."""
    return f"{kind}-{dns_label(name)}"


def slot_name(container: str, number: int = 0) -> str:
    """The container in a pod that is the container's run of that number."""
    spare = f"--{number}" if number else ""
    clash = container if not _SLOT.fullmatch(container) else f"{container} "  # which no name of ECS's ends in
    return dns_label(clash, LONGEST - len("--0")) + spare


def slots(containers: list[str] | tuple[str, ...]) -> dict[str, Slot]:
    """Every name that a container of a pod of these of ECS's can have, with what it stands for."""
    return {slot_name(name, number): Slot(name, number) for name in containers for number in range(SPARES + 1)}


def of_instance(instance: str) -> dict[str, str]:
    """The labels of everything that KECS makes in a cluster, and the selector that finds it."""
    return {MANAGED_BY: KECS, INSTANCE: label_value(instance)}


def of_task(instance: str, task_id: str) -> dict[str, str]:
    """The labels of everything that ends with one task."""
    return of_instance(instance) | {TASK: task_id}


def selector(labels: dict[str, str]) -> str:
    """The labels as a label selector."""
    return ",".join(f"{name}={value}" for name, value in labels.items())
