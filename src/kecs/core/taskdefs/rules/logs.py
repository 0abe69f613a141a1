"""Rules about where a container's output goes."""

from __future__ import annotations

from collections.abc import Iterator

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.rules.common import Rule, containers, per_container

REQUIRED_OPTIONS = {"awslogs": ("awslogs-region", "awslogs-group"), "splunk": ("splunk-token", "splunk-url")}
_OTHER_AWSLOGS_OPTIONS = {"mode", "max-buffer-size", "tag"}
_FORBIDDEN_AWSLOGS_OPTIONS = {"awslogs-endpoint"}


def _options(container: m.ContainerDefinition) -> Iterator[str]:
    log = container.log_configuration
    if log is None:
        return
    given = {*(log.options or ()), *(secret.name for secret in log.secret_options or ())}
    if missing := [name for name in REQUIRED_OPTIONS.get(log.log_driver, ()) if name not in given]:
        yield f"Log driver {log.log_driver} requires options: {', '.join(missing)}"
    if log.log_driver == "awslogs":
        unknown = sorted(name for name in given if not _awslogs_option(name))
        if unknown:
            yield f"Log driver awslogs disallows options: {', '.join(unknown)}"


def _awslogs_option(name: str) -> bool:
    if name in _FORBIDDEN_AWSLOGS_OPTIONS:
        return False
    return name.startswith("awslogs-") or name in _OTHER_AWSLOGS_OPTIONS


def _firelens(definition: m.TaskDefinition) -> Iterator[str]:
    routers = [c for c in containers(definition) if c.firelens_configuration]
    users = [
        c for c in containers(definition) if c.log_configuration and c.log_configuration.log_driver == "awsfirelens"
    ]
    if users and not routers:
        yield (
            "When awsfirelens log driver is specified in log configuration,"
            " a firelens configuration object must be configured in one of the containers."
        )
    if routers and not users:
        yield (
            "When a firelensConfiguration object is specified,"
            " at least one container has to be configured with the awsfirelens log driver."
        )
    if len(routers) > 1:
        yield "A firelens configuration object can only be configured in one of the containers."


RULES: tuple[Rule, ...] = (per_container(_options), _firelens)
