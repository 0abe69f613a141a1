"""What becomes of members on the Kubernetes runtime, where that is less than elsewhere, or not what one would expect.

Beside `unacted`, which holds for every runtime where this says nothing else; `tools/coverage.py` makes a table of
docs/coverage.md from it. What is refused is refused by `kecs.runtimes.kubernetes.manifests.problems` when the task is
to start.
"""

from __future__ import annotations

SHARED = "The containers of a pod share their network."
IN_MEMORY = "A directory in memory. Whether its size is a limit or a reason to evict the task is up to the cluster."
NO_SWAP = "Kept and shown. Containers have swap only where their node is set up so."
RESOLVER = "All containers of the task have what they ask for together: three servers and six search domains at most."
CLAIM = (
    "A claim for the file system in the namespace of the ECS cluster, `efs-ID`, `fsx-ID` or `s3files-ID`. One that is "
    "there already is the one; else the storage class makes an empty volume for it."
)
MEMBER_OF = (
    "Held against nodes, which are container instances; the pod is bound to the node that was chosen, while its labels "
    "say the same. What they cannot say is KECS's alone: attributes that the API has set, task groups, versions, "
    "numbers of tasks, patterns."
)
OF_LAUNCH = (
    "memberOf as in task definitions. With distinctInstance the pods are told to keep apart as well, but for one that "
    "follows a task which is still stopping on its node."
)
CLAIMED = "Kept and shown. What is behind the claim decides."
DISK = "Checked and dropped. The storage class decides."
EBS = {
    "sizeInGiB": "The size of the volume's claim.",
    "volumeType": "Chooses the storage class, if one is given for the type. Nothing else depends on it.",
    "iops": DISK,
    "throughput": DISK,
    "filesystemType": DISK,
    "encrypted": DISK,
    "kmsKeyId": DISK,
    "snapshotId": "Checked and dropped. The volume is empty at first, or what the storage class makes it.",
}
"""Of the EBS volume that is configured at launch."""

