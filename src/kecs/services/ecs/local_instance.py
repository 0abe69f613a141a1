"""The built-in container instance: it registers itself when the EC2 launch type meets a cluster without any."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import ClusterRecord, InstanceRecord
from kecs.core.tasks.options import LaunchOptions
from kecs.services.ecs.context import Context

RESERVED_PORTS = ["22", "2375", "2376", "51678", "51679"]  # what the ECS agent registers as taken


def ensure_instance(context: Context, cluster: ClusterRecord, options: LaunchOptions) -> None:
    """Make sure that the cluster has a container instance, where the launch needs one.

    Raises InvalidParameterException when it has none and the built-in one is switched off, or is no use: it is not an
    external one.
    """
    if not options.needs_instance:
        return
    external = options.launch_type == "EXTERNAL"
    if not external and context.store.instances.keys("cluster", cluster.arn):
        return
    if external or not context.settings.local_instance:
        raise m.InvalidParameterException("No Container Instances were found in your cluster.")
    context.store.instances.put(_local(context, cluster))


def _local(context: Context, cluster: ClusterRecord) -> InstanceRecord:
    settings, instance_id = context.settings, context.ids.hex32()
    arn = cluster.scope.container_instance(cluster.name, instance_id)
    resources = [
        m.Resource(name="CPU", type="INTEGER", integer_value=settings.local_cpu),
        m.Resource(name="MEMORY", type="INTEGER", integer_value=settings.local_memory),
        m.Resource(name="PORTS", type="STRINGSET", string_set_value=RESERVED_PORTS),
        m.Resource(name="PORTS_UDP", type="STRINGSET", string_set_value=[]),
    ]
    instance = m.ContainerInstance(
        container_instance_arn=arn,
        ec2_instance_id=f"i-{instance_id[:17]}",
        version=1,
        registered_resources=resources,
        status="ACTIVE",
        agent_connected=True,
        registered_at=context.now,
    )
    return InstanceRecord(arn=arn, cluster_arn=cluster.arn, instance=instance, local=True)
