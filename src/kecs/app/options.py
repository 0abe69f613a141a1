"""What `kecs start` was told; `cli` fills it in, `server` and `runtimes` go by it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kecs.core.settings import Settings


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What `kecs start` was told."""

    host: str = "127.0.0.1"
    port: int = 5373  # 0: any free one
    runtime: str = "auto"
    test_mode: bool = False
    data_dir: Path | None = None  # None: nothing is kept, and stopping removes the containers
    account: str = "000000000000"
    region: str = "us-east-1"
    local_instance: bool = True
    node_patience: float = 60.0  # seconds a node of Kubernetes may be away before its tasks are replaced
    kubeconfig: Path | None = None  # None: that of KECS's own pod, else of $KUBECONFIG or ~/.kube/config
    context: str | None = None
    pods_reach: str | None = None  # the host by which pods see KECS; None: find out
    placement_patience: float = 300.0  # seconds that a task waits for a node that can take its pod
    storage_class: tuple[str, ...] = ()  # KIND=CLASS, of claims for volumes; see runtimes.kubernetes.settings
    shared_access: Literal["ReadWriteOnce", "ReadWriteMany"] = "ReadWriteMany"  # of claims that tasks share
    node_pool: tuple[str, ...] = ()  # PROVIDER=LABEL=VALUE: nodes for the tasks of a capacity provider
    pull: Literal["missing", "always", "never"] = "missing"
    log_level: str = "info"
    lambda_endpoint: str | None = None  # URL of what runs Lambda functions: the lifecycle hooks of deployments
    companion: tuple[str, ...] = ()  # who answers for the services around ECS: companions.choice
    ecr_registry: str | None = None  # HOST:PORT of a registry that stands in for Amazon ECR
    seed: Path | None = None  # a file to begin with: app.seeding
    instance: str = "default"

    def settings(self) -> Settings:
        return Settings(
            account=self.account,
            region=self.region,
            local_instance=self.local_instance,
            node_patience=self.node_patience,
            pull=self.pull,
        )