ON_KUBERNETES: dict[str, str] = {
    # Task definitions
    "RegisterTaskDefinition.networkMode": (
        f"awsvpc and bridge are the pod's own network, host the node's. {SHARED} With none, and where all containers "
        "disable networking, a NetworkPolicy forbids all traffic; whether it is heeded is up to the cluster's network."
    ),
    "RegisterTaskDefinition.ipcMode": (
        "The containers of a pod share their IPC namespace in any case, none and no mode included; host is the node's."
    ),
    "RegisterTaskDefinition.cpu": "Shared out among the containers' requests. Each is held to all of it.",
    "RegisterTaskDefinition.memory": "Shared out among the containers' requests. Each is held to all of it.",
    "RegisterTaskDefinition.ephemeralStorage": (
        "Each container is held to it. A task that uses more is evicted, where on AWS its disk would be full."
    ),
    "RegisterTaskDefinition.enableFaultInjection": "Kept and shown. The endpoints refuse every fault.",
    "RegisterTaskDefinition.placementConstraints": MEMBER_OF,
    "RunTask.placementConstraints": OF_LAUNCH,
    "CreateService.placementConstraints": OF_LAUNCH,
    "UpdateService.placementConstraints": OF_LAUNCH,
    "RegisterTaskDefinition.runtimePlatform": (
        "Chooses nodes by operating system, processor and Windows' build. Without it Linux on any processor."
    ),
    # Containers
    "ContainerDefinition.user": (
        "A number, or root, and on Windows a name. Other names are refused: Kubernetes does not look into the image."
    ),
    "ContainerDefinition.environment": "Names that Kubernetes does not take are refused.",
    "ContainerDefinition.links": "The names of a linked container lead to the pod itself.",
    "ContainerDefinition.hostname": "The pod has that of the first container which has one, up to its first dot.",
    "ContainerDefinition.dnsServers": RESOLVER,
    "ContainerDefinition.dnsSearchDomains": RESOLVER,
    "ContainerDefinition.extraHosts": "All containers of the task have those of each.",
    "ContainerDefinition.disableNetworking": f"{SHARED} It is refused where only some of a task disable it.",
    "ContainerDefinition.volumesFrom": (
        "Mount points of the other container. Volumes that only its image declares are not shared."
    ),
    "ContainerDefinition.ulimits": "Kept and shown. Kubernetes has none; containers have those of their node.",
    "ContainerDefinition.systemControls": (
        "All containers of the task have them. Most are allowed only where the node's kubelet is set up so."
    ),
    "ContainerDefinition.dockerSecurityOptions": (
        "SELinux, AppArmor and no-new-privileges. Credential specs are refused, and no-new-privileges beside "
        "privileged or the capability SYS_ADMIN."
    ),
    "ContainerDefinition.dockerLabels": (
        "Annotations of the pod, as far as their names can be; all of them are in kecs.dev/docker-labels, as JSON."
    ),
    "ContainerDefinition.stopTimeout": (
        "A container that stops before the others of its task has as long as the one of them that may take longest."
    ),
    "ContainerDefinition.restartPolicy": (
        "A container is restarted eight times at most in the life of its task; one with GPUs is not restarted."
    ),
    "ContainerDefinition.firelensConfiguration": (
        "The router gets its configuration, and what the containers send to it by themselves. Their standard output is "
        "not led to it."
    ),
    "ContainerDefinition.credentialSpecs": "Kept and shown. Nothing is made of them.",
    "LogConfiguration.logDriver": (
        "awslogs writes to KECS's own CloudWatch Logs; a stream without a prefix is called CONTAINER/TASK-ID. The "
        "output of every other driver stays where Kubernetes keeps it, and its options change nothing."
    ),
    "ExecuteCommand.command": "Runs as the user of the container, where AWS has root.",
    "HealthCheck.command": "The pod's kubelet runs it, for the first time as soon as the container has started.",
    "HealthCheck.startPeriod": (
        "With the retries after it, the time that a container has to become healthy for the first time."
    ),
    "PortMapping.hostPort": (
        "A host port that is given is taken on the node, one for each container port. Without one the port is reached "
        "at the pod's address, which is what the network binding says."
    ),
    "PortMapping.containerPort": f"{SHARED} In bridge mode too, two that use the same port are refused.",
    "PortMapping.containerPortRange": (
        "Reached at the pod's address, by the same numbers. A task that takes ports of its node shows no binding of it."
    ),
    "ResourceRequirement.type": (
        "GPUs are given to the container by their number; ALL is refused. NeuronDevice is checked, kept and shown."
    ),
    # Linux parameters
    "LinuxParameters.initProcessEnabled": (
        "In a task of one container the pod's own first process is its init process. In others nothing comes of it."
    ),
    "LinuxParameters.devices": "Given to privileged containers; for others refused.",
    "Device.permissions": "Without write the device is read-only. Nothing else depends on it.",
    "LinuxParameters.maxSwap": NO_SWAP,
    "LinuxParameters.swappiness": NO_SWAP,
    "LinuxParameters.sharedMemorySize": IN_MEMORY,
    "Tmpfs.size": IN_MEMORY,
    "Tmpfs.mountOptions": "ro is heeded, no other.",
    # Volumes
    "MountPoint.containerPath": "What the image has at the path is hidden. Docker copies it into a volume that is new.",
    "DockerVolumeConfiguration.scope": (
        "A volume of the task is an empty directory. A shared one is a claim of its name in the namespace of the ECS "
        "cluster, for the tasks of that cluster only."
    ),
    "DockerVolumeConfiguration.driver": (
        "local, and drivers that a storage class is given for. A task with another is refused."
    ),
    "DockerVolumeConfiguration.driverOpts": "Refused for local; those of other drivers are kept and shown.",
    "DockerVolumeConfiguration.labels": "Kept and shown. A claim has none of them.",
    "EFSVolumeConfiguration.fileSystemId": CLAIM,
    "EFSVolumeConfiguration.transitEncryption": CLAIMED,
    "EFSAuthorizationConfig.accessPointId": (
        "One that EFS around KECS knows is its path in the file system's claim; whose it is, Kubernetes decides. "
        "Any other has a claim of its own."
    ),
    "FSxWindowsFileServerVolumeConfiguration.fileSystemId": CLAIM,
    "S3FilesVolumeConfiguration.fileSystemArn": CLAIM,
    **{
        f"{shape}.{member}": text
        for shape in ("TaskManagedEBSVolumeConfiguration", "ServiceManagedEBSVolumeConfiguration")
        for member, text in EBS.items()
    },
    # Networks
    "AwsVpcConfiguration.subnets": (
        "The Availability Zone that KECS gives a subnet draws tasks on Fargate to nodes of a zone of that name, if "
        "there are any. All pods are in the cluster's network."
    ),
    "AwsVpcConfiguration.assignPublicIp": "Kept and shown. The task's address is reached from where pods are reached.",
}
"""By `Operation.member` and `Shape.member`, as UNACTED."""
