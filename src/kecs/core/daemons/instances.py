"""One instance and all daemons on it: whether it may take other tasks yet, and when its daemons may go.

Daemons are the first tasks on an instance and the last. `control.daemons` asks for both.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from kecs.core.daemons.fleet import COMING, PRESENT, is_up
from kecs.core.records import DaemonRecord, InstanceRecord, TaskRecord


def waits_for_daemons(instance: InstanceRecord) -> bool:
    """Whether the instance has come up, and only its daemons keep it from becoming ACTIVE."""
    return instance.instance.status == "REGISTERING" and bool(instance.instance.agent_connected)


def covers(daemon: DaemonRecord, provider: str | None) -> bool:
    """Whether the daemon's task belongs on the instances of this capacity provider."""
    return daemon.status == "ACTIVE" and any(target.provider == provider for target in daemon.targets)


def is_ready(
    instance: InstanceRecord,
    daemons: Sequence[DaemonRecord],
    tasks: Sequence[TaskRecord],
    critical: Collection[str],
) -> bool:
    """Whether the instance may become ACTIVE: each of its critical daemons runs, and no other is still on its way.

    `tasks` are those on the instance, `critical` the ARNs of the critical revisions.
    """
    mine = {task.daemon_arn: task for task in tasks if task.daemon_arn and task.last_status != "STOPPED"}
    for daemon in daemons:
        if not covers(daemon, instance.instance.capacity_provider_name):
            continue
        task = mine.get(daemon.arn)
        if daemon.revision_arn in critical:
            if task is None or not is_up(task):
                return False
        elif task is not None and task.last_status in COMING and task.desired_status == "RUNNING":
            return False
    return True


def to_stop(instance: InstanceRecord | None, tasks: Sequence[TaskRecord]) -> list[TaskRecord]:
    """The daemon tasks that are to stop, of all `tasks` on an instance (None: it is no longer there).

    They go once nothing else is left on an instance that is leaving.
    """
    live = [task for task in tasks if task.last_status != "STOPPED"]
    if instance is not None and instance.instance.status in PRESENT:
        busy = any(task.daemon_arn is None for task in live)
        if instance.instance.status in ("REGISTERING", "ACTIVE") or busy:
            return []
    return [task for task in live if task.daemon_arn is not None and task.desired_status == "RUNNING"]
