"""Amazon ECS: one module per resource of the API, one handler per operation.

`HANDLERS` is the one table of what answers which operation; what is not in it is not there yet.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.ecs",
    {
        "accounts": ("DeleteAccountSetting", "ListAccountSettings", "PutAccountSetting", "PutAccountSettingDefault"),
        "agent": (
            "DiscoverPollEndpoint",
            "SubmitAttachmentStateChanges",
            "SubmitContainerStateChange",
            "SubmitTaskStateChange",
        ),
        "attributes": ("DeleteAttributes", "ListAttributes", "PutAttributes"),
        "capacity": (
            "CreateCapacityProvider",
            "DeleteCapacityProvider",
            "DescribeCapacityProviders",
            "UpdateCapacityProvider",
        ),
        "clusters": (
            "CreateCluster",
            "DeleteCluster",
            "DescribeClusters",
            "ListClusters",
            "PutClusterCapacityProviders",
            "UpdateCluster",
            "UpdateClusterSettings",
        ),
        "container_instances": (
            "DeregisterContainerInstance",
            "DescribeContainerInstances",
            "ListContainerInstances",
            "RegisterContainerInstance",
            "UpdateContainerAgent",
            "UpdateContainerInstancesState",
        ),
        "daemon_task_definitions": (
            "DeleteDaemonTaskDefinition",
            "DescribeDaemonTaskDefinition",
            "ListDaemonTaskDefinitions",
            "RegisterDaemonTaskDefinition",
        ),
        "daemons": (
            "CreateDaemon",
            "DeleteDaemon",
            "DescribeDaemon",
            "DescribeDaemonDeployments",
            "DescribeDaemonRevisions",
            "ListDaemonDeployments",
            "ListDaemons",
            "UpdateDaemon",
        ),
        "deployments": (
            "ContinueServiceDeployment",
            "DescribeServiceDeployments",
            "DescribeServiceRevisions",
            "ListServiceDeployments",
            "StopServiceDeployment",
        ),
        "express": (
            "CreateExpressGatewayService",
            "DeleteExpressGatewayService",
            "DescribeExpressGatewayService",
            "UpdateExpressGatewayService",
        ),
        "gateway_routes": ("DescribeGatewayResources", "DescribeGatewayRoute", "ListGatewayRoutes"),
        "gateways": (
            "AssociateGatewayWithCluster",
            "CreateGateway",
            "DeleteGateway",
            "DescribeGateway",
            "DisassociateGatewayFromCluster",
            "ListGatewayClusterAssociations",
            "ListGateways",
            "UpdateGateway",
        ),
        "namespaces": ("ListServicesByNamespace",),
        "protection": ("GetTaskProtection", "UpdateTaskProtection"),
        "services": ("CreateService", "DeleteService", "DescribeServices", "ListServices", "UpdateService"),
        "sessions": ("ExecuteCommand",),
        "start_task": ("StartTask",),
        "tags": ("ListTagsForResource", "TagResource", "UntagResource"),
        "task_definitions": (
            "DeleteTaskDefinitions",
            "DeregisterTaskDefinition",
            "DescribeTaskDefinition",
            "ListTaskDefinitionFamilies",
            "ListTaskDefinitions",
            "RegisterTaskDefinition",
        ),
        "task_sets": (
            "CreateTaskSet",
            "DeleteTaskSet",
            "DescribeTaskSets",
            "UpdateServicePrimaryTaskSet",
            "UpdateTaskSet",
        ),
        "tasks": ("DescribeTasks", "ListTasks", "RunTask", "StopTask"),
    },
)
