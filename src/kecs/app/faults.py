"""The faults of one kernel: what ports.faults.Faults promises to the admin API.

The kernel makes it when somebody asks for faults. What a fault stands between (runtime, placement, calls) is told of it
with the first of its kind, so that a KECS without faults has nothing to ask.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kecs.aws.model import ecs as m
from kecs.control.faults.between import Between
from kecs.control.faults.book import FaultBook
from kecs.control.faults.deeds import Deeds
from kecs.control.faults.placement import PlacementFaults
from kecs.core.faults.kinds import BY_START, KINDS
from kecs.core.faults.matching import matches
from kecs.core.faults.reading import read, said
from kecs.core.faults.reasons import refusal
from kecs.core.faults.records import Fault, Subject
from kecs.core.faults.subjects import of_record, of_service
from kecs.gateway.endpoint import Endpoint
from kecs.gateway.faults import CallFaults
from kecs.ports.console import NoSuchContainer
from kecs.services.apis import APIS
from kecs.store.lagging import LaggingStore

if TYPE_CHECKING:
    from kecs.app.kernel import Kernel


class KernelFaults:
    """See ports.faults.Faults."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._book = FaultBook()
        self._deeds = Deeds(kernel.store, kernel.clock, self._book)
        self._placement = PlacementFaults(self._book)
        self._lagging: dict[str, LaggingStore] = {}

    def add(self, members: object) -> dict[str, Any]:
        fault = read(members)
        self._check(fault)
        key = self._book.add(fault)
        try:
            if self._begin(key, fault) is None:
                raise NoSuchContainer(f"{fault.kind} strikes at once, and there is nobody whom this one is about.")
        except (ValueError, NoSuchContainer):
            self._book.remove(key)
            raise
        return self._said(key, fault)

    def all(self) -> list[dict[str, Any]]:
        return [self._said(key, fault) for key, fault in self._book]

    def remove(self, key: str | None = None) -> list[str]:
        if key is not None and self._book.get(key) is None:
            raise NoSuchContainer(f"There is no fault {key}.")
        removed = [found for found, _ in self._book if key in (None, found)]
        for found in removed:
            fault = self._book.remove(found)
            assert fault is not None
            self._end(found, fault)
        return removed

    def clear(self) -> None:
        """Forget everything; the kernel is about to forget all the rest."""
        self.remove()
        self._deeds.forget()
        if "_between" in vars(self):
            self._kernel.control.supervisors.put_between(self._kernel.runtime, None)
            self._between.forget()
            del self._between  # another one takes up what there is then

    def _begin(self, key: str, fault: Fault) -> int | None:
        """Put the fault into force; how many it has struck already, None if it is too late to strike anybody."""
        match KINDS[fault.kind].strikes, fault.kind:
            case "call", kind:
                if kind == "stale":
                    self._lagging[key] = LaggingStore(self._kernel.store, self._kernel.clock, fault.age or 0.0)
                self._kernel.endpoint.faults = self._calls
            case "placement", _:
                self._refuse(self._placement)
            case _, "kill":
                return self._between.kill(key, fault)
            case _, "spot-interruption":
                return self._deeds.interrupt(key, fault)
            case _, "instance-lost":
                return self._deeds.lose(key, fault)
            case _, "agent-disconnected":
                return self._deeds.disconnect(key, fault, self._between.cut_off)
            case _, kind:
                between = self._between
                if kind in BY_START:
                    between.apply(key, fault)
        return 0

    def _end(self, key: str, fault: Fault) -> None:
        """Undo what the fault holds up."""
        left = {KINDS[other.kind].strikes for _, other in self._book}
        match KINDS[fault.kind].strikes:
            case "call":
                if key in self._lagging:
                    self._lagging.pop(key).close()
                if "call" not in left:
                    self._kernel.endpoint.faults = None
            case "placement":
                if "placement" not in left:
                    self._refuse(None)
                self._look_for_room()
            case "instance":
                self._deeds.connect(key, self._between.reconnect)
            case "container":
                self._between.lift(key)

    @cached_property
    def _calls(self) -> CallFaults:
        kernel = self._kernel

        def stale(key: str) -> Endpoint:
            return Endpoint(self._lagging[key].look(), kernel.clock, kernel.ids, kernel.settings)

        return CallFaults(self._book, stale)

    @cached_property
    def _between(self) -> Between:
        """It stays where it is until a reset."""
        kernel, supervisors = self._kernel, self._kernel.control.supervisors
        asked = supervisors.hear, supervisors.plan_of, self._instance_of
        between = Between(kernel.runtime, kernel.clock, self._book, *asked)
        between.take_up(kernel.store.tasks, supervisors.put_between(between, between.heard))
        return between

    def _instance_of(self, task: str) -> str | None:
        record = self._kernel.store.tasks.get(task)
        return None if record is None else record.container_instance_arn

    def _refuse(self, faults: PlacementFaults | None) -> None:
        """Have whatever places tasks ask these."""
        kernel, control = self._kernel, self._kernel.control
        of_spec = None if faults is None else faults.of_spec
        kernel.endpoint.refuse = kernel.machinery.refuse = control.services.refuse = of_spec
        control.capacity.refuse = None if faults is None else faults.of_waiting

    def _look_for_room(self) -> None:
        for cluster in self._kernel.store.clusters:
            self._kernel.control.services.notice_room(cluster.arn)
        self._kernel.control.capacity.look_again()

    def _check(self, fault: Fault) -> None:
        """Whether it can strike the call, service or task that it names. Raises ValueError."""
        if KINDS[fault.kind].strikes == "call":
            _check_call(fault)
        if fault.service is None and fault.task is None:
            return
        about = [(kind, definition) for kind, subject, definition in self._there() if matches(fault, subject)]
        containers = [c for _, definition in about for c in definition.container_definitions or ()]
        named = [c for c in containers if fault.container in (None, c.name)]
        match fault.kind:
            case "unhealthy" if named and not any(c.health_check for c in named):
                raise ValueError("None of these containers has a health check, so ECS does not look at their health.")
            case "secret-error" if named and not any(c.secrets for c in named):
                raise ValueError("None of these containers has secrets, so ECS does not look for any.")
            case "no-capacity" if about and all(refusal(fault.reason, kind) is None for kind, _ in about):
                kinds = ", ".join(sorted({kind for kind, _ in about}))
                raise ValueError(f"{fault.reason} is no reason for tasks of the launch type {kinds}.")

    def _there(self) -> Iterator[tuple[str, Subject, m.TaskDefinition]]:
        """The services and tasks that there are: launch type, what they go by, task definition."""
        store = self._kernel.store
        for service in store.services:
            for deployment in service.deployments[:1]:
                definition = store.task_definitions.get(deployment.task_definition)
                if definition is not None:
                    kind = deployment.launch_type or _provider_kind(deployment.capacity_provider_strategy)
                    yield kind, of_service(service, definition.definition, kind), definition.definition
        for task in store.tasks:
            definition = store.task_definitions.get(task.definition_arn)
            if definition is not None and task.last_status != "STOPPED":
                yield task.launch_type, of_record(task), definition.definition

    def _said(self, key: str, fault: Fault) -> dict[str, Any]:
        tally = self._book.tally(key)
        return {"id": key, **said(fault), "matched": tally.matched, "struck": tally.struck}


def _check_call(fault: Fault) -> None:
    """Whether there is such an operation. Raises ValueError."""
    meant = [api for api in APIS if fnmatchcase(api.name, fault.api or "*")]
    if not meant:
        own = ", ".join(api.name for api in APIS)
        raise ValueError(f"No calls of the API {fault.api} are KECS's own; those of {own} are.")
    wanted = fault.operation or "*"
    if any(fnmatchcase(name, wanted) for api in meant for name in api.parts.operations):
        return
    alike = get_close_matches(wanted, [name for api in meant for name in api.parts.operations], 1)
    where = f" of the API {fault.api}" if fault.api else ""
    raise ValueError(f"There is no operation {wanted}{where}{f'; did you mean {alike[0]}?' if alike else '.'}")


def _provider_kind(strategy: Any) -> str:
    """FARGATE for a strategy of Fargate's providers."""
    return "FARGATE" if any(item.capacity_provider.startswith("FARGATE") for item in strategy) else "EC2"
