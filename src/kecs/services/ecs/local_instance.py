"""The built-in container instance: it registers itself when the EC2 launch type meets a cluster without any."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import ClusterRecord, InstanceRecord
from kecs.core.tasks.options import LaunchOptions
from kecs.services.ecs.context import Context

RESERVED_PORTS = ["22", "2375", "2376", "51678", "51679"]  # what the ECS agent registers as taken


def ensure_instance(context: Context, cluster: ClusterRecord, options: LaunchOptions) -> bool:
    """Whether the cluster has what the launch needs: a container instance, unless it is on Fargate. The built-in one
    comes where there is none, if it is switched on; it is no external one."""
    if not options.needs_instance:
        return True
    if options.launch_type == "EXTERNAL":
        return False
    if context.store.instances.keys("cluster", cluster.arn):
        return True
    if context.settings.local_instance:
        context.store.instances.put(_local(context, cluster))
    return context.settings.local_instance


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
