"""The traffic of a KECS without load balancers: what was asked for is written down, and nothing comes of it."""

from __future__ import annotations

from kecs.ports.traffic import Ingress, Shares


class RecordedTraffic:
    """See ports.traffic.Traffic."""

    def __init__(self) -> None:
        self.ingresses: dict[str, Ingress] = {}
        self.shares: dict[str, Shares] = {}

    def route(self, ingress: Ingress) -> None:
        self.ingresses[ingress.key] = ingress

    def unroute(self, key: str) -> None:
        self.ingresses.pop(key, None)

    def share(self, shares: Shares) -> None:
        self.shares[shares.service_arn] = shares

    def unshare(self, service_arn: str) -> None:
        self.shares.pop(service_arn, None)

    def clear(self) -> None:
        self.ingresses.clear()
        self.shares.clear()
