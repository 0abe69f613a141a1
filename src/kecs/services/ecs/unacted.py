"""What callers may say to KECS without anything coming of it: members that are accepted and not (fully) acted on.

The one list of them. `tools/coverage.py` makes docs/coverage.md from it and looks for members that no code reads and
that are missing here, so whoever begins or ceases to act on one changes its row.
"""

from __future__ import annotations

SERVICE_CONNECT = "Service Connect is not there yet."

CLUSTERS = {
    "settings": "Kept and shown. KECS collects no Container Insights metrics.",
    "configuration": "Kept and shown. Sessions of ECS Exec are not logged, and nothing is encrypted with the keys.",
    "serviceConnectDefaults": f"Kept and shown as given, so a name does not become an ARN. {SERVICE_CONNECT}",
}
"""Of CreateCluster and UpdateCluster."""

SERVICES = {
    "availabilityZoneRebalancing": (
        "Tasks move between Availability Zones. Those of task sets stay where they are; AWS says nothing of them."
    ),
    "loadBalancers": (
        "Tasks are registered and deregistered as targets, and have to be healthy. There are no load balancers yet: no "
        "request is led to them, and each is healthy as long as `/_kecs/targets` does not say otherwise."
    ),
    "serviceRegistries": "Checked, kept and shown. Nothing is registered in Cloud Map.",
    "platformVersion": "Checked, kept and shown. Every version runs tasks in the same way.",
    "serviceConnectConfiguration": (
        f"Checked, kept and shown with the deployment; its namespace tells who is in it. {SERVICE_CONNECT}"
    ),
    "vpcLatticeConfigurations": "Checked, kept and shown with the deployment. Nothing is registered with VPC Lattice.",
    "monitoring": (
        "Checked, kept and shown with the service revision, of which a service with task sets has none. No metrics are "
        "published."
    ),
}
"""Of CreateService and UpdateService."""

TASK_SIZE = (
    "Bounds the containers together where KECS can make control groups for them: as root, with an engine on the same "
    "machine that has the cgroup driver cgroupfs. Elsewhere it bounds each container by itself; `kecs doctor` says why."
)
STORAGE = (
    "Each container's own file system and each volume of the task is held to it by itself where Docker can: containers "
    "on btrfs, zfs and devicemapper, both on XFS with project quotas. Elsewhere nothing is; `kecs doctor` says which."
)
TASK_DEFINITIONS = {
    "taskRoleArn": "Containers get credentials of it. Whatever it permits, nothing that they call is refused.",
    "executionRoleArn": (
        "Checked, kept and shown: who needs it has to have it. Images, secrets and environment files are read, and "
        "output is written, whatever it permits."
    ),
    "inferenceAccelerators": "Refused, as by AWS since Elastic Inference has ended.",
    "proxyConfiguration": "Checked, kept and shown. No traffic goes through the proxy.",
    "ephemeralStorage": STORAGE,
    "runtimePlatform": (
        "Says where the task may go, and which platform its images have to be for; whether one for another processor "
        "runs is up to this machine. Without it images for this machine's own processor run, also on Fargate."
    ),
    "cpu": f"Counts in placement. {TASK_SIZE}",
    "memory": f"Counts in placement. {TASK_SIZE}",
    "enableFaultInjection": (
        "On Docker tasks of the network mode awsvpc have faults as far as iptables, tc and the kernel of the engine's "
        "machine go. On the simulated runtime only TCP ports can be black holes. Network mode host is refused."
    ),
    "trustedExecutionConfiguration": "Kept and shown. There is no isolation beyond the runtime's own.",
}
"""Of RegisterTaskDefinition."""

RUNS = {
    "platformVersion": "Checked, kept and shown. Every version runs tasks in the same way.",
    "referenceId": "Accepted and dropped. Only ECS itself is meant to use it.",
}
"""Of RunTask and StartTask."""

DAEMONS = {
    "taskRoleArn": TASK_DEFINITIONS["taskRoleArn"],
    "executionRoleArn": TASK_DEFINITIONS["executionRoleArn"],
}
"""Of RegisterDaemonTaskDefinition."""

ACCOUNT_SETTINGS = (
    "containerInsights and defaultLogDriverMode count for what is made from then on. The other settings are kept and "
    "shown: ARNs are long and tags need no permission in any case, and Fargate's tasks are not retired."
)

