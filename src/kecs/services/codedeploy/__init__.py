"""AWS CodeDeploy, for the compute platform ECS: one module per resource, one handler per operation.

`HANDLERS` is the one table of what answers which operation. Instances, revisions that are registered by
name, GitHub and the compute platforms Server and Lambda are not there.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.codedeploy",
    {
        "applications": (
            "BatchGetApplications",
            "CreateApplication",
            "DeleteApplication",
            "GetApplication",
            "ListApplications",
            "UpdateApplication",
        ),
        "configs": ("CreateDeploymentConfig", "DeleteDeploymentConfig", "GetDeploymentConfig", "ListDeploymentConfigs"),
        "deployments": (
            "BatchGetDeployments",
            "ContinueDeployment",
            "CreateDeployment",
            "GetDeployment",
            "ListDeployments",
            "PutLifecycleEventHookExecutionStatus",
            "StopDeployment",
        ),
        "groups": (
            "BatchGetDeploymentGroups",
            "CreateDeploymentGroup",
            "DeleteDeploymentGroup",
            "GetDeploymentGroup",
            "ListDeploymentGroups",
            "UpdateDeploymentGroup",
        ),
        "tags": ("ListTagsForResource", "TagResource", "UntagResource"),
        "targets": ("BatchGetDeploymentTargets", "GetDeploymentTarget", "ListDeploymentTargets"),
    },
)
