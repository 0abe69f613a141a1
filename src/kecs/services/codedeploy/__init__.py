"""AWS CodeDeploy, for the compute platform ECS: one module per resource, one handler per operation.

`HANDLERS` is the one table from an operation's name to what answers it. Instances, revisions that are registered by
name, GitHub and the compute platforms Server and Lambda are not there.
"""

from __future__ import annotations

from kecs.services.codedeploy import applications, configs, deployments, groups, tags, targets
from kecs.services.context import Handler

HANDLERS: dict[str, Handler] = {
    # Applications
    "BatchGetApplications": applications.batch_get_applications,
    "CreateApplication": applications.create_application,
    "DeleteApplication": applications.delete_application,
    "GetApplication": applications.get_application,
    "ListApplications": applications.list_applications,
    "UpdateApplication": applications.update_application,
    # Deployment groups
    "BatchGetDeploymentGroups": groups.batch_get_deployment_groups,
    "CreateDeploymentGroup": groups.create_deployment_group,
    "DeleteDeploymentGroup": groups.delete_deployment_group,
    "GetDeploymentGroup": groups.get_deployment_group,
    "ListDeploymentGroups": groups.list_deployment_groups,
    "UpdateDeploymentGroup": groups.update_deployment_group,
    # Deployment configurations
    "CreateDeploymentConfig": configs.create_deployment_config,
    "DeleteDeploymentConfig": configs.delete_deployment_config,
    "GetDeploymentConfig": configs.get_deployment_config,
    "ListDeploymentConfigs": configs.list_deployment_configs,
    # Deployments
    "BatchGetDeployments": deployments.batch_get_deployments,
    "ContinueDeployment": deployments.continue_deployment,
    "CreateDeployment": deployments.create_deployment,
    "GetDeployment": deployments.get_deployment,
    "ListDeployments": deployments.list_deployments,
    "PutLifecycleEventHookExecutionStatus": deployments.put_lifecycle_event_hook_execution_status,
    "StopDeployment": deployments.stop_deployment,
    # Targets
    "BatchGetDeploymentTargets": targets.batch_get_deployment_targets,
    "GetDeploymentTarget": targets.get_deployment_target,
    "ListDeploymentTargets": targets.list_deployment_targets,
    # Tags
    "ListTagsForResource": tags.list_tags_for_resource,
    "TagResource": tags.tag_resource,
    "UntagResource": tags.untag_resource,
}
