"""The loop that hands the shares of traffic which deployments give their revisions to whatever leads requests.

Its keys are services. `core.deployments` decides on the shares; `ports.traffic` has requests go there.
"""

from __future__ import annotations

from kecs.control.queue import WorkQueue
from kecs.core.deployments.revisions import revision_arn
from kecs.core.records import Change, ServiceRecord
from kecs.ports.store import Store
from kecs.ports.traffic import RevisionShare, Shares, Traffic

KIND = "traffic of a service"


class TrafficShares:
    """The loop over services whose traffic ECS shares out."""

    def __init__(self, store: Store, queue: WorkQueue, traffic: Traffic) -> None:
        self._store = store
        self._queue = queue
        self._traffic = traffic
        queue.register(KIND, self.work)

    def notice(self, changes: list[Change]) -> None:
        """A listener of the store."""
        for table, key, before, after in changes:
            if table == "services" and _shares(before) != _shares(after):
                self._queue.add(KIND, key)

    def recover(self) -> None:
        """Say it again after a restart."""
        for service in self._store.services:
            if _shares(service):
                self._queue.add(KIND, service.arn)

    def work(self, arn: str) -> None:
        service = self._store.services.get(arn)
        shares = _shares(service)
        if service is None or not shares:
            self._traffic.unshare(arn)
            return
        balancers = tuple(service.service.load_balancers or ())
        self._traffic.share(Shares(service_arn=arn, revisions=shares, load_balancers=balancers))


def _shares(service: ServiceRecord | None) -> tuple[RevisionShare, ...]:
    """Those of a service that shares its traffic out; none of any other."""
    if service is None or service.status != "ACTIVE":
        return ()
    return tuple(
        RevisionShare(
            revision_arn=revision_arn(service, deployment.id),
            deployment_id=deployment.id,
            production=deployment.production_weight,
            test=deployment.test_weight,
            alternate=deployment.alternate,
        )
        for deployment in service.deployments
        if deployment.production_weight is not None
    )
