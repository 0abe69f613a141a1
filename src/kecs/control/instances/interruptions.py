"""Takes Spot capacity back, as EC2 does when it needs it: for tests of what a service does then.

Called for the admin API and for faults. Tasks of FARGATE_SPOT, and of Managed Instances that are Spot instances, are
told to stop; whoever owns them starts others.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
"""

from __future__ import annotations

from kecs.core.capacity.managed import is_spot
from kecs.core.instances.changes import changed
from kecs.core.records import ClusterRecord, TaskRecord
from kecs.core.tasks.changes import request_stop
from kecs.ports.clock import Clock
from kecs.ports.store import Store

CODE = "SpotInterruption"
REASON = "Your Spot Task was interrupted."
SPOT = "FARGATE_SPOT"


class NotSpot(ValueError):
    """What was named does not run on Spot capacity, so nothing can take it away."""


def interrupt_task(store: Store, clock: Clock, task: TaskRecord) -> list[str]:
    """Interrupt one task. Answers its ARN, or nothing when it is on its way out already. Raises NotSpot."""
    if not on_spot(store, task):
        raise NotSpot(f"Task {task.id} does not run on Spot capacity.")
    return _interrupt(store, clock, [task])


def on_spot(store: Store, task: TaskRecord) -> bool:
    """Whether the task runs on capacity that may be taken back."""
    cluster, provider = store.clusters.get(task.cluster_arn), task.capacity_provider_name
    return cluster is not None and provider is not None and _is_spot(store, cluster, provider)


def interrupt_provider(store: Store, clock: Clock, cluster: ClusterRecord, provider: str) -> list[str]:
    """Interrupt all tasks that the provider runs in the cluster; answers their ARNs. Spot instances do not come back.
    Raises NotSpot."""
    if not _is_spot(store, cluster, provider):
        raise NotSpot(f"{provider} is not a Spot capacity provider of cluster {cluster.name}.")
    tasks = [task for task in store.tasks.where("cluster", cluster.arn) if task.capacity_provider_name == provider]
    return _interrupt(store, clock, tasks)


def _is_spot(store: Store, cluster: ClusterRecord, provider: str) -> bool:
    if provider == SPOT:
        return True
    record = store.capacity_providers.get(cluster.scope.capacity_provider(provider))
    return record is not None and record.cluster_arn == cluster.arn and is_spot(record)


def _interrupt(store: Store, clock: Clock, tasks: list[TaskRecord]) -> list[str]:
    stopped = [t for t in tasks if t.desired_status == "RUNNING" and t.last_status != "STOPPED" and not t.unplaced]
    with store.transaction():
        for task in stopped:
            store.tasks.put(request_stop(task, CODE, REASON, clock.now()))
        for arn in dict.fromkeys(task.container_instance_arn for task in stopped):
            instance = store.instances.get(arn) if arn else None
            if instance is not None and instance.instance.status == "ACTIVE":
                store.instances.put(changed(instance, status="DRAINING"))
    return [task.arn for task in stopped]
