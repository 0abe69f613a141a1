"""The service loop's hand in the lifecycle stages of deployments.

What happens is decided in `core.deployments.stages`; `services` calls this between taking a service's history up and
planning for its tasks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from kecs.core.arns import Scope
from kecs.core.deployments import stages
from kecs.core.deployments.hooks import HookCall, calls
from kecs.core.deployments.stages import Count, Look
from kecs.core.records import ServiceDeploymentRecord, ServiceRecord
from kecs.core.scheduling.counts import is_healthy
from kecs.core.scheduling.snapshot import Places, ServiceTask
from kecs.ports.alarms import Alarms
from kecs.ports.clock import Ids
from kecs.ports.store import Store


class Staged(NamedTuple):
    """A service and its deployments at their stages, and what follows from these."""

    service: ServiceRecord
    records: list[ServiceDeploymentRecord]
    apart: dict[str, int] | None = None
    held: bool = False
    calls: Sequence[HookCall] = ()
    wake_at: float | None = None


class Staging:
    """Moves deployments on from stage to stage."""

    def __init__(self, store: Store, ids: Ids, alarms: Alarms) -> None:
        self._store = store
        self._ids = ids
        self._alarms = alarms

    def progress(
        self,
        service: ServiceRecord,
        records: list[ServiceDeploymentRecord],
        tasks: Sequence[ServiceTask],
        places: Places | None,
        now: float,
    ) -> Staged:
        """The service when its current deployment has gone as far as it can. Nothing is written yet."""
        current = next((r for r in records if r.arn == service.current_deployment), None)
        if current is None:  # it has ended, perhaps with two revisions
            ended = self._store.service_deployments.get(service.current_deployment or "")
            return Staged(service, records, stages.apart(service, ended))
        if not stages.has_stages(current) or not service.deployments:
            return Staged(service, records)
        bake = self._alarms.patience(service.scope, alarm_names(current))
        desired = service.desired_count if places is None else len(places.wanted)
        look = Look(service=service, record=current, counts=_counts(tasks), now=now, desired=desired, alarm_bake=bake)
        look = stages.alarmed(look, self.ringing(service, current), self._ids.uuid)
        look = stages.progress(look, self._ids.uuid)
        return Staged(
            look.service,
            [look.record if r is current else r for r in records],
            stages.apart(look.service, look.record),
            stages.is_held(look.record),
            calls(look.record, look.service),
            stages.next_look(look),
        )

    def ringing(self, service: ServiceRecord, record: ServiceDeploymentRecord) -> tuple[str, ...]:
        """The alarms of the deployment that are in ALARM."""
        names = alarm_names(record)
        return self._alarms.ringing(service.scope, names) if names else ()

    def watching(self, scope: Scope, alarm: str) -> list[str]:
        """ARNs of the services with a deployment that goes on and has this alarm."""
        ongoing = (r for s in self._store.services for r in self._store.service_deployments.where("ongoing", s.arn))
        return [r.service_arn for r in ongoing if alarm in alarm_names(r) and _is_in(r, scope)]


def alarm_names(record: ServiceDeploymentRecord) -> tuple[str, ...]:
    """The alarms that a deployment watches."""
    alarms = record.configuration.alarms if record.configuration else None
    return tuple(alarms.alarm_names) if alarms is not None and alarms.enable else ()


def _is_in(record: ServiceDeploymentRecord, scope: Scope) -> bool:
    return record.arn.startswith(scope.arn(""))


def _counts(tasks: Sequence[ServiceTask]) -> dict[str, Count]:
    present, healthy = Counter[str](), Counter[str]()
    for task in tasks:
        if task.last_status != "STOPPED":
            present[task.deployment_id] += 1
            healthy[task.deployment_id] += is_healthy(task)
    return {name: Count(healthy[name], count) for name, count in present.items()}
