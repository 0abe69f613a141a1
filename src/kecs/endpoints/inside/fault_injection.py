"""The fault injection endpoints: a container impairs the network of its own task. Called by `app`.

What is asked in which order, and every text, is the container agent's, but for what KECS cannot do.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fault-injection-endpoints.html
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Literal, cast, get_args
from weakref import WeakValueDictionary

from kecs.core.inside.network_faults import Fault, FaultRefused, Kind, conflict, read_fault, rivals
from kecs.ports.fault_injection import InjectionFailed, Injector, Unsupported
from kecs.ports.inside import Asking, Inside

Operation = Literal["start", "stop", "status"]

PATH = f"/api/([^/]+)/fault/v1/({'|'.join(get_args(Kind))})/({'|'.join(get_args(Operation))})/?"
EVERY = 5.0  # seconds between two requests of a container to one endpoint
WITHIN = 5.0  # seconds until there is an answer

_DOING: Mapping[Operation, str] = {"start": "start", "stop": "stop", "status": "check status"}
_TOO_SOON = "You have reached maximum request limit."
_NOWHERE = "Fault injection is not supported on this runtime. Please use Docker."
_OF_ALL = "host mode is not supported: it is the network of the whole machine. Please use awsvpc mode."

log = logging.getLogger(__name__)


class FaultInjection:
    """The nine endpoints."""

    def __init__(self, inside: Inside) -> None:
        self._inside = inside
        self._last: dict[tuple[str, ...], float] = {}  # when an endpoint was asked by a container
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()  # by task

    async def answer(self, parts: tuple[str, ...], body: bytes) -> tuple[int, dict[str, Any]]:
        """HTTP status and body. `parts`: who asks, the kind of the fault, what is to become of it."""
        container, kind, operation = parts[0], cast(Kind, parts[1]), cast(Operation, parts[2])
        if self._too_soon(parts):
            return 429, _error(_TOO_SOON)
        try:
            # As of latency and packet loss there is one each, nothing more is said to end one or to ask for it.
            told = operation == "start" or kind == "network-blackhole-port"
            fault = read_fault(kind, body) if told else None
        except FaultRefused as error:
            return 400, _error(str(error))
        asking = await self._inside.asking(container)
        if asking is None:
            unknown = f"unable to get task Arn from v3 endpoint ID: {container}"
            return 404, _error(f"unable to get task arn from request: {unknown}")
        injector = self._inside.injector()
        reason = _refusal(asking, injector)
        if reason is not None or injector is None:
            return 400, _error(reason or _NOWHERE)
        return await self._done(injector, asking.of.task.arn, fault, kind, operation)

    def _too_soon(self, endpoint: tuple[str, ...]) -> bool:
        now = self._inside.now()
        self._last = {each: at for each, at in self._last.items() if 0 <= now - at < EVERY}
        if endpoint in self._last:
            return True
        self._last[endpoint] = now
        return False

    async def _done(
        self, injector: Injector, task: str, fault: Fault | None, kind: Kind, operation: Operation
    ) -> tuple[int, dict[str, Any]]:
        try:
            async with asyncio.timeout(WITHIN), self._turns.setdefault(task, asyncio.Lock()):
                return await _carry_out(injector, task, fault, kind, operation)
        except TimeoutError:
            return 500, _error(f"{_DOING[operation]} {kind}: request timed out")
        except Unsupported as error:
            return 400, _error(str(error))
        except InjectionFailed as error:
            log.warning("%s %s in the network of %s: %s", _DOING[operation], kind, task, error)
            return 500, _error("internal error")


async def _carry_out(
    injector: Injector, task: str, fault: Fault | None, kind: Kind, operation: Operation
) -> tuple[int, dict[str, Any]]:
    name = fault.name if fault is not None else kind
    if operation == "status":
        return 200, {"Status": "running" if name in await injector.running(task) else "not-running"}
    if operation == "stop":
        await injector.stop(task, name)
        return 200, {"Status": "stopped"}
    assert fault is not None
    reason = conflict(fault, await injector.start(task, fault, rivals(fault)))
    return (200, {"Status": "running"}) if reason is None else (409, _error(reason))


def _refusal(asking: Asking, injector: Injector | None) -> str | None:
    """Why a task has no faults, whichever they are."""
    mode = asking.of.plan.network_mode
    if not asking.of.plan.definition.enable_fault_injection:
        return f"enableFaultInjection is not enabled for task: {asking.of.task.arn}"
    if mode not in ("awsvpc", "host"):
        return f"{mode} mode is not supported. Please use either host or awsvpc mode."
    return _OF_ALL if mode == "host" and injector is not None else None


def _error(text: str) -> dict[str, Any]:
    return {"Error": text}
