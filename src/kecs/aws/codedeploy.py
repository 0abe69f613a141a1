"""CodeDeploy's words for requests that its model does not allow: an error of its own for most members.

`services.codedeploy.api` hands it to decoding as the dialect of the API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kecs.aws.dialects import Common
from kecs.aws.errors import ModeledError, ValidationException
from kecs.aws.limits import Limit
from kecs.aws.model import codedeploy as c
from kecs.aws.refusals import Missing, Violation

REQUIRED: Mapping[str, type[ModeledError]] = {
    "applicationName": c.ApplicationNameRequiredException,
    "applicationNames": c.ApplicationNameRequiredException,
    "deploymentGroupName": c.DeploymentGroupNameRequiredException,
    "currentDeploymentGroupName": c.DeploymentGroupNameRequiredException,
    "deploymentGroupNames": c.DeploymentGroupNameRequiredException,
    "deploymentConfigName": c.DeploymentConfigNameRequiredException,
    "deploymentId": c.DeploymentIdRequiredException,
    "deploymentIds": c.DeploymentIdRequiredException,
    "targetId": c.DeploymentTargetIdRequiredException,
    "targetIds": c.DeploymentTargetIdRequiredException,
    "serviceRoleArn": c.RoleRequiredException,
    "ResourceArn": c.ResourceArnRequiredException,
    "Tags": c.TagRequiredException,
    "TagKeys": c.TagRequiredException,
}
"""By member of a request: the error when it is missing."""

INVALID: Mapping[str, type[ModeledError]] = {
    "applicationName": c.InvalidApplicationNameException,
    "applicationNames": c.InvalidApplicationNameException,
    "newApplicationName": c.InvalidApplicationNameException,
    "deploymentGroupName": c.InvalidDeploymentGroupNameException,
    "deploymentGroupNames": c.InvalidDeploymentGroupNameException,
    "currentDeploymentGroupName": c.InvalidDeploymentGroupNameException,
    "newDeploymentGroupName": c.InvalidDeploymentGroupNameException,
    "deploymentConfigName": c.InvalidDeploymentConfigNameException,
    "computePlatform": c.InvalidComputePlatformException,
    "deploymentStyle": c.InvalidDeploymentStyleException,
    "blueGreenDeploymentConfiguration": c.InvalidBlueGreenDeploymentConfigurationException,
    "autoRollbackConfiguration": c.InvalidAutoRollbackConfigException,
    "triggerConfigurations": c.InvalidTriggerConfigException,
    "fileExistsBehavior": c.InvalidFileExistsBehaviorException,
    "revision": c.InvalidRevisionException,
    "trafficRoutingConfig": c.InvalidTrafficRoutingConfigurationException,
    "minimumHealthyHosts": c.InvalidMinimumHealthyHostValueException,
    "zonalConfig": c.InvalidZonalDeploymentConfigurationException,
    "deploymentWaitType": c.InvalidDeploymentWaitTypeException,
    "includeOnlyStatuses": c.InvalidDeploymentStatusException,
    "targetFilters": c.InvalidTargetFilterNameException,
    "status": c.InvalidLifecycleEventHookExecutionStatusException,
    "ResourceArn": c.InvalidArnException,
}
"""By member of a request: the error when it, or something in it, is not what the model allows."""


class CodeDeploy(Common):
    """See dialects.Dialect."""

    def __init__(self) -> None:
        super().__init__(ValidationException)

    def limits(self, operation: str) -> tuple[Limit, ...]:  # noqa: ARG002  # they are all in the model
        return ()

    def refusal(self, operation: str, problems: Sequence[Missing | Violation]) -> ModeledError:
        declared = c.OPERATIONS[operation].errors
        text = super().refusal(operation, problems).message
        for problem in problems:
            found = _error(problem)
            if found is not None and found in declared:
                return found(text)
        return ValidationException(text)


def _error(problem: Missing | Violation) -> type[ModeledError] | None:
    member = problem.path.split(".")[0]
    if isinstance(problem, Missing):
        return INVALID.get(member) if member else REQUIRED.get(problem.member)
    return INVALID.get(member)
