"""Takes container instances away as EC2 does, with what runs there: for `capacity`, `nodes` and faults."""

from __future__ import annotations

from kecs.core.capacity import fleet
from kecs.core.instances.changes import deregistered
from kecs.core.records import InstanceRecord
from kecs.core.tasks.changes import request_stop
from kecs.ports.store import Store

CODE = "TerminationNotice"


def terminate(store: Store, instance: InstanceRecord, now: float) -> None:
    """The instance is gone, and its tasks stop; in the caller's transaction."""
    end_tasks(store, instance, now)
    store.instances.put(deregistered(instance, now))


def end_tasks(store: Store, instance: InstanceRecord, now: float) -> None:
    """The tasks of an instance stop, because its machine has: in the caller's transaction."""
    reason = fleet.TERMINATED.format(instance=instance.instance.ec2_instance_id)
    for task in store.tasks.where("instance", instance.arn):
        if task.last_status != "STOPPED":
            store.tasks.put(request_stop(task, CODE, reason, now))
