"""Where the containers of a task reach KECS: at the gateway of the network that they are in. Called by `runtime`."""

from __future__ import annotations

import logging

from kecs.core.tasks.plan import TaskPlan
from kecs.ports.endpoint import TaskEndpoint
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.networks import TaskNetwork, gateway_of

BRIDGE = "bridge"  # Docker's own network
DESKTOP = "host.docker.internal"  # how containers of Docker Desktop see the machine; its networks are in a VM

log = logging.getLogger(__name__)


class Reach:
    """The ways from the containers of one engine to KECS."""

    def __init__(self, engine: Engine, endpoint: TaskEndpoint | None, awsvpc: TaskNetwork, system: str) -> None:
        """`awsvpc`: the network of awsvpc tasks. `system`: the engine's OperatingSystem."""
        self._engine = engine
        self._endpoint = endpoint
        self._awsvpc = awsvpc
        self._desktop = system == "Docker Desktop"
        self._bridge: str | None = None  # the gateway of Docker's own network, once known

    async def url(self, plan: TaskPlan) -> str | None:
        """The URL for containers of the task; None when there is no way."""
        if self._endpoint is None or plan.network_mode == "none":
            return None
        if self._desktop:
            return await self._endpoint.at(DESKTOP)
        if plan.network_mode == "host":
            return self._endpoint.url
        try:
            gateway = await (self._awsvpc.gateway() if plan.network_mode == "awsvpc" else self._of_bridge())
        except EngineError as error:
            log.warning("containers of %s cannot reach KECS: %s", plan.arn, error.message)
            return None
        return await self._endpoint.at(gateway) if gateway else None

    async def _of_bridge(self) -> str | None:
        if self._bridge is None:
            self._bridge = await gateway_of(self._engine, BRIDGE)
        return self._bridge
