"""The rights that KECS needs in a cluster, and what for.

The manifests under deploy/ grant them and nothing else (a test compares), and `kecs doctor` asks the cluster for each.
Whoever lets KECS call something new adds its right here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple


class Right(NamedTuple):
    """May do these things with a kind of resource; subresources are written `pods/log`."""

    resource: str
    verbs: tuple[str, ...]
    why: str
    group: str = ""
    without: str = ""  # what becomes of KECS that does not have it; empty: tasks fail

    @property
    def full_name(self) -> str:
        """With its group, as `pods.metrics.k8s.io`."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


class Question(NamedTuple):
    """One right as a cluster can be asked for it."""

    verb: str
    right: Right
    namespace: str | None  # None: in all of them

    @property
    def name(self) -> str:
        """Such as `create pods/exec`."""
        return f"{self.verb} {self.right.full_name}"

    def review(self) -> dict[str, Any]:
        """The `spec` of a SelfSubjectAccessReview."""
        resource, _, subresource = self.right.resource.partition("/")
        asked = {"verb": self.verb, "group": self.right.group, "resource": resource}
        if subresource:
            asked["subresource"] = subresource
        if self.namespace is not None:
            asked["namespace"] = self.namespace
        return {"resourceAttributes": asked}


EVERYWHERE = (
    Right("namespaces", ("list", "watch", "create", "delete"), "a namespace for each ECS cluster"),
    Right("pods", ("get", "list", "watch", "create", "patch", "delete", "deletecollection"), "a pod for each task"),
    Right("pods/log", ("get",), "output of containers"),
    Right("pods/exec", ("get", "create"), "sessions of ECS Exec"),  # since Kubernetes 1.35 `get` does not suffice
    Right("secrets", ("create", "patch", "delete", "deletecollection"), "values of secrets, logins of registries"),
    Right(
        "persistentvolumeclaims",
        ("get", "list", "create", "delete", "deletecollection"),
        "volumes of EBS, EFS and the like",
    ),
    Right("networkpolicies", ("create",), "tasks without a network", "networking.k8s.io"),
    Right(
        "nodes",
        ("get", "list", "watch", "patch"),
        "nodes as container instances, and their draining",
        without="one container instance stands for the whole cluster",
    ),
    Right("services", ("list",), "which ports of AWS's own address other KECS have"),
    Right(
        "pods",
        ("list",),
        "what tasks use, from a metrics server",
        "metrics.k8s.io",
        without="what tasks use is not known, unless nodes tell",
    ),
)
"""In every namespace: there will be one for each ECS cluster."""

AT_HOME = (
    Right("services", ("get", "create", "delete"), "the address under which pods reach KECS"),
    Right(
        "services/status",
        ("patch",),
        "AWS's own address 169.254.170.2 for it",
        without="tasks have their credentials in variables",
    ),
    Right("endpoints", ("create", "patch"), "the address under which pods reach KECS"),
)
"""In the namespace that KECS runs in."""

STATISTICS = (
    Right(
        "nodes/proxy",
        ("get",),
        "what tasks use, from their nodes",
        without="what tasks use is known from a metrics server only, and task statistics are incomplete",
    ),
)
"""Not granted unless it is asked for: who has it may do anything with any pod, through the node's own API."""


def rules(rights: Sequence[Right]) -> list[dict[str, Any]]:
    """The `rules` of the role that has these rights."""
    return [{"apiGroups": [right.group], "resources": [right.resource], "verbs": list(right.verbs)} for right in rights]


def questions(home: str) -> Iterator[Question]:
    """Everything to ask a cluster, where KECS runs in the namespace `home`."""
    for rights, namespace in ((EVERYWHERE, None), (AT_HOME, home), (STATISTICS, None)):
        for right in rights:
            for verb in right.verbs:
                yield Question(verb, right, namespace)