MANAGED_PROVIDERS = ("CreateManagedInstancesProviderConfiguration", "UpdateManagedInstancesProviderConfiguration")
INFRASTRUCTURE_ROLE = "Checked, kept and shown. KECS launches its instances without it."
LAUNCH_TEMPLATES = {
    "ec2InstanceProfileArn": "Checked, kept and shown. Tasks get no credentials from it.",
    "networkConfiguration": (
        "Instances are simulated, in the Availability Zones that KECS gives the subnets; their tasks are in KECS's own "
        "network."
    ),
    "storageConfiguration": "Kept and shown. Storage is not limited.",
    "localStorageConfiguration": "Kept and shown. Tasks use the storage of the machine that KECS runs on.",
    "monitoring": "Kept and shown. KECS publishes no CloudWatch metrics.",
    "instanceMetadataTagsPropagation": "Kept and shown. Simulated instances have no metadata service.",
    "capacityReservations": "Kept and shown. There is no end to capacity, so none is reserved.",
}
"""Of InstanceLaunchTemplate and InstanceLaunchTemplateUpdate."""

PRICES = "Kept and shown. KECS knows no prices."
NOT_KNOWN = "Kept and shown. KECS does not know this of an instance type, so none is left out for it."
INSTANCE_REQUIREMENTS = {
    "spotMaxPricePercentageOverLowestPrice": PRICES,
    "onDemandMaxPricePercentageOverLowestPrice": PRICES,
    "maxSpotPriceAsPercentageOfOptimalOnDemandPrice": PRICES,
    "requireHibernateSupport": NOT_KNOWN,
    "networkInterfaceCount": NOT_KNOWN,
    "localStorageTypes": NOT_KNOWN,
    "totalLocalStorageGB": NOT_KNOWN,
    "baselineEbsBandwidthMbps": NOT_KNOWN,
    "acceleratorTotalMemoryMiB": NOT_KNOWN,
    "networkBandwidthGbps": NOT_KNOWN,
}
"""Of InstanceRequirementsRequest."""

GATEWAYS = {
    "infrastructureRoleArn": "Checked, kept and shown. No role is assumed.",
    "propagateTags": "Kept and shown. A gateway's load balancers are records only, and carry no tags.",
}
"""Of CreateGateway and UpdateGateway."""

GATEWAY_BALANCERS = {
    "webACLArn": "Kept and shown. No request is filtered.",
    "httpDesync": "Checked, kept and shown. A gateway's load balancers are records only.",
    "testTrafficRules": "Checked, kept and shown, with a rule for each route. No request is led by it.",
}
"""Of HostSharedAlbConfiguration and UpdateGatewayAlbConfiguration."""

EXPRESS = {
    "executionRoleArn": TASK_DEFINITIONS["executionRoleArn"],
    "taskRoleArn": TASK_DEFINITIONS["taskRoleArn"],
    "cpuArchitecture": TASK_DEFINITIONS["runtimePlatform"],
    "healthCheckPath": "Checked, kept, shown and handed on with the way in. Nothing is checked by it.",
}
"""Of CreateExpressGatewayService and UpdateExpressGatewayService."""

FIRELENS = (
    "On Docker the router gets its configuration and the output. One whose configuration is in S3 is refused; the "
    "simulated runtime routes nothing."
)
FILE_SYSTEM = "Each is a folder of this machine, whether or not AWS has such a file system."
TRANSIT = "Kept and shown. There is no transit."
MOUNTED = "Kept and shown. Whoever mounts the file system may use it."
EBS_VOLUME = "Checked and dropped. The volume is one of Docker's, as large and as fast as this machine's disk."
EBS = {
    "sizeInGiB": "The volume is held to it where Docker's files are on XFS with project quotas. Elsewhere it is not.",
    "volumeType": EBS_VOLUME,
    "iops": EBS_VOLUME,
    "throughput": EBS_VOLUME,
    "filesystemType": "Accepted and dropped. The file system is that of this machine's disk.",
    "encrypted": "Accepted and dropped. Nothing is encrypted.",
    "kmsKeyId": "Accepted and dropped. Nothing is encrypted.",
    "snapshotId": "Checked and dropped. The volume is empty at first.",
    "volumeInitializationRate": "Checked and dropped. The volume is empty at first.",
    "tagSpecifications": "Checked and dropped. EC2 does not know the volume.",
    "roleArn": "Shown with the attachment. No role is assumed.",
}
"""Of the EBS volume that is configured at launch."""

