"""A task of the simulated runtime: its containers and its network. `runtime` keeps one per task until its release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kecs.aws.model import ecs as m
from kecs.core.autoscaling.usage import Usage
from kecs.core.tasks.environment import Way
from kecs.core.tasks.plan import TaskPlan
from kecs.core.tasks.reports import ObservedContainer, ObservedTask, Started
from kecs.ports.clock import Timer
from kecs.runtimes.simulated.container import SimulatedContainer
from kecs.runtimes.simulated.network import Network, OpenPorts
from kecs.runtimes.simulated.output import Output

if TYPE_CHECKING:
    from kecs.core.inside.network_faults import BlackHole


class SimulatedTask:
    """A task that the runtime was told of and has not released."""

    def __init__(self, plan: TaskPlan, way: Way | None = None) -> None:
        self.plan = plan
        self.containers = {c.name or "": SimulatedContainer(plan, c, way) for c in plan.containers}
        self.provisioned = False
        self.address: str | None = None
        self.timer: Timer | None = None
        self.holes: dict[str, BlackHole] = {}  # in its network, by name

    @property
    def mac_address(self) -> str | None:
        """Made from the address, as a network interface's would be; only awsvpc tasks have one."""
        if self.address is None or self.plan.network_mode != "awsvpc":
            return None
        return "0a:58:" + ":".join(f"{int(part):02x}" for part in self.address.split("."))

    def open_ports(self, network: Network, definition: m.ContainerDefinition, page: str | None) -> OpenPorts:
        """Open the ports of one of its containers; see Network."""
        opened = network.open_ports(self.plan.network_mode, self.address, definition, page)
        if self.holes:
            from kecs.runtimes.simulated.fault_injector import swallow  # few tasks have any

            swallow(opened, self.holes.values())
        return opened

    def opened(self) -> Iterator[OpenPorts]:
        """What its containers hold."""
        return (container.ports for container in self.containers.values() if container.ports is not None)

    def usage(self, now: float) -> Usage:
        """What the scripts of its running containers say that they use."""
        uses = [container.usage(now) for container in self.containers.values() if container.state == "running"]
        return Usage(cpu=_sum(use.cpu for use in uses), memory=_sum(use.memory for use in uses))

    def outputs(self) -> dict[str, Output]:
        """By container."""
        return {container.name: container.output for container in self.containers.values()}

    def started(self, container: SimulatedContainer, at: float) -> Started:
        """The report that one of its containers has started."""
        return Started(
            task=self.plan.arn,
            container=container.name,
            runtime_id=container.runtime_id,
            at=at,
            network_bindings=container.bindings,
        )

    def observed(self) -> ObservedTask:
        """As the inventory shows it: containers that have never run are not there."""
        return ObservedTask(
            task=self.plan.arn,
            containers=tuple(_observed(c) for c in self.containers.values() if c.started_at is not None),
            provisioned=self.provisioned,
            address=self.address,
            mac_address=self.mac_address,
        )


def _sum(amounts: Iterable[float | None]) -> float | None:
    """Of what is known; None when nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _observed(container: SimulatedContainer) -> ObservedContainer:
    return ObservedContainer(
        name=container.name,
        runtime_id=container.runtime_id,
        state="exited" if container.state == "exited" else "running",
        started_at=container.started_at,
        finished_at=container.finished_at,
        exit_code=container.exit_code,
        out_of_memory=container.out_of_memory,
        health=container.health,
        network_bindings=container.bindings,
    )
