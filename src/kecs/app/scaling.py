"""What an operator says about metrics and alarms, for Application Auto Scaling. `app.console` calls it."""

from __future__ import annotations

from typing import Any

from kecs.app.kernel import Kernel
from kecs.core.autoscaling.policies import PREDEFINED
from kecs.ports.console import NoSuchContainer


def set_measurement(kernel: Kernel, cluster: str, service: str, metric: str, value: float | None) -> None:
    """See ports.console.Console.set_measurement."""
    if metric not in PREDEFINED and "/" not in metric:
        raise ValueError(
            f"metric is one of {', '.join(PREDEFINED)}, or a namespace and a name with a slash between them."
        )
    kernel.control.autoscaling.say(_service(kernel, cluster, service), metric, value)


def measurements(kernel: Kernel) -> list[dict[str, Any]]:
    """See ports.console.Console.measurements."""
    said = kernel.control.autoscaling.said
    return [{"service": arn, "metric": metric, "value": value} for (arn, metric), value in said.items()]


def set_off(kernel: Kernel, policy: str, alarm: str, breach: float) -> bool:
    """See ports.console.Console.set_off."""
    found = kernel.store.scaling_policies.where("arn", policy)
    if not found:
        raise NoSuchContainer(f"There is no scaling policy {policy}.")
    if found[0].steps is None:
        raise ValueError("The alarms of a target tracking policy go off by its metric: see /_kecs/measurements.")
    return kernel.control.autoscaling.set_off(found[0], alarm, breach)


def _service(kernel: Kernel, cluster: str, service: str) -> str:
    """The ARN of the service of that name or ARN, in whichever account and region it is."""
    for record in kernel.store.clusters:
        if cluster in (record.arn, record.name):
            for arn in (service, record.scope.service(record.name, service)):
                if arn in kernel.store.services:
                    return arn
    raise NoSuchContainer(f"Cluster {cluster} has no service {service}.")