UNACTED: dict[str, str] = {
    **{
        f"{operation}.{member}": text
        for operation in ("CreateCluster", "UpdateCluster")
        for member, text in CLUSTERS.items()
    },
    "UpdateClusterSettings.settings": CLUSTERS["settings"],
    **{
        f"{operation}.{member}": text
        for operation in ("CreateService", "UpdateService")
        for member, text in SERVICES.items()
    },
    "CreateService.role": "Kept and shown as roleArn. No role is assumed.",
    "UpdateService.deploymentController": "A service with task sets can get ECS. Other changes are refused.",
    **{
        f"CreateTaskSet.{member}": SERVICES[member]
        for member in ("loadBalancers", "platformVersion", "serviceRegistries")
    },
    "CreateTaskSet.externalId": "Kept and shown. Nothing is registered in Cloud Map.",
    "Scale.unit": "Checked and shown. There is one unit, PERCENT.",
    **{f"RegisterTaskDefinition.{member}": text for member, text in TASK_DEFINITIONS.items()},
    **{f"RunTask.{member}": text for member, text in RUNS.items()},
    **{f"StartTask.{member}": text for member, text in RUNS.items() if member != "platformVersion"},
    "RegisterContainerInstance.instanceIdentityDocumentSignature": "Accepted and dropped.",
    **{f"RegisterDaemonTaskDefinition.{member}": text for member, text in DAEMONS.items()},
    "DaemonDeploymentConfiguration.alarms": "Checked, kept and shown. Deployments of daemons watch no alarm.",
    "DaemonVolume.logDriverVolumeConfiguration": "Checked, kept and shown. The daemon gets an empty volume instead.",
    "DaemonContainerDefinition.firelensConfiguration": FIRELENS,
    **{f"{operation}.name": ACCOUNT_SETTINGS for operation in ("PutAccountSetting", "PutAccountSettingDefault")},
    # Capacity providers
    **{
        f"{shape}.{member}": text
        for shape in ("InstanceLaunchTemplate", "InstanceLaunchTemplateUpdate")
        for member, text in LAUNCH_TEMPLATES.items()
    },
    "InstanceLaunchTemplate.fipsEnabled": "Kept and shown. Simulated instances have no cryptography of their own.",
    "InstanceLaunchTemplate.nitroEnclavesEnabled": "Checked, kept and shown. No isolation beyond the runtime's.",
    "AutoScalingGroupProvider.autoScalingGroupArn": (
        "Kept, shown and told apart. KECS cannot see the group; it keeps a simulated one instead."
    ),
    **{
        f"{shape}.managedTerminationProtection": (
            "Checked, kept and shown. Scaling in only ever takes instances on which nothing runs."
        )
        for shape in ("AutoScalingGroupProvider", "AutoScalingGroupProviderUpdate")
    },
    "AutoRepairConfiguration.actionsStatus": "Kept and shown. Simulated instances do not become impaired.",
    **{f"{role}.infrastructureRoleArn": INFRASTRUCTURE_ROLE for role in MANAGED_PROVIDERS},
    **{f"InstanceRequirementsRequest.{member}": text for member, text in INSTANCE_REQUIREMENTS.items()},
    # Gateways
    **{
        f"{operation}.{member}": text
        for operation in ("CreateGateway", "UpdateGateway")
        for member, text in GATEWAYS.items()
    },
    **{
        f"{shape}.{member}": text
        for shape in ("HostSharedAlbConfiguration", "UpdateGatewayAlbConfiguration")
        for member, text in GATEWAY_BALANCERS.items()
    },
    "GatewayElbNetworkConfiguration.ipAddressType": GATEWAY_BALANCERS["httpDesync"],
    **{
        f"{shape}.inboundSecurityGroup": "Kept and shown with each route. No traffic is filtered."
        for shape in ("GatewayElbNetworkConfiguration", "UpdateGatewayNetworkConfiguration")
    },
    "GatewayElbNetworkConfiguration.subnets": "Checked, kept and shown. A gateway's load balancers are records only.",
    "GatewayElbAccessLogDestination.s3": "Checked, kept and shown. No access log is written.",
    "GatewayConnectorHealthCheck.healthCheckPath": "Kept, shown and handed on with the route. Nothing checks it.",
    **{
        f"GatewayConnectorHealthCheck.{member}": "Kept and shown. The tasks' own health decides."
        for member in (
            "healthCheckProtocol",
            "healthCheckPort",
            "healthCheckTimeoutSeconds",
            "healthCheckIntervalSeconds",
            "healthyThresholdCount",
            "unhealthyThresholdCount",
            "matcher",
        )
    },
    "GatewayConnector.deregistrationDelay": "Kept and shown. No request is under way to a task that stops.",
    # Express Gateway services
    **{
        f"{operation}.{member}": text
        for operation in ("CreateExpressGatewayService", "UpdateExpressGatewayService")
        for member, text in EXPRESS.items()
    },
    "CreateExpressGatewayService.infrastructureRoleArn": (
        "Checked, kept and shown. Load balancer and certificate are records only, and there are no alarms."
    ),
    "UpdateExpressGatewayService.serviceArn": (
        "The update is a rolling one, which goes back when its tasks fail to start. AWS's is a canary: it leads 5 "
        "percent of the requests to the new tasks for three minutes and goes back when they answer with errors."
    ),
    "ExpressGatewayScalingTarget.autoScalingMetric": (
        "Scales the service. There are no load balancers yet, so requests are those that a test says there are."
    ),
    "ExpressGatewayServiceNetworkConfiguration.subnets": (
        "Each id is in an Availability Zone that KECS gives it. All tasks are in one network of KECS's own, and every "
        "subnet counts as a public one."
    ),
    "ExpressGatewayServiceNetworkConfiguration.securityGroups": "Kept and shown. No traffic is filtered.",
    # Agents
    "VersionInfo.agentHash": "Kept and shown. Which commit the agent is made of changes nothing.",
    "VersionInfo.dockerVersion": "Kept and shown. It changes nothing.",
    "NetworkBinding.hostPortRange": "Kept and shown. The ports of a range are not taken on the instance.",
    # Services and task sets
    "LoadBalancer.advancedConfiguration": (
        "Checked, kept and shown; target groups take turns. There are no load balancers yet to share traffic out."
    ),
    "AdvancedConfiguration.roleArn": "Checked, kept and shown. No role is assumed.",
    "ServiceConnectTestTrafficRules.header": f"Kept and shown. {SERVICE_CONNECT}",
    "ServiceRegistry.registryArn": SERVICES["serviceRegistries"],
    # What tasks and services share.
    "AwsVpcConfiguration.subnets": (
        "Each id is in an Availability Zone that KECS gives it, which says where tasks on Fargate are. All tasks are "
        "in one network of KECS's own."
    ),
    "AwsVpcConfiguration.securityGroups": "Kept and shown. No traffic is filtered.",
    "AwsVpcConfiguration.assignPublicIp": "Kept and shown. The task's address is reached from this machine only.",
    "TaskOverride.taskRoleArn": TASK_DEFINITIONS["taskRoleArn"],
    "TaskOverride.executionRoleArn": TASK_DEFINITIONS["executionRoleArn"],
    "TaskOverride.cpu": TASK_SIZE,
    "TaskOverride.memory": TASK_SIZE,
    "TaskOverride.ephemeralStorage": TASK_DEFINITIONS["ephemeralStorage"],
    "TaskOverride.inferenceAcceleratorOverrides": "Refused: no task definition has accelerators any more.",
    "DeploymentConfiguration.alarms": (
        "Watched. There is no CloudWatch yet that could set one off; `/_kecs/alarms` does."
    ),
    "DeploymentLifecycleHook.roleArn": "Checked, kept and shown. No role is assumed.",
    # Containers
    "ContainerDefinition.versionConsistency": "Kept and shown. The tag is looked up again for each task.",
    "LogConfiguration.logDriver": (
        "awslogs writes to KECS's own CloudWatch Logs, whatever its options `tag`, `awslogs-format`, "
        "`awslogs-create-stream` and those about batches say; on Docker awsfirelens sends to the task's router, and "
        "Docker's own drivers get output and options. On the simulated runtime all other output stays on this machine."
    ),
    "ContainerDefinition.firelensConfiguration": FIRELENS,
    "ContainerDefinition.credentialSpecs": "Kept and shown. There are no Windows containers and no domain.",
    "ResourceRequirement.type": "GPUs are given to the container; NeuronDevice is checked, kept and shown.",
    "ResourceRequirement.sharingStrategy": "Checked, kept and shown. A GPU is not shared out.",
    "PortMapping.name": f"Kept and shown. {SERVICE_CONNECT}",
    "PortMapping.appProtocol": f"Kept and shown. {SERVICE_CONNECT}",
    # Volumes
    **{
        f"{shape}.{member}": text
        for shape in ("TaskManagedEBSVolumeConfiguration", "ServiceManagedEBSVolumeConfiguration")
        for member, text in EBS.items()
    },
    "EFSVolumeConfiguration.fileSystemId": FILE_SYSTEM,
    "EFSVolumeConfiguration.transitEncryption": "Kept and shown. The file system is a folder of this machine.",
    "EFSVolumeConfiguration.transitEncryptionPort": TRANSIT,
    "EFSAuthorizationConfig.accessPointId": (
        "One that EFS around KECS knows is its path in the file system; a folder that it makes has owner and mode of "
        "its CreationInfo, and everybody may do there what its PosixUser may. Files belong to whom the container runs "
        "as, not to that user. Any other, where EFS does not know the file system either, has files of its own."
    ),
    "EFSAuthorizationConfig.iam": MOUNTED,
    "FSxWindowsFileServerVolumeConfiguration.fileSystemId": FILE_SYSTEM,
    "FSxWindowsFileServerVolumeConfiguration.authorizationConfig": MOUNTED,
    "S3FilesVolumeConfiguration.fileSystemArn": FILE_SYSTEM,
    "S3FilesVolumeConfiguration.transitEncryptionPort": TRANSIT,
}
"""By `Operation.member` for members of a request, `Shape.member` for members of what it contains: what happens."""
