"""Where the containers of a task reach KECS: at the gateway of the network that they are in, and for the credentials of
its role at an address of AWS's own. Called by `runtime`.
"""

from __future__ import annotations

import logging

from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.ports.endpoint import TaskEndpoint
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.docker.link import Link
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
        self._link = Link(engine, endpoint) if endpoint is not None and not self._desktop else None
        self._bridge: str | None = None  # the gateway of Docker's own network, once known

    async def way(self, plan: TaskPlan) -> Way | None:
        """How containers of the task reach KECS; None when there is no way."""
        url = await self._url(plan)
        if url is None or self._endpoint is None:
            return None
        return Way(url, self._endpoint.names, await self._link.url() if self._link and self._has_role(plan) else None)

    async def join(self, plan: TaskPlan, container: str) -> None:
        """Have a container that does not run yet, and has a network of its own, reach the task's credentials as well.
        Raises EngineError."""
        if self._link is not None and self._has_role(plan) and await self._link.url() is not None:
            await self._link.join(container)

    async def resume(self, told: set[str]) -> None:
        """Be where containers that run were told to look, by `told`."""
        if self._endpoint is not None:
            for url in sorted(told):
                await self._endpoint.resume(url)

    async def clear(self) -> None:
        """Nobody needs a way any more. Raises EngineError."""
        if self._link is not None:
            await self._link.remove()

    def _has_role(self, plan: TaskPlan) -> bool:
        named = self._endpoint is not None and self._endpoint.names is not None
        return named and bool(plan.definition.task_role_arn) and plan.network_mode != "none"

    async def _url(self, plan: TaskPlan) -> str | None:
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
