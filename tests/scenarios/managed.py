"""A world with Managed Instances as capacity provider, and a service that fills one instance with each of its tasks."""

from __future__ import annotations

from typing import Any

from kecs.core.records import InstanceRecord

from .world import World

AGENT = {"name": "agent", "image": "agent:1", "memory": 64}
TEMPLATE: dict[str, Any] = {
    "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/p",
    "networkConfiguration": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
    "instanceRequirements": {
        "vCpuCount": {"min": 1},
        "memoryMiB": {"min": 1},
        "allowedInstanceTypes": ["m5.large"],  # 2048 CPU units, 8192 MiB
    },
}
GONE = ("DEREGISTERING", "INACTIVE")


class Managed:
    """The cluster `default` with the capacity provider `mi`, whose instances stay until they are drained."""

    def __init__(self, world: World, template: dict[str, Any] = TEMPLATE) -> None:
        self.world = world
        self.template = template
        self.store = world.kernel.store
        self.provider = self.add_provider("mi")
        app = {"networkMode": "host", "requiresCompatibilities": ["MANAGED_INSTANCES"]}
        world.define("app", cpu="1536", memory="1024", **app)

    def add_provider(self, name: str) -> str:
        """A capacity provider of Managed Instances, ACTIVE; answers its ARN."""
        managed = {
            "infrastructureRoleArn": "arn:aws:iam::000000000000:role/r",
            "instanceLaunchTemplate": self.template,
            "infrastructureOptimization": {"scaleInAfter": -1},
        }
        answer = self.world.call(
            "CreateCapacityProvider", name=name, cluster="default", managedInstancesProvider=managed
        )
        self.world.clock.advance(1)
        arn: str = answer["capacityProvider"]["capacityProviderArn"]
        return arn

    def serve(self, count: int, name: str = "app", provider: str = "mi") -> None:
        """A service of that many tasks, each on an instance of its own."""
        strategy = [{"capacityProvider": provider, "weight": 1}]
        members = {"launchType": None, "networkConfiguration": None, "capacityProviderStrategy": strategy}
        self.world.serve(name, count, "app", **members)

    def run(self, provider: str = "mi") -> str:
        """A task by itself, on an instance of its own."""
        strategy = [{"capacityProvider": provider, "weight": 1}]
        members = {"launchType": None, "networkConfiguration": None, "capacityProviderStrategy": strategy}
        arn: str = self.world.run("app", **members)["tasks"][0]["taskArn"]
        return arn

    @property
    def instances(self) -> list[InstanceRecord]:
        """Those that are there, in the order in which they were launched."""
        return [record for record in self.store.instances if record.instance.status not in GONE]

    def statuses(self) -> list[str]:
        return [str(record.instance.status) for record in self.instances]

    def has_been(self, instance: str) -> list[str | None]:
        """The statuses that the instance has had."""
        return [event.after for event in self.world.events("instance") if event.arn == instance]

    def register(self, family: str = "agent", *containers: dict[str, Any], **members: Any) -> str:
        arn: str = self.world.call(
            "RegisterDaemonTaskDefinition",
            family=family,
            containerDefinitions=list(containers) or [AGENT],
            **members,
        )["daemonTaskDefinitionArn"]
        return arn

    def create(self, name: str = "d", definition: str = "agent:1", **members: Any) -> Any:
        given = {"daemonTaskDefinitionArn": definition, "capacityProviderArns": [self.provider], **members}
        return self.world.call("CreateDaemon", daemonName=name, **given)

    def update(self, daemon: str, definition: str = "agent:1", **members: Any) -> Any:
        given = {"daemonTaskDefinitionArn": definition, "capacityProviderArns": [self.provider], **members}
        return self.world.call("UpdateDaemon", daemonArn=daemon, **given)

    def daemon(self, arn: str) -> Any:
        return self.world.call("DescribeDaemon", daemonArn=arn)["daemon"]

    def deployment(self, arn: str) -> Any:
        return self.world.call("DescribeDaemonDeployments", daemonDeploymentArns=[arn])["daemonDeployments"][0]

    def deployed(self, deployment: str, status: str = "SUCCESSFUL") -> None:
        """Wait until the deployment has this status."""
        self.world.until(lambda: self.deployment(deployment)["status"] == status)

    def tasks(self, name: str = "d", **members: Any) -> list[Any]:
        arns = self.world.call("ListTasks", daemonName=name, **members)["taskArns"]
        return self.world.call("DescribeTasks", tasks=arns)["tasks"] if arns else []

    def running(self, count: int, name: str = "d") -> None:
        """Wait until so many tasks of the daemon run, each on an ACTIVE instance."""
        self.world.until(lambda: [task["lastStatus"] for task in self.tasks(name)] == ["RUNNING"] * count)
        self.world.until(lambda: self.statuses() == ["ACTIVE"] * count)
