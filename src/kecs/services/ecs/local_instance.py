"""The built-in container instances: they register themselves when the EC2 launch type meets a cluster without any."""

from __future__ import annotations

from msgspec.structs import replace

from kecs.core.instances import Machine, is_external, new_instance
from kecs.core.records import ClusterRecord, InstanceRecord
from kecs.core.tasks.options import LaunchOptions
from kecs.services.context import Context


def ensure_instance(context: Context, cluster: ClusterRecord, options: LaunchOptions) -> bool:
    """Whether the cluster has what the launch needs: a container instance, unless it is on Fargate. The built-in one
    comes where there is none, if it is switched on; it is no external one. A runtime's nodes take its place."""
    if not options.needs_instance:
        return True
    instances = [i for i in context.store.instances.where("cluster", cluster.arn) if i.instance.status != "INACTIVE"]
    if options.launch_type == "EXTERNAL":
        return any(map(is_external, instances))
    if not all(map(is_external, instances)):
        return True
    if not context.settings.local_instance:
        return False
    if context.settings.nodes:
        return _take_nodes(context, cluster)
    context.store.instances.put(_local(context, cluster))
    return True


def _local(context: Context, cluster: ClusterRecord) -> InstanceRecord:
    settings = context.settings
    machine = Machine(cpu=settings.local_cpu, memory=settings.local_memory, architecture=settings.local_architecture)
    return new_instance(cluster, context.ids.hex32(), machine, context.now, local=True)


def _take_nodes(context: Context, cluster: ClusterRecord) -> bool:
    """Have the nodes that are no cluster's own among the cluster's instances, from now on; whether there are any."""
    from kecs.core.nodes.belonging import belongs  # few runtimes have nodes
    from kecs.core.nodes.instances import new

    cluster = replace(cluster, takes_nodes=True)
    context.store.clusters.put(cluster)
    joining = [record for record in context.store.nodes if record.node.ready and belongs(record.node, cluster)]
    for record in joining:
        context.store.instances.put(new(cluster, record, context.ids.hex32(), context.now))
    return bool(joining)
