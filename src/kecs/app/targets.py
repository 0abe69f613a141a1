"""What an operator says about the health of targets; `app.console` has it for the admin API."""

from __future__ import annotations

from typing import Any

from kecs.app.finding import task_named
from kecs.app.kernel import Kernel
from kecs.core.records.told import TargetGroupRecord
from kecs.ports.target_health import GivenHealth


class KernelTargets:
    """See ports.target_health.TargetHealths."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def all(self) -> list[dict[str, Any]]:
        return [
            {
                "cluster": task.cluster_arn,
                "service": task.service_arn,
                "task": task.arn,
                "targetGroup": target.group,
                "container": target.container,
                "port": target.port,
                "health": target.health,
                "reason": target.reason,
            }
            for task in self._kernel.store.tasks
            if task.last_status != "STOPPED"
            for target in task.targets
        ]

    def set(
        self, cluster: str, task: str, health: GivenHealth, *, group: str | None = None, reason: str | None = None
    ) -> None:
        found = task_named(self._kernel, cluster, task)
        self._kernel.machinery.targets.set(found, group, health, reason)
        self._settle([found.arn])

    def set_group(self, group: str, health: GivenHealth, *, reason: str | None = None) -> None:
        record = TargetGroupRecord(group=group, health=health, reason=reason)
        self._settle(self._kernel.machinery.targets.set_group(record))

    def _settle(self, tasks: list[str]) -> None:
        """Have it written down before the caller is answered."""
        for arn in tasks:
            self._kernel.control.supervisors.work(arn)
        self._kernel.store.flush()
