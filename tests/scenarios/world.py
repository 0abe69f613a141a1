"""All of KECS in this process, with no event loop: requests are function calls and time is moved by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from kecs.app.kernel import Kernel
from kecs.app.targets import KernelTargets
from kecs.aws.model import ecs as m
from kecs.control.clock import VirtualClock
from kecs.control.ids import SeededIds
from kecs.core.settings import Settings
from kecs.ports.console import FeedEvent
from kecs.ports.nodes import Nodes
from kecs.runtimes.simulated import SimulatedRuntime
from kecs.store.memory import Journal, MemoryStore
from tests.support.companion import FakeCompanion, ImmediateLookups
from tests.support.hooks import ScriptedHooks

NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
START = 1_700_000_000.0


class Refused(Exception):
    """What AWS would have answered instead."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        text: str = body["message"] if "message" in body else body["Message"]
        super().__init__(f"{body['__type']}: {text}")
        self.status = status
        self.code: str = body["__type"]
        self.text = text


class World:
    """A kernel on the simulated runtime; `clock.advance` makes things happen."""

    def __init__(
        self,
        settings: Settings | None = None,
        journal: Journal | None = None,
        start: float = START,
        seed: int = 1,
        nodes: Nodes | None = None,
    ) -> None:
        """Two worlds after each other, with one journal, need different seeds: theirs are the identifiers. `nodes`: the
        runtime's, of which it knows as soon as it is there."""
        self.clock = VirtualClock(start)
        self.runtime = SimulatedRuntime(self.clock)
        self.hooks = ScriptedHooks(self.clock)
        self.companion = FakeCompanion()
        self.lookups = ImmediateLookups(self.clock, self.companion)
        self.kernel = Kernel(
            settings or Settings(local_cpu=4096, local_memory=8192),
            store=MemoryStore(journal),
            clock=self.clock,
            ids=SeededIds(seed),
            runtime=self.runtime,
            defer=lambda call: None,
            hooks=self.hooks,
            lookups=self.lookups,
            nodes=nodes,
        )
        self.runtime.connect(self.kernel.control.supervisors.report)
        self.kernel.machinery.hear_of_nodes()

    def call(
        self,
        operation: str,
        *,
        account: str = "",
        region: str = "us-east-1",
        prefix: str = m.TARGET_PREFIX,
        **members: Any,
    ) -> Any:
        """One API call over the wire format; `prefix` says of which API. Raises Refused."""
        signature = f"AWS4-HMAC-SHA256 Credential={account or 'key'}/20260101/{region}/ecs/aws4_request, x=y".encode()
        target = f"{prefix}.{operation}".encode()
        answer = self.kernel.endpoint.answer(target, signature, msgspec.json.encode(members))
        body = msgspec.json.decode(answer.body)
        if answer.status != 200:
            raise Refused(answer.status, body)
        return body

    def define(self, family: str = "web", *containers: dict[str, Any], **members: Any) -> str:
        """Register a Fargate task definition (of one container unless given) and answer its ARN."""
        given = {
            "networkMode": "awsvpc",
            "requiresCompatibilities": ["FARGATE"],
            "cpu": "256",
            "memory": "512",
            "containerDefinitions": list(containers) or [{"name": "app", "image": "app:1"}],
            **members,
        }
        members = {name: value for name, value in given.items() if value is not None}
        arn: str = self.call("RegisterTaskDefinition", family=family, **members)["taskDefinition"]["taskDefinitionArn"]
        return arn

    def define_ec2(self, family: str = "web", *containers: dict[str, Any], **members: Any) -> str:
        """Register a task definition for the EC2 launch type in bridge mode."""
        members = {"networkMode": "bridge", "requiresCompatibilities": None, "cpu": None, "memory": None, **members}
        return self.define(family, *(containers or ({"name": "app", "image": "app:1", "memory": 128},)), **members)

    def serve(self, name: str = "s", count: int | None = 3, definition: str = "web", **members: Any) -> Any:
        given = {"launchType": "FARGATE", "networkConfiguration": NETWORK, "desiredCount": count, **members}
        given = {key: value for key, value in given.items() if value is not None}
        return self.call("CreateService", serviceName=name, taskDefinition=definition, **given)["service"]

    def run(self, definition: str = "web", **members: Any) -> Any:
        given = {"launchType": "FARGATE", "networkConfiguration": NETWORK, **members}
        given = {key: value for key, value in given.items() if value is not None}
        return self.call("RunTask", taskDefinition=definition, **given)

    def service(self, name: str = "s") -> Any:
        return self.call("DescribeServices", services=[name])["services"][0]

    def task(self, arn: str) -> Any:
        return self.call("DescribeTasks", tasks=[arn])["tasks"][0]

    def tasks(self, service: str = "s", **members: Any) -> list[Any]:
        arns = self.call("ListTasks", serviceName=service, **members)["taskArns"]
        return self.call("DescribeTasks", tasks=arns)["tasks"] if arns else []

    @property
    def targets(self) -> KernelTargets:
        """How tasks do in the health checks of load balancers, and how they are to."""
        return KernelTargets(self.kernel)

    def until(self, condition: Callable[[], bool], limit: float = 3600.0) -> None:
        """Move time on until the condition holds, for `limit` seconds at most."""
        assert self.clock.advance_until(condition, limit), "it never came about"

    def until_news(self) -> None:
        """Move time on to the next change of any status."""
        seen = len(self.kernel.feed.recent())
        self.until(lambda: len(self.kernel.feed.recent()) > seen)

    def stable(self, name: str = "s") -> bool:
        """The condition of AWS's services_stable waiter."""
        service = self.service(name)
        return len(service["deployments"]) == 1 and service["runningCount"] == service["desiredCount"]

    def settle(self, name: str = "s", limit: float = 3600.0) -> None:
        self.until(lambda: self.stable(name), limit)

    def events(self, kind: str) -> list[FeedEvent]:
        return [event for event in self.kernel.feed.recent() if event.kind == kind]

    def statuses_of_all(self, status: str) -> list[str]:
        """ARNs of the tasks that have had this status."""
        return [event.arn for event in self.events("task") if event.after == status]

    def statuses(self, task: str) -> list[str | None]:
        return [event.after for event in self.events("task") if event.arn == task]
