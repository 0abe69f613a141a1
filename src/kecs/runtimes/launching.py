"""What runtimes have in common when they start a container."""

from __future__ import annotations

from kecs.aws.model import ecs as m


class LaunchError(Exception):
    """A step that could not be done; the text is the reason that ECS shows."""


def sends_to_cloudwatch(container: m.ContainerDefinition) -> bool:
    """Whether the container's output is to go to CloudWatch Logs."""
    return container.log_configuration is not None and container.log_configuration.log_driver == "awslogs"
