"""ECS's operations for whatever deploys services in a caller's name: CodeDeploy."""

from __future__ import annotations

from typing import Protocol

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope

TaskSetRequest = (
    m.CreateTaskSetRequest | m.UpdateTaskSetRequest | m.DeleteTaskSetRequest | m.UpdateServicePrimaryTaskSetRequest
)


class CallEcs(Protocol):
    """What `control.codedeploy` calls."""

    def __call__(self, scope: Scope, request: TaskSetRequest) -> m.TaskSet:
        """As if a caller of this scope had sent the request; gives the task set of the answer. Only inside a
        transaction, which a modelled error that it raises has to undo."""
