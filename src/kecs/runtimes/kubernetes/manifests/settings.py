"""What whoever starts KECS says of the pods, claims and nodes of their cluster; `app` fills it in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from kecs.core.arns import Scope
from kecs.core.records import Record

PullPolicy = Literal["missing", "always", "never"]
AccessMode = Literal["ReadWriteOnce", "ReadWriteMany"]

HOME = Scope(account="000000000000", region="us-east-1")


class PodSettings(Record):
    """Everything that a manifest depends on beside the task. The defaults are those of KECS."""

    instance: str = "default"
    home: Scope = HOME  # the account and region whose namespaces have plain names
    pull: PullPolicy = "missing"
    ecr_registry: str | None = None  # HOST:PORT of what stands in for Amazon ECR
    storage_classes: Mapping[str, str] = {}
    """Of claims, by what they are for: ebs, efs, fsx, s3files, shared (Docker volumes of that scope), or the name of a
    Docker volume driver; what is not named has the cluster's default class."""
    shared_access: AccessMode = "ReadWriteMany"
    """Of claims that tasks share. ReadWriteOnce, which simple provisioners have, keeps those tasks on one node."""
    shared_size: str = "20Gi"  # of those claims
    pools: Mapping[str, Mapping[str, str]] = {}
    """Labels of the nodes that the tasks of a capacity provider have to be on, by its name."""


def storage_classes(given: Iterable[str]) -> dict[str, str]:
    """`efs=shared-files`, as users write them."""
    return dict(text.split("=", 1) for text in given)


def pools(given: Iterable[str]) -> dict[str, dict[str, str]]:
    """`FARGATE_SPOT=karpenter.sh/capacity-type=spot`, likewise; a provider's nodes have all of its labels."""
    found: dict[str, dict[str, str]] = {}
    for text in given:
        provider, label, value = text.split("=", 2)
        found.setdefault(provider, {})[label] = value
    return found
