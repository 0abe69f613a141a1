"""Which ECS clusters have a node among their container instances. docs/guides/container-instances.md tells users.

1. A node that is `reserved`, or not Linux, or in the pool of a Fargate capacity provider, is in none.
2. The label kecs.dev/cluster names the one cluster that may have it.
3. With the label kecs.dev/capacity-provider it is in the clusters that use the capacity provider of that name.
4. Any other that names its cluster is in it; one that names none is in all clusters that take such nodes: those in
   which the EC2 launch type was asked for while they had no container instance.
5. A cluster from which it was deregistered does not have it again.
"""

from __future__ import annotations

from kecs.core.capacity import FARGATE_PROVIDERS
from kecs.core.records import ClusterRecord, Node

CLUSTER = "kecs.dev/cluster"
PROVIDER = "kecs.dev/capacity-provider"


def belongs(node: Node, cluster: ClusterRecord) -> bool:
    """Whether the cluster has the node among its container instances."""
    if cluster.cluster.status != "ACTIVE" or node.uid in cluster.parted_with or not usable(node):
        return False
    owner, provider = node.labels.get(CLUSTER), node.labels.get(PROVIDER)
    if owner and owner != cluster.name:
        return False
    if provider:
        return provider in (cluster.cluster.capacity_providers or ())
    return bool(owner) or cluster.takes_nodes


def usable(node: Node) -> bool:
    """Whether it can be a container instance of anybody."""
    return node.os == "linux" and not node.reserved and node.labels.get(PROVIDER) not in FARGATE_PROVIDERS


def is_free(node: Node) -> bool:
    """Whether only clusters that take such nodes have it."""
    return not node.labels.get(CLUSTER) and not node.labels.get(PROVIDER)
