"""RunTask for whatever runs tasks in a caller's name: rules of EventBridge, schedules of EventBridge Scheduler."""

from __future__ import annotations

from typing import Protocol

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope


class RunTask(Protocol):
    """What `control.invoking.invocations` calls."""

    def __call__(self, scope: Scope, request: m.RunTaskRequest) -> m.RunTaskResponse:
        """As if a caller of this scope had sent the request. Only inside a transaction, which a modelled error that it
        raises has to undo."""
