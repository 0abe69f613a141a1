"""The traffic of a KECS without load balancers: what was asked for is written down, and nothing comes of it."""

from __future__ import annotations

from kecs.ports.traffic import Ingress


class RecordedTraffic:
    """See ports.traffic.Traffic."""

    def __init__(self) -> None:
        self.ingresses: dict[str, Ingress] = {}

    def route(self, ingress: Ingress) -> None:
        self.ingresses[ingress.key] = ingress

    def unroute(self, key: str) -> None:
        self.ingresses.pop(key, None)

    def clear(self) -> None:
        self.ingresses.clear()
