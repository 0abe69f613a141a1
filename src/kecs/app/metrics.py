"""GET /_kecs/metrics: counted when asked for, so that nothing is counted twice or in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kecs.core.arns import last_part

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel


def exposition(kernel: Kernel) -> bytes:
    """The metrics of this kernel as Prometheus text."""
    registry = CollectorRegistry()
    registry.register(_Metrics(kernel))
    return generate_latest(registry)


class _Metrics(Collector):
    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def collect(self) -> Iterator[Metric]:
        store = self._kernel.store
        requests = CounterMetricFamily(
            "kecs_requests",
            "Requests answered, by API, operation and error code.",
            labels=["api", "operation", "error"],
        )
        for (api, operation, error), count in self._kernel.endpoint.answered.items():
            requests.add_metric([api, operation, error], count)
        yield requests
        tasks = GaugeMetricFamily("kecs_tasks", "Tasks, by cluster and last status.", labels=["cluster", "status"])
        for (cluster, status), count in Counter((t.cluster_arn, t.last_status) for t in store.tasks).items():
            tasks.add_metric([last_part(cluster), status], count)
        yield tasks
        services = GaugeMetricFamily("kecs_services", "Services, by cluster and status.", labels=["cluster", "status"])
        for (cluster, state), count in Counter((s.cluster_arn, s.status) for s in store.services).items():
            services.add_metric([last_part(cluster), state], count)
        yield services
        invocations = CounterMetricFamily(
            "kecs_invocations",
            "Attempts of rules and schedules to run tasks or to send something, by kind of source and outcome.",
            labels=["source", "outcome"],
        )
        for (source, outcome), count in self._kernel.machinery.scheduled.invocations.counted.items():
            invocations.add_metric([source, outcome], count)
        yield invocations
        yield GaugeMetricFamily("kecs_clusters", "Clusters.", value=len(store.clusters))
        yield from self._scheduler()

    def _scheduler(self) -> Iterator[Metric]:
        """How hard the service scheduler works."""
        made = self._kernel.control.decisions
        yield CounterMetricFamily("kecs_service_looks", "Looks at a service by the scheduler.", value=made.looks)
        yield CounterMetricFamily(
            "kecs_service_tasks_seen", "Tasks that the scheduler went through in these looks.", value=made.tasks_seen
        )
        yield CounterMetricFamily(
            "kecs_service_task_changes",
            "Tasks that the scheduler started, asked to stop, and counted as stopped.",
            value=made.changes,
        )
