"""Quotas that a request may come up against with what is there already. Called by whatever makes services."""

from __future__ import annotations

from kecs.core.records import ClusterRecord
from kecs.core.service_rules import MOST_SERVICES, check_room
from kecs.services.context import Context


def ensure_room(context: Context, cluster: ClusterRecord) -> None:
    """Whether the cluster can have one more service. Raises InvalidParameterException."""
    services = context.store.services
    if len(services.keys("cluster", cluster.arn)) >= MOST_SERVICES:  # only then are those that are gone told apart
        check_room(sum(service.status != "INACTIVE" for service in services.where("cluster", cluster.arn)))
