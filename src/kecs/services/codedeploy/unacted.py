"""What CodeDeploy accepts and does not (fully) act on; see services.ecs.unacted."""

from __future__ import annotations

_INSTANCES = "Refused. KECS has the compute platform ECS only."

UNACTED: dict[str, str] = {
    "CreateDeploymentGroup.ec2TagFilters": _INSTANCES,
    "CreateDeploymentGroup.onPremisesInstanceTagFilters": _INSTANCES,
    "CreateDeploymentGroup.autoScalingGroups": _INSTANCES,
    "CreateDeploymentGroup.ec2TagSet": _INSTANCES,
    "CreateDeploymentGroup.onPremisesTagSet": _INSTANCES,
    "CreateDeploymentGroup.ec2DeploymentOptions": _INSTANCES,
    "CreateDeploymentGroup.terminationHookEnabled": _INSTANCES,
    "CreateDeploymentGroup.serviceRoleArn": "Checked for being there, kept and shown. KECS checks no permissions.",
    "CreateDeploymentGroup.triggerConfigurations": "Checked, kept and shown. Nothing is sent to a topic.",
    "CreateDeploymentGroup.outdatedInstancesStrategy": "Kept and shown. A service of ECS has no outdated instances.",
    "UpdateDeploymentGroup.ec2TagFilters": _INSTANCES,
    "UpdateDeploymentGroup.onPremisesInstanceTagFilters": _INSTANCES,
    "UpdateDeploymentGroup.autoScalingGroups": _INSTANCES,
    "UpdateDeploymentGroup.ec2TagSet": _INSTANCES,
    "UpdateDeploymentGroup.onPremisesTagSet": _INSTANCES,
    "UpdateDeploymentGroup.ec2DeploymentOptions": _INSTANCES,
    "UpdateDeploymentGroup.terminationHookEnabled": _INSTANCES,
    "UpdateDeploymentGroup.serviceRoleArn": "Kept and shown. KECS checks no permissions.",
    "UpdateDeploymentGroup.triggerConfigurations": "Checked, kept and shown. Nothing is sent to a topic.",
    "UpdateDeploymentGroup.outdatedInstancesStrategy": "Kept and shown. A service of ECS has no outdated instances.",
    "AlarmConfiguration.ignorePollAlarmFailure": "Kept and shown. KECS can always tell the state of an alarm.",
    "BlueGreenDeploymentConfiguration.greenFleetProvisioningOption": _INSTANCES,
    "LoadBalancerInfo.elbInfoList": _INSTANCES,
    "LoadBalancerInfo.targetGroupInfoList": _INSTANCES,
    "TrafficRoute.listenerArns": "Checked, kept and shown. Whether there is a test route decides on its events.",
    "CreateDeployment.ignoreApplicationStopFailures": _INSTANCES,
    "CreateDeployment.targetInstances": _INSTANCES,
    "CreateDeployment.updateOutdatedInstancesOnly": _INSTANCES,
    "CreateDeployment.fileExistsBehavior": _INSTANCES,
    "CreateDeployment.deploymentMode": "Refused, but for STANDARD.",
    "CreateDeployment.ec2DeploymentOptions": _INSTANCES,
    "RevisionLocation.s3Location": "Refused. The AppSpec file has to be in the request.",
    "RevisionLocation.gitHubLocation": "Refused. The AppSpec file has to be in the request.",
    "CreateDeploymentConfig.minimumHealthyHosts": _INSTANCES,
    "CreateDeploymentConfig.zonalConfig": _INSTANCES,
    "ListDeployments.externalId": "Refused. KECS has no deployments that belong to an external resource.",
}
"""By `Operation.Member` for members of a request, `Shape.Member` for members of what it contains: what happens."""
