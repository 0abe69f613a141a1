"""What a kernel has loaded when: nothing that moves before there is something to move, and then nothing is missed."""

from __future__ import annotations

import subprocess
import sys

import msgspec

from kecs.app.kernel import Kernel
from kecs.aws.model import ecs as m
from kecs.control.clock import VirtualClock
from kecs.control.ids import SeededIds
from kecs.core.settings import Settings
from kecs.runtimes.simulated import SimulatedRuntime
from kecs.store.memory import MemoryStore


def new() -> Kernel:
    clock = VirtualClock(1_700_000_000.0)
    runtime = SimulatedRuntime(clock)
    return Kernel(
        Settings(), store=MemoryStore(), clock=clock, ids=SeededIds(1), runtime=runtime, defer=lambda call: None
    )


def call(kernel: Kernel, operation: str, **members: object) -> None:
    answer = kernel.endpoint.answer(f"{m.TARGET_PREFIX}.{operation}".encode(), None, msgspec.json.encode(members))
    assert answer.status == 200, answer.body


def loaded(kernel: Kernel) -> bool:
    return "machinery" in vars(kernel)


def test_clusters_alone_move_nothing() -> None:
    kernel = new()
    call(kernel, "ListClusters")
    call(kernel, "CreateCluster", clusterName="web")
    call(kernel, "DeleteCluster", cluster="web")
    assert not loaded(kernel)


def test_the_first_record_that_is_no_cluster_is_heard_of_and_what_was_before_it_too() -> None:
    kernel = new()
    call(kernel, "CreateCluster", clusterName="web")
    container = {"name": "app", "image": "app:1", "memory": 64}
    call(kernel, "RegisterTaskDefinition", family="web", containerDefinitions=[container])
    assert loaded(kernel)
    told = [(event.kind, event.arn.rsplit("/")[-1]) for event in kernel.feed.recent()]
    assert told == [("cluster", "default"), ("cluster", "web"), ("task-definition", "web:1")]


def test_a_service_runs_although_nothing_was_loaded_before_it() -> None:
    kernel = new()
    container = {"name": "app", "image": "app:1", "memory": 64}
    call(kernel, "RegisterTaskDefinition", family="web", containerDefinitions=[container])
    kernel.runtime.connect(kernel.control.supervisors.report)  # type: ignore[attr-defined]
    call(kernel, "CreateService", serviceName="s", taskDefinition="web", desiredCount=2)
    kernel.clock.advance(60)  # type: ignore[attr-defined]
    assert [task.last_status for task in kernel.store.tasks] == ["RUNNING", "RUNNING"]


def test_a_start_with_nothing_to_take_up_loads_nothing() -> None:
    kernel = new()
    try:
        kernel.recover().send(None)
    except StopIteration:
        assert not loaded(kernel)


def test_what_a_start_imports() -> None:
    """How long `kecs start` takes is a promise: loops, and APIs that nobody has called, are not part of it."""
    code = (
        "import sys, kecs.app.server; from kecs.services.apis import ECS; ECS.parts.handlers['ListClusters']; "
        "print(*sorted(name for name in sys.modules if name.startswith('kecs.')))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    models = [name for name in imported if name.startswith("kecs.aws.model.")]
    assert models == ["kecs.aws.model.ecs"]
    late = {"kecs.app.machinery", "kecs.app.console", "kecs.control.loops", "kecs.core.scheduling", "kecs.gateway.http"}
    late |= {"kecs.companions.around", "kecs.companions.calls", "kecs.companions.moto.process", "kecs.gateway.foreign"}
    late |= {"kecs.app.log_service", "kecs.control.logs.intake", "kecs.core.logs.destinations", "kecs.ports.logs"}
    late |= {"kecs.store.logs"}
    assert late.isdisjoint(imported)
