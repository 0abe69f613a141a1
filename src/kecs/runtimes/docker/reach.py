"""Where the containers of a task reach KECS: at the gateway of the network that they are in. Called by `runtime`."""

from __future__ import annotations

import logging
from typing import Any

from kecs.core.tasks.plan import TaskPlan
from kecs.ports.endpoint import TaskEndpoint
from kecs.runtimes.docker.engine import Engine, EngineError

BRIDGE = "bridge"  # Docker's own network
DESKTOP = "host.docker.internal"  # how containers of Docker Desktop see the machine; its networks are in a VM

log = logging.getLogger(__name__)


class Reach:
    """The ways from the containers of one engine to KECS."""

    def __init__(self, engine: Engine, endpoint: TaskEndpoint | None, awsvpc: str, system: str) -> None:
        """`awsvpc`: name of the network of awsvpc tasks. `system`: the engine's OperatingSystem."""
        self._engine = engine
        self._endpoint = endpoint
        self._awsvpc = awsvpc
        self._desktop = system == "Docker Desktop"
        self._gateways: dict[str, str] = {}

    async def url(self, plan: TaskPlan) -> str | None:
        """The URL for containers of the task; None when there is no way."""
        if self._endpoint is None or plan.network_mode == "none":
            return None
        if self._desktop:
            return await self._endpoint.at(DESKTOP)
        if plan.network_mode == "host":
            return self._endpoint.url
        try:
            gateway = await self._gateway(self._awsvpc if plan.network_mode == "awsvpc" else BRIDGE)
        except EngineError as error:
            log.warning("containers of %s cannot reach KECS: %s", plan.arn, error.message)
            return None
        return await self._endpoint.at(gateway) if gateway else None

    def forget(self) -> None:
        """Look again the next time: networks may have been made anew."""
        self._gateways.clear()

    async def _gateway(self, network: str) -> str | None:
        if network not in self._gateways:
            found: dict[str, Any] = await self._engine.call("GET", f"networks/{network}")
            ranges = found["IPAM"].get("Config") or ()
            gateways = (r["Gateway"] for r in ranges if r.get("Gateway") and ":" not in r["Gateway"])
            gateway = next(gateways, None)
            if gateway is None:
                return None
            self._gateways[network] = gateway.partition("/")[0]
        return self._gateways[network]
