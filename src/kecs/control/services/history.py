"""The service loop's hand in the history of a service: deployments begin and end, revisions learn their digests.

What is to happen is decided in `core.deployments.history`; `services` calls this before and after it plans.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from kecs.core.deployments.counts import Tally
from kecs.core.deployments.history import last_completed, settle, take_up
from kecs.core.deployments.revisions import revision_arn, with_digests
from kecs.core.records import RevisionRecord, ServiceDeploymentRecord, ServiceRecord, TaskRecord
from kecs.ports.clock import Ids
from kecs.ports.store import Store

Ringing = Callable[[ServiceRecord, ServiceDeploymentRecord], Sequence[str]]
"""The alarms of a deployment that are in ALARM."""


class History:
    """The history of every service, as far as the service loop writes it."""

    def __init__(self, store: Store, ids: Ids, ringing: Ringing) -> None:
        self._store = store
        self._ids = ids
        self._ringing = ringing

    def take_up(
        self, service: ServiceRecord, numbers: Tally, now: float
    ) -> tuple[ServiceRecord, list[ServiceDeploymentRecord]]:
        """The service and its ongoing deployments after what was asked of them; nothing is written yet."""
        records = []
        for record in self._store.service_deployments.where("ongoing", service.arn):
            candidate = partial(self._candidate, service.arn)
            ringing = self._ringing(service, record)
            service, record = take_up(service, record, candidate, numbers, now, self._ids.uuid, ringing)
            records.append(record)
        return service, records

    def write(
        self,
        service: ServiceRecord,
        records: Sequence[ServiceDeploymentRecord],
        tasks: Sequence[TaskRecord],
        numbers: Tally,
        now: float,
    ) -> bool:
        """Keep what has become of the deployments and revisions of the service, which is as the plan leaves it.

        Answers whether there is something to be taken up at once.
        """
        if service.status == "INACTIVE":
            self._delete(service.arn)
            return False
        more = False
        deployments = self._store.service_deployments
        for record in records:
            settled = settle(record, service, numbers, now)
            more = more or settled.status in ("STOP_REQUESTED", "ROLLBACK_REQUESTED")
            for after in (record, settled):  # whoever watches sees every status
                if after != deployments.get(after.arn):
                    deployments.put(after)
        for deployment in service.deployments:
            revision = self._store.service_revisions.get(revision_arn(service, deployment.id))
            if revision is not None and (learned := with_digests(revision, tasks)) is not revision:
                self._store.service_revisions.put(learned)
        return more

    def _candidate(self, service: str) -> RevisionRecord | None:
        completed = last_completed(self._store.service_deployments.where("service", service))
        return self._store.service_revisions.get(completed) if completed else None

    def _delete(self, service: str) -> None:
        """AWS: the deployments of a service go with it."""
        for arn in list(self._store.service_deployments.keys("service", service)):
            self._store.service_deployments.delete(arn)
        for arn in list(self._store.service_revisions.keys("service", service)):
            self._store.service_revisions.delete(arn)
