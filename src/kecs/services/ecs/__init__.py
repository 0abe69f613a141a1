"""Amazon ECS: one module per resource of the API, one handler per operation.

`HANDLERS` is the one table from an operation's name to what answers it; what is not in it is not there yet.
"""

from __future__ import annotations

from kecs.services.ecs import (
    accounts,
    agent,
    attributes,
    capacity,
    clusters,
    container_instances,
    daemon_task_definitions,
    daemons,
    deployments,
    express,
    gateway_routes,
    gateways,
    namespaces,
    protection,
    services,
    sessions,
    start_task,
    tags,
    task_definitions,
    task_sets,
    tasks,
)
from kecs.services.ecs.context import Handler

HANDLERS: dict[str, Handler] = {
    # Account settings
    "DeleteAccountSetting": accounts.delete_account_setting,
    "ListAccountSettings": accounts.list_account_settings,
    "PutAccountSetting": accounts.put_account_setting,
    "PutAccountSettingDefault": accounts.put_account_setting_default,
    # Capacity providers
    "CreateCapacityProvider": capacity.create_capacity_provider,
    "DeleteCapacityProvider": capacity.delete_capacity_provider,
    "DescribeCapacityProviders": capacity.describe_capacity_providers,
    "UpdateCapacityProvider": capacity.update_capacity_provider,
    # Clusters
    "CreateCluster": clusters.create_cluster,
    "DeleteCluster": clusters.delete_cluster,
    "DescribeClusters": clusters.describe_clusters,
    "ListClusters": clusters.list_clusters,
    "PutClusterCapacityProviders": clusters.put_cluster_capacity_providers,
    "UpdateCluster": clusters.update_cluster,
    "UpdateClusterSettings": clusters.update_cluster_settings,
    # Container instances and their attributes
    "DeleteAttributes": attributes.delete_attributes,
    "DeregisterContainerInstance": container_instances.deregister_container_instance,
    "DescribeContainerInstances": container_instances.describe_container_instances,
    "ListAttributes": attributes.list_attributes,
    "ListContainerInstances": container_instances.list_container_instances,
    "PutAttributes": attributes.put_attributes,
    "RegisterContainerInstance": container_instances.register_container_instance,
    "UpdateContainerAgent": container_instances.update_container_agent,
    "UpdateContainerInstancesState": container_instances.update_container_instances_state,
    # Their agents
    "DiscoverPollEndpoint": agent.discover_poll_endpoint,
    "SubmitAttachmentStateChanges": agent.submit_attachment_state_changes,
    "SubmitContainerStateChange": agent.submit_container_state_change,
    "SubmitTaskStateChange": agent.submit_task_state_change,
    # Task definitions
    "DeleteTaskDefinitions": task_definitions.delete_task_definitions,
    "DeregisterTaskDefinition": task_definitions.deregister_task_definition,
    "DescribeTaskDefinition": task_definitions.describe_task_definition,
    "ListTaskDefinitionFamilies": task_definitions.list_task_definition_families,
    "ListTaskDefinitions": task_definitions.list_task_definitions,
    "RegisterTaskDefinition": task_definitions.register_task_definition,
    # Task sets
    "CreateTaskSet": task_sets.create_task_set,
    "DeleteTaskSet": task_sets.delete_task_set,
    "DescribeTaskSets": task_sets.describe_task_sets,
    "UpdateServicePrimaryTaskSet": task_sets.update_service_primary_task_set,
    "UpdateTaskSet": task_sets.update_task_set,
    # Tasks
    "DescribeTasks": tasks.describe_tasks,
    "ExecuteCommand": sessions.execute_command,
    "GetTaskProtection": protection.get_task_protection,
    "ListTasks": tasks.list_tasks,
    "RunTask": tasks.run_task,
    "StartTask": start_task.start_task,
    "StopTask": tasks.stop_task,
    "UpdateTaskProtection": protection.update_task_protection,
    # Services
    "CreateService": services.create_service,
    "DeleteService": services.delete_service,
    "DescribeServices": services.describe_services,
    "ListServices": services.list_services,
    "ListServicesByNamespace": namespaces.list_services_by_namespace,
    "UpdateService": services.update_service,
    # Daemons
    "CreateDaemon": daemons.create_daemon,
    "DeleteDaemon": daemons.delete_daemon,
    "DeleteDaemonTaskDefinition": daemon_task_definitions.delete_daemon_task_definition,
    "DescribeDaemon": daemons.describe_daemon,
    "DescribeDaemonDeployments": daemons.describe_daemon_deployments,
    "DescribeDaemonRevisions": daemons.describe_daemon_revisions,
    "DescribeDaemonTaskDefinition": daemon_task_definitions.describe_daemon_task_definition,
    "ListDaemonDeployments": daemons.list_daemon_deployments,
    "ListDaemonTaskDefinitions": daemon_task_definitions.list_daemon_task_definitions,
    "ListDaemons": daemons.list_daemons,
    "RegisterDaemonTaskDefinition": daemon_task_definitions.register_daemon_task_definition,
    "UpdateDaemon": daemons.update_daemon,
    # Service deployments and revisions
    "ContinueServiceDeployment": deployments.continue_service_deployment,
    "DescribeServiceDeployments": deployments.describe_service_deployments,
    "DescribeServiceRevisions": deployments.describe_service_revisions,
    "ListServiceDeployments": deployments.list_service_deployments,
    "StopServiceDeployment": deployments.stop_service_deployment,
    # Gateways
    "AssociateGatewayWithCluster": gateways.associate_gateway_with_cluster,
    "CreateGateway": gateways.create_gateway,
    "DeleteGateway": gateways.delete_gateway,
    "DescribeGateway": gateways.describe_gateway,
    "DescribeGatewayResources": gateway_routes.describe_gateway_resources,
    "DescribeGatewayRoute": gateway_routes.describe_gateway_route,
    "DisassociateGatewayFromCluster": gateways.disassociate_gateway_from_cluster,
    "ListGatewayClusterAssociations": gateways.list_gateway_cluster_associations,
    "ListGatewayRoutes": gateway_routes.list_gateway_routes,
    "ListGateways": gateways.list_gateways,
    "UpdateGateway": gateways.update_gateway,
    # Express Gateway services
    "CreateExpressGatewayService": express.create_express_gateway_service,
    "DeleteExpressGatewayService": express.delete_express_gateway_service,
    "DescribeExpressGatewayService": express.describe_express_gateway_service,
    "UpdateExpressGatewayService": express.update_express_gateway_service,
    # Tags
    "ListTagsForResource": tags.list_tags_for_resource,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
}
