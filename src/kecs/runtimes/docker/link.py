"""The network over which containers reach 169.254.170.2, where AWS's SDKs look for the credentials of a task.

One network for all KECS of a machine, beside those that containers are in anyway: its bridge has that address, and KECS
listens there. It leads nowhere else, and not from container to container. Called by `reach`; docs/adr/0010 has the why.
"""

from __future__ import annotations

import logging
from typing import Any

from kecs.ports.endpoint import TaskEndpoint
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.once import Once

NAME = "kecs-link"
HOST = "169.254.170.2"
SUBNET = "169.254.170.0/23"  # not as far as 169.254.169.254, which is the machine's own metadata service
_IN_USE, _UNKNOWN = 403, 404

log = logging.getLogger(__name__)


class Link:
    """The network, for one KECS."""

    def __init__(self, engine: Engine, endpoint: TaskEndpoint) -> None:
        self._engine = engine
        self._endpoint = endpoint
        self._url: str | None = None
        self._once = Once(self._open)

    async def url(self) -> str | None:
        """Where containers that have joined find credentials; None when KECS cannot be there."""
        await self._once.ensure()
        return self._url

    async def join(self, container: str) -> None:
        """Put a container that does not run yet into the network. Raises EngineError.

        Another KECS may have removed it, as nobody was in it; Docker would only say so when the container starts.
        """
        await self._create()
        await self._engine.call("POST", f"networks/{NAME}/connect", body={"Container": container})

    async def remove(self) -> None:
        """Remove the network unless somebody is in it. Raises EngineError."""
        self._once.forget()
        try:
            await self._engine.call("DELETE", f"networks/{NAME}")
        except EngineError as error:
            if error.status not in (_IN_USE, _UNKNOWN):
                raise

    async def _open(self) -> None:
        try:
            await self._create()
            self._url = await self._endpoint.claim(HOST)
            if self._url is None:
                await self.remove()
        except EngineError as error:
            self._url = None
            log.warning(
                "tasks have their credentials in variables, there is no network for %s: %s", HOST, error.message
            )

    async def _create(self) -> None:
        """Several may come at the same time: whoever is too late finds it."""
        if await self._is_there():
            return
        body: dict[str, Any] = {
            "Name": NAME,
            "Driver": "bridge",
            "CheckDuplicate": True,
            "Internal": True,
            "IPAM": {"Config": [{"Subnet": SUBNET, "Gateway": HOST}]},
            "Options": {"com.docker.network.bridge.enable_icc": "false"},
        }
        try:
            await self._engine.call("POST", "networks/create", body=body)
        except EngineError:
            if not await self._is_there():
                raise

    async def _is_there(self) -> bool:
        params = {"filters": {"name": [f"^{NAME}$"]}}
        found: list[dict[str, Any]] = await self._engine.call("GET", "networks", params=params)
        return any(network["Name"] == NAME for network in found)
