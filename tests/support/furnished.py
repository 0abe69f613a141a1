"""A world in which every name means something, and a request of each operation that is accepted there."""

from __future__ import annotations

import json
from typing import Any

from kecs.services.ecs import HANDLERS
from tests.scenarios.world import NETWORK, World
from tests.support.journals import MemoryJournal

ARN = "arn:aws:ecs:us-east-1:000000000000:"
ROLE = "arn:aws:iam::000000000000:role/kecs"
TAGS = [{"key": "team", "value": "a"}]
STRATEGY = [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
GROUP = "arn:aws:autoscaling:us-east-1:000000000000:autoScalingGroup:8c1b:autoScalingGroupName/{}"
IDENTITY = json.dumps(
    {"instanceId": "i-0123456789abcdef0", "instanceType": "m5.large", "availabilityZone": "us-east-1a"}
)
RESOURCES: list[dict[str, Any]] = [
    {"name": "CPU", "type": "INTEGER", "integerValue": 2048},
    {"name": "MEMORY", "type": "INTEGER", "integerValue": 7680},
    {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
    {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
]
MANAGED: dict[str, Any] = {
    "infrastructureRoleArn": ROLE,
    "instanceLaunchTemplate": {
        "ec2InstanceProfileArn": "arn:aws:iam::000000000000:instance-profile/p",
        "networkConfiguration": {"subnets": ["subnet-12345678"], "securityGroups": ["sg-12345678"]},
        "instanceRequirements": {
            "vCpuCount": {"min": 1},
            "memoryMiB": {"min": 1},
            "allowedInstanceTypes": ["m5.large"],
        },
    },
}
AGENT = {"agentVersion": "1.80.0", "agentHash": "0", "dockerVersion": "DockerVersion: 25.0.3"}
GATEWAY: dict[str, Any] = {
    "hostSharedAlb": {
        "networkConfiguration": {"subnets": ["subnet-12345678", "subnet-87654321"]},
        "scheme": "internet-facing",
        "port": 443,
        "protocol": "HTTPS",
    }
}
CONNECT = {"enabled": True, "namespace": "shop", "services": [{"portName": "http", "clientAliases": [{"port": 80}]}]}
CONTAINERS = [
    {"name": "app", "image": "app:1", "portMappings": [{"containerPort": 80, "name": "http"}]},
    {"name": "log", "image": "log:1"},
]


class Furnished:
    """What there is, by the names that requests use; `world()` is another world that begins where this one stands."""

    def __init__(self) -> None:
        self._journal = MemoryJournal()
        world = self._world = World(journal=self._journal)
        self._clusters(world)
        self._definitions(world)
        self._instances(world)
        self._services(world)
        self._providers(world)
        self._task_sets(world)
        self._gateways(world)
        self._deployments(world)

    def world(self) -> World:
        journal = MemoryJournal()
        journal.write([(kind, str(number), None, record) for number, (kind, record) in enumerate(self._journal.load())])
        return World(journal=journal, start=self._world.clock.now() + 1, seed=2)

    def _clusters(self, world: World) -> None:
        for name in ("other", "empty", "spare", "gone"):
            world.call("CreateCluster", clusterName=name, tags=TAGS)
        world.call("DeleteCluster", cluster="gone")
        world.call("PutAccountSetting", name="containerInsights", value="enabled")

    def _definitions(self, world: World) -> None:
        for _ in range(2):
            world.define("web", *CONTAINERS, taskRoleArn=ROLE, executionRoleArn=ROLE, tags=TAGS)
        world.define_ec2("job")
        world.define("old")
        world.call("DeregisterTaskDefinition", taskDefinition="old:1")

    def _instances(self, world: World) -> None:
        registered = {
            "instanceIdentityDocument": IDENTITY,
            "totalResources": RESOURCES,
            "tags": TAGS,
            "versionInfo": AGENT,
        }
        answer = world.call("RegisterContainerInstance", cluster="other", **registered)
        self.instance = answer["containerInstance"]["containerInstanceArn"]
        attribute = {"name": "stack", "value": "blue", "targetId": self.instance}
        world.call("PutAttributes", cluster="other", attributes=[attribute])
        world.call("DiscoverPollEndpoint", cluster="other", containerInstance=self.instance)
        started = {"taskDefinition": "job", "containerInstances": [self.instance]}
        (task,) = world.call("StartTask", cluster="other", **started)["tasks"]
        self.agents_task = task["taskArn"]
        world.clock.advance(1)

    def _services(self, world: World) -> None:
        self.service = world.serve("serving", 2, enableExecuteCommand=True, tags=TAGS)["serviceArn"]
        world.serve("idle", 0, "job", launchType="EC2", networkConfiguration=None)
        world.serve("draining", 1)
        self.task = world.run(enableExecuteCommand=True, networkConfiguration=NETWORK)["tasks"][0]["taskArn"]
        world.clock.advance(60)
        self.services_task = world.tasks("serving")[0]["taskArn"]
        self.revision = world.service("serving")["currentServiceRevisions"][0]["arn"]
        (listed,) = world.call("ListServiceDeployments", service="serving")["serviceDeployments"]
        self.deployment = listed["serviceDeploymentArn"]
        world.call("DeleteService", service="draining", force=True)
        world.call("RunTask", taskDefinition="job", launchType="EC2", clientToken="used")
        world.serve("rolling", 1, serviceConnectConfiguration=CONNECT)
        world.clock.advance(60)

    def _providers(self, world: World) -> None:
        group = {"autoScalingGroupProvider": {"autoScalingGroupArn": GROUP.format("one")}}
        world.call("CreateCapacityProvider", name="group", tags=TAGS, **group)
        answer = world.call("CreateCapacityProvider", name="managed", cluster="other", managedInstancesProvider=MANAGED)
        self.provider = answer["capacityProvider"]["capacityProviderArn"]
        world.clock.advance(10)
        agent = {"family": "agent", "containerDefinitions": [{"name": "agent", "image": "agent:1", "memory": 64}]}
        self.daemon_definition = world.call("RegisterDaemonTaskDefinition", **agent)["daemonTaskDefinitionArn"]
        world.call("RegisterDaemonTaskDefinition", **agent)
        daemon = {"daemonTaskDefinitionArn": self.daemon_definition, "capacityProviderArns": [self.provider]}
        created = world.call("CreateDaemon", daemonName="watch", clusterArn=f"{ARN}cluster/other", tags=TAGS, **daemon)
        self.daemon, self.daemon_deployment = created["daemonArn"], created["deploymentArn"]
        deployment = {"daemonDeploymentArns": [self.daemon_deployment]}
        world.clock.advance(10)
        (described,) = world.call("DescribeDaemonDeployments", **deployment)["daemonDeployments"]
        self.daemon_revision = described["targetDaemonRevision"]["arn"]

    def _task_sets(self, world: World) -> None:
        self.task_set = f"{ARN}task-set/default/external/ecs-svc/0123456789012345678"
        if "CreateTaskSet" not in HANDLERS:
            return
        world.call("CreateService", serviceName="external", desiredCount=2, deploymentController={"type": "EXTERNAL"})
        members = {"cluster": "default", "service": "external", "taskDefinition": "web", "launchType": "FARGATE"}
        created = world.call("CreateTaskSet", networkConfiguration=NETWORK, tags=TAGS, **members)
        self.task_set = created["taskSet"]["taskSetArn"]

    def _gateways(self, world: World) -> None:
        self.gateway, self.route, self.express = (
            f"{ARN}gateway/front",
            f"{ARN}gateway-route/front/r",
            f"{ARN}service/e/e",
        )
        if "CreateGateway" in HANDLERS:
            for name in ("front", "unused"):
                created = world.call(
                    "CreateGateway",
                    name=name,
                    infrastructureRoleArn=ROLE,
                    configuration=GATEWAY,
                    deletionProtection=False,
                )
                self.gateway = self.gateway if name == "unused" else created["gatewayArn"]
            world.clock.advance(10)
            world.call("AssociateGatewayWithCluster", gateway=self.gateway, cluster="default")
            world.serve("routed", 1, gatewayConnectors=[{"portName": "http"}])
            world.clock.advance(60)
            (route,) = world.call("ListGatewayRoutes", gateway=self.gateway)["gatewayRoutes"]
            self.route = route["gatewayRouteArn"]
            world.call("AssociateGatewayWithCluster", gateway=self.gateway, cluster="empty")
        if "CreateExpressGatewayService" in HANDLERS:
            express = {"infrastructureRoleArn": ROLE, "executionRoleArn": ROLE, "primaryContainer": {"image": "app:1"}}
            created = world.call("CreateExpressGatewayService", serviceName="express", **express)
            self.express = created["service"]["serviceArn"]
            world.clock.advance(60)

    def _deployments(self, world: World) -> None:
        """One that goes on, and one that waits at a hook."""
        pause = {"lifecycleHooks": [{"targetType": "PAUSE", "lifecycleStages": ["PRE_SCALE_UP"]}]}
        for service, configuration in (("rolling", {}), ("serving", pause)):
            world.call("UpdateService", service=service, forceNewDeployment=True, deploymentConfiguration=configuration)
        world.clock.advance(0)  # the service loop takes them up; their tasks take time
        self.ongoing, self.waiting = (self._ongoing(world, service) for service in ("rolling", "serving"))
        described = world.call("DescribeServiceDeployments", serviceDeploymentArns=[self.waiting])
        (hook,) = described["serviceDeployments"][0]["lifecycleHookDetails"]
        self.hook = hook["hookId"]

    @staticmethod
    def _ongoing(world: World, service: str) -> str:
        (listed,) = world.call("ListServiceDeployments", service=service, status=["IN_PROGRESS"])["serviceDeployments"]
        arn: str = listed["serviceDeploymentArn"]
        return arn


def valid_requests(there: Furnished) -> dict[str, dict[str, Any]]:
    """By operation: a request that is accepted, with as many members as go well together."""
    launch = {"launchType": "FARGATE", "networkConfiguration": NETWORK, "propagateTags": "TASK_DEFINITION"}
    attribute = {"name": "stack", "value": "blue", "targetId": there.instance}
    daemon = {"daemonTaskDefinitionArn": there.daemon_definition, "capacityProviderArns": [there.provider]}
    external = {"cluster": "default", "service": "external"}
    express = {"infrastructureRoleArn": ROLE, "executionRoleArn": ROLE, "primaryContainer": {"image": "app:1"}}
    return {
        "AssociateGatewayWithCluster": {"gateway": there.gateway, "cluster": "other"},
        "ContinueServiceDeployment": {"serviceDeploymentArn": there.waiting, "hookId": there.hook},
        "CreateCapacityProvider": {
            "name": "new", "autoScalingGroupProvider": {"autoScalingGroupArn": GROUP.format("two")}, "tags": TAGS,
        },
        "CreateCluster": {
            "clusterName": "new", "capacityProviders": ["FARGATE", "FARGATE_SPOT"], "tags": TAGS,
            "defaultCapacityProviderStrategy": STRATEGY,
            "settings": [{"name": "containerInsights", "value": "enhanced"}],
        },
        "CreateDaemon": {"daemonName": "new", "clusterArn": f"{ARN}cluster/other", **daemon, "tags": TAGS},
        "CreateExpressGatewayService": {**express, "serviceName": "new", "cluster": "other", "tags": TAGS},
        "CreateGateway": {
            "name": "new", "infrastructureRoleArn": ROLE, "configuration": GATEWAY, "tags": TAGS,
        },
        "CreateService": {
            **launch, "serviceName": "new", "taskDefinition": "web", "desiredCount": 1, "tags": TAGS,
            "deploymentConfiguration": {"maximumPercent": 200, "minimumHealthyPercent": 100},
        },
        "CreateTaskSet": {
            **external, "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": NETWORK,
            "scale": {"value": 50, "unit": "PERCENT"}, "externalId": "mine", "tags": TAGS,
        },
        "DeleteAccountSetting": {"name": "containerInsights"},
        "DeleteAttributes": {"cluster": "other", "attributes": [attribute]},
        "DeleteCapacityProvider": {"capacityProvider": "group"},
        "DeleteCluster": {"cluster": "spare"},
        "DeleteDaemon": {"daemonArn": there.daemon},
        "DeleteDaemonTaskDefinition": {"daemonTaskDefinition": "agent:2"},
        "DeleteExpressGatewayService": {"serviceArn": there.express},
        "DeleteGateway": {"gateway": "unused"},
        "DeleteService": {"cluster": "default", "service": "serving", "force": True},
        "DeleteTaskDefinitions": {"taskDefinitions": ["old:1"]},
        "DeleteTaskSet": {**external, "taskSet": there.task_set, "force": True},
        "DeregisterContainerInstance": {"cluster": "other", "containerInstance": there.instance, "force": True},
        "DeregisterTaskDefinition": {"taskDefinition": "web:1"},
        "DescribeCapacityProviders": {"capacityProviders": ["FARGATE", "group", "nothing"], "include": ["TAGS"]},
        "DescribeClusters": {
            "clusters": ["default", "other", "nothing"],
            "include": ["ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"],
        },
        "DescribeContainerInstances": {
            "cluster": "other", "containerInstances": [there.instance, "nothing"],
            "include": ["TAGS", "CONTAINER_INSTANCE_HEALTH"],
        },
        "DescribeDaemon": {"daemonArn": there.daemon},
        "DescribeDaemonDeployments": {"daemonDeploymentArns": [there.daemon_deployment]},
        "DescribeDaemonRevisions": {"daemonRevisionArns": [there.daemon_revision]},
        "DescribeDaemonTaskDefinition": {"daemonTaskDefinition": "agent"},
        "DescribeExpressGatewayService": {"serviceArn": there.express, "include": ["TAGS"]},
        "DescribeGateway": {"gateway": there.gateway},
        "DescribeGatewayResources": {"gateway": there.gateway},
        "DescribeGatewayRoute": {"gatewayRouteArn": there.route},
        "DescribeServiceDeployments": {"serviceDeploymentArns": [there.deployment, there.ongoing]},
        "DescribeServiceRevisions": {"serviceRevisionArns": [there.revision]},
        "DescribeServices": {"services": ["serving", "rolling", "draining", "nothing"], "include": ["TAGS"]},
        "DescribeTaskDefinition": {"taskDefinition": "web", "include": ["TAGS"]},
        "DescribeTaskSets": {**external, "taskSets": [there.task_set], "include": ["TAGS"]},
        "DescribeTasks": {"tasks": [there.task, there.services_task], "include": ["TAGS"]},
        "DisassociateGatewayFromCluster": {"gateway": there.gateway, "cluster": "empty"},
        "DiscoverPollEndpoint": {"cluster": "other", "containerInstance": there.instance},
        "ExecuteCommand": {"task": there.services_task, "container": "app", "command": "ls", "interactive": True},
        "GetTaskProtection": {"cluster": "default", "tasks": [there.services_task]},
        "ListAccountSettings": {"effectiveSettings": True, "maxResults": 5},
        "ListAttributes": {"cluster": "other", "targetType": "container-instance", "maxResults": 2},
        "ListClusters": {"maxResults": 2},
        "ListContainerInstances": {"cluster": "other", "filter": "attribute:stack == blue", "status": "ACTIVE"},
        "ListDaemonDeployments": {"daemonArn": there.daemon},
        "ListDaemonTaskDefinitions": {"family": "agent", "sort": "DESC", "maxResults": 1},
        "ListDaemons": {"clusterArn": f"{ARN}cluster/other"},
        "ListGatewayClusterAssociations": {"gateway": there.gateway},
        "ListGatewayRoutes": {"gateway": there.gateway},
        "ListGateways": {"names": ["front"]},
        "ListServiceDeployments": {"service": "rolling", "maxResults": 1},
        "ListServices": {"cluster": "default", "launchType": "FARGATE", "maxResults": 1},
        "ListServicesByNamespace": {"namespace": "shop"},
        "ListTagsForResource": {"resourceArn": f"{ARN}cluster/other"},
        "ListTaskDefinitionFamilies": {"familyPrefix": "", "status": "ALL", "maxResults": 1},
        "ListTaskDefinitions": {"familyPrefix": "web", "sort": "DESC", "maxResults": 1},
        "ListTasks": {"serviceName": "serving", "desiredStatus": "RUNNING", "maxResults": 1},
        "PutAccountSetting": {"name": "taskLongArnFormat", "value": "enabled"},
        "PutAccountSettingDefault": {"name": "containerInsights", "value": "enhanced"},
        "PutAttributes": {"cluster": "other", "attributes": [attribute]},
        "PutClusterCapacityProviders": {
            "cluster": "empty", "capacityProviders": ["FARGATE"], "defaultCapacityProviderStrategy": STRATEGY,
        },
        "RegisterContainerInstance": {
            "cluster": "default", "instanceIdentityDocument": IDENTITY, "totalResources": RESOURCES, "tags": TAGS,
            "versionInfo": AGENT,
        },
        "RegisterDaemonTaskDefinition": {
            "family": "new", "tags": TAGS,
            "containerDefinitions": [{"name": "agent", "image": "agent:1", "memory": 64}],
        },
        "RegisterTaskDefinition": {
            "family": "web", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "volumes": [{"name": "data"}],
            "requiresCompatibilities": ["FARGATE"], "containerDefinitions": CONTAINERS, "tags": TAGS,
        },
        "RunTask": {
            **launch, "taskDefinition": "web", "count": 2, "startedBy": "me", "clientToken": "new", "tags": TAGS,
        },
        "StartTask": {
            "cluster": "other", "taskDefinition": "job", "containerInstances": [there.instance], "tags": TAGS,
        },
        "StopServiceDeployment": {"serviceDeploymentArn": there.ongoing, "stopType": "ROLLBACK"},
        "StopTask": {"task": there.task, "reason": "enough"},
        "SubmitAttachmentStateChanges": {"cluster": "other", "attachments": []},
        "SubmitContainerStateChange": {
            "cluster": "other", "task": there.agents_task, "containerName": "app", "status": "RUNNING",
        },
        "SubmitTaskStateChange": {"cluster": "other", "task": there.agents_task, "status": "RUNNING"},
        "TagResource": {"resourceArn": there.service, "tags": [{"key": "more", "value": "b"}]},
        "UntagResource": {"resourceArn": there.service, "tagKeys": ["team"]},
        "UpdateCapacityProvider": {
            "name": "group",
            "autoScalingGroupProvider": {"managedScaling": {"status": "ENABLED", "targetCapacity": 90}},
        },
        "UpdateCluster": {"cluster": "other", "settings": [{"name": "containerInsights", "value": "enabled"}]},
        "UpdateClusterSettings": {
            "cluster": "other", "settings": [{"name": "containerInsights", "value": "disabled"}],
        },
        "UpdateContainerAgent": {"cluster": "other", "containerInstance": there.instance},
        "UpdateContainerInstancesState": {
            "cluster": "other", "containerInstances": [there.instance, "nothing"], "status": "DRAINING",
        },
        "UpdateDaemon": {"daemonArn": there.daemon, **daemon},
        "UpdateExpressGatewayService": {"serviceArn": there.express, "healthCheckPath": "/health"},
        "UpdateGateway": {"gateway": there.gateway, "deletionProtection": True},
        "UpdateService": {"service": "serving", "desiredCount": 3, "forceNewDeployment": True},
        "UpdateServicePrimaryTaskSet": {**external, "primaryTaskSet": there.task_set},
        "UpdateTaskProtection": {
            "cluster": "default", "tasks": [there.services_task], "protectionEnabled": True, "expiresInMinutes": 60,
        },
        "UpdateTaskSet": {**external, "taskSet": there.task_set, "scale": {"value": 100, "unit": "PERCENT"}},
    }  # fmt: skip
