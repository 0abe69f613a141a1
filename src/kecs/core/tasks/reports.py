"""What runtimes tell of a task: the only things that happen to it from outside KECS.

Each report names the task; the supervisor of that task applies it to the record. Reports about a task or container
that is already past the step they speak of are ignored by the lifecycle tables, so a runtime may repeat one.
`at` is seconds since the epoch on the runtime's clock.
"""

from __future__ import annotations

from typing import Literal

from kecs.aws.model import ecs as m
from kecs.core.records import Health, Record
from kecs.core.records.targets import TargetHealth, TargetRecord


class Provisioned(Record):
    """The task's network and volumes exist; containers can be created."""

    task: str
    address: str | None = None  # IPv4 under which the task's ports are reached from the host
    mac_address: str | None = None


class Pulled(Record):
    """The container's image is there."""

    task: str
    container: str
    digest: str | None = None  # sha256:…


class Started(Record):
    task: str
    container: str
    runtime_id: str
    at: float
    network_bindings: tuple[m.NetworkBinding, ...] = ()
    digest: str | None = None  # sha256:… of its image, where pulling is part of starting
    address: str | None = None  # the task's, as of `Provisioned`, where it is known no earlier


class Exited(Record):
    task: str
    container: str
    at: float
    exit_code: int | None
    out_of_memory: bool = False


class HealthChanged(Record):
    task: str
    container: str
    status: Health
    at: float


class Failed(Record):
    """A step could not be done. `reason` is what ECS would show, such as `CannotPullContainerError: …`."""

    task: str
    container: str | None  # None: the task's own resources
    reason: str
    at: float
    stop_code: str | None = None  # of the task, with its own resources; None: what follows from how far it has come


class Released(Record):
    """Everything the task held is gone: containers, network, volumes of task scope."""

    task: str


class TargetChanged(Record):
    """A load balancer's news of a target; no runtime sends it."""

    task: str
    target: TargetRecord  # whatever health it had
    health: TargetHealth
    reason: str | None = None  # why it is unhealthy


Report = Provisioned | Pulled | Started | Exited | HealthChanged | Failed | Released | TargetChanged


class ObservedContainer(Record):
    """A container that a runtime found when KECS started."""

    name: str
    runtime_id: str
    state: Literal["created", "running", "exited"]
    started_at: float | None = None
    finished_at: float | None = None
    exit_code: int | None = None
    out_of_memory: bool = False
    health: Health | None = None
    network_bindings: tuple[m.NetworkBinding, ...] = ()


class ObservedTask(Record):
    """A task that a runtime found when KECS started, by the labels on what belongs to it."""

    task: str  # ARN
    containers: tuple[ObservedContainer, ...]
    provisioned: bool  # its network is there and usable
    address: str | None = None
    mac_address: str | None = None
