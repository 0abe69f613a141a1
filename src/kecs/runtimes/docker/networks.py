"""The network of the awsvpc tasks: one bridge for each KECS instance, made when the first task needs it.

Docker picks a subnet that is free among its own networks and the routes of the host. Only when its pools are used up
are the subnets below tried, in an order of the instance's own so that two instances rarely meet.
"""

from __future__ import annotations

import logging
import zlib
from typing import Any

from kecs.runtimes.docker import labels
from kecs.runtimes.docker.engine import Engine, EngineError
from kecs.runtimes.once import Once

_SPARE_SUBNETS = tuple(f"10.{second}.{third}.0/20" for second in range(201, 220) for third in range(0, 256, 16))
_TRIES = 20

log = logging.getLogger(__name__)


class TaskNetwork:
    """The awsvpc network of one KECS instance."""

    def __init__(self, engine: Engine, instance: str) -> None:
        self._engine = engine
        self._instance = instance
        self.name = labels.network_name(instance)
        self._once = Once(self._find_or_create)
        self._gateway: str | None = None

    async def ensure(self) -> None:
        """Return once the network exists. Raises EngineError."""
        await self._once.ensure()

    async def gateway(self) -> str | None:
        """The machine's address in it. Raises EngineError."""
        if self._gateway is None:
            self._gateway = await gateway_of(self._engine, self.name)
        return self._gateway

    def forget(self) -> None:
        """Look again the next time: somebody may have removed it."""
        self._once.forget()
        self._gateway = None

    async def remove(self) -> None:
        """Remove it, unless something that is not KECS's still uses it. Raises EngineError."""
        self.forget()
        for network in await self._list():
            try:
                await self._engine.call("DELETE", f"networks/{network['Id']}")
            except EngineError as error:
                if error.status not in (403, 404):
                    raise
                if error.status == 403:
                    log.warning("the network %s is still there: %s", self.name, error.message)

    async def _list(self) -> list[dict[str, Any]]:
        filters = labels.of_instance(self._instance)
        found: list[dict[str, Any]] = await self._engine.call("GET", "networks", params={"filters": filters})
        return found

    async def _find_or_create(self) -> None:
        if any(network["Name"] == self.name for network in await self._list()):
            return
        try:
            await self._create(None)
        except EngineError as error:
            if "non-overlapping" not in error.message:
                raise
            await self._create_spare(error)

    async def _create_spare(self, error: EngineError) -> None:
        start = zlib.crc32(self._instance.encode())
        for offset in range(_TRIES):
            try:
                await self._create(_SPARE_SUBNETS[(start + offset) % len(_SPARE_SUBNETS)])
                return
            except EngineError as overlap:
                error = overlap
        raise error

    async def _create(self, subnet: str | None) -> None:
        body: dict[str, Any] = {
            "Name": self.name,
            "Driver": "bridge",
            "CheckDuplicate": True,
            "Labels": {labels.INSTANCE: self._instance, labels.ROLE: "network"},
        }
        if subnet is not None:
            body["IPAM"] = {"Config": [{"Subnet": subnet}]}
        await self._engine.call("POST", "networks/create", body=body)


async def gateway_of(engine: Engine, network: str) -> str | None:
    """The IPv4 address that the machine has in the network, if it has one there. Raises EngineError."""
    found = await engine.call("GET", f"networks/{network}")
    gateways = (each.get("Gateway") for each in found["IPAM"].get("Config") or ())
    return next((g.partition("/")[0] for g in gateways if g and ":" not in g), None)
