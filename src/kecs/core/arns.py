"""Amazon resource names of ECS: built from a scope, and taken apart again.

ARN formats: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_service-with-iam.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Scope(NamedTuple):
    """The account and region that a request speaks for; nothing is shared between two scopes."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:{resource}"

    def cluster(self, name: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:cluster/{name}"

    def service(self, cluster: str, name: str) -> str:
        return f"arn:aws:ecs:{self.region}:{self.account}:service/{cluster}/{name}"

    def service_deployment(self, cluster: str, service: str, deployment_id: str) -> str:
        return self.arn(f"service-deployment/{cluster}/{service}/{deployment_id}")

    def service_revision(self, cluster: str, service: str, revision_id: str) -> str:
        return self.arn(f"service-revision/{cluster}/{service}/{revision_id}")

    def task_set(self, cluster: str, service: str, task_set_id: str) -> str:
        """`task_set_id` begins with ecs-svc/, like that of a deployment."""
        return self.arn(f"task-set/{cluster}/{service}/{task_set_id}")

    def gateway(self, name: str) -> str:
        return self.arn(f"gateway/{name}")

    def capacity_provider(self, name: str) -> str:
        return self.arn(f"capacity-provider/{name}")

    def task(self, cluster: str, task_id: str) -> str:
        return self.arn(f"task/{cluster}/{task_id}")

    def container(self, cluster: str, task_id: str, container_id: str) -> str:
        return self.arn(f"container/{cluster}/{task_id}/{container_id}")

    def container_instance(self, cluster: str, instance_id: str) -> str:
        return self.arn(f"container-instance/{cluster}/{instance_id}")

    def daemon(self, cluster: str, name: str) -> str:
        return self.arn(f"daemon/{cluster}/{name}")

    def daemon_revision(self, cluster: str, daemon: str, revision_id: str) -> str:
        return self.arn(f"daemon-revision/{cluster}/{daemon}/{revision_id}")

    def daemon_deployment(self, cluster: str, daemon: str, deployment_id: str) -> str:
        return self.arn(f"daemon-deployment/{cluster}/{daemon}/{deployment_id}")

    def daemon_task_definition(self, family: str, revision: int) -> str:
        return self.arn(f"daemon-task-definition/{family}:{revision}")

    def daemon_family(self, family: str) -> str:
        """No ARN of AWS's: the key under which KECS counts the revisions of a daemon task definition family."""
        return self.arn(f"daemon-family/{family}")

    def family(self, family: str) -> str:
        """No ARN of AWS's: the key under which KECS keeps what belongs to a task definition family."""
        return self.arn(f"family/{family}")

    def task_definition(self, family: str, revision: int) -> str:
        return self.arn(f"task-definition/{family}:{revision}")


def group_key(cluster: str, provider: str) -> str:
    """The key of what a capacity provider, by name, has in a cluster, by ARN."""
    return f"{cluster}|{provider}"


def scope_key(scope: Scope) -> str:
    """The value of the store's `scope` indexes."""
    return f"{scope.account}/{scope.region}"


@lru_cache(maxsize=8192)
def scope_of(arn: str) -> Scope:
    """The scope that a well-formed ECS ARN belongs to."""
    parts = arn.split(":", 5)
    return Scope(account=parts[4], region=parts[3])


def last_part(arn: str) -> str:
    """What stands after the last slash: a cluster's or service's name, a task's id, `family:revision`."""
    return arn.rsplit("/", 1)[-1]
