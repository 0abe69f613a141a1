"""The traffic of a KECS without load balancers: what was asked for is written down, and nothing comes of it."""

from __future__ import annotations

from kecs.ports.traffic import Ingress, ScalingTarget


class RecordedTraffic:
    """See ports.traffic.Traffic."""

    def __init__(self) -> None:
        self.ingresses: dict[str, Ingress] = {}
        self.targets: dict[str, ScalingTarget] = {}

    def route(self, ingress: Ingress) -> None:
        self.ingresses[ingress.key] = ingress

    def unroute(self, key: str) -> None:
        self.ingresses.pop(key, None)

    def scale(self, target: ScalingTarget) -> None:
        self.targets[target.service_arn] = target

    def unscale(self, service_arn: str) -> None:
        self.targets.pop(service_arn, None)

    def clear(self) -> None:
        self.ingresses.clear()
        self.targets.clear()
