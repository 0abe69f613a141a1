"""The built-in container instance: it registers itself when the EC2 launch type meets a cluster without any."""

from __future__ import annotations

from kecs.core.instances import Machine, is_external, new_instance
from kecs.core.records import ClusterRecord, InstanceRecord
from kecs.core.tasks.options import LaunchOptions
from kecs.services.context import Context


def ensure_instance(context: Context, cluster: ClusterRecord, options: LaunchOptions) -> bool:
    """Whether the cluster has what the launch needs: a container instance, unless it is on Fargate. The built-in one
    comes where there is none, if it is switched on; it is no external one."""
    if not options.needs_instance:
        return True
    instances = [i for i in context.store.instances.where("cluster", cluster.arn) if i.instance.status != "INACTIVE"]
    if options.launch_type == "EXTERNAL":
        return any(map(is_external, instances))
    if not all(map(is_external, instances)):
        return True
    if context.settings.local_instance:
        context.store.instances.put(_local(context, cluster))
    return context.settings.local_instance


def _local(context: Context, cluster: ClusterRecord) -> InstanceRecord:
    settings = context.settings
    machine = Machine(cpu=settings.local_cpu, memory=settings.local_memory, architecture=settings.local_architecture)
    return new_instance(cluster, context.ids.hex32(), machine, context.now, local=True)
