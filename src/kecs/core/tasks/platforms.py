"""Fargate platforms: which versions there are, what LATEST stands for, and how a platform is shown.

Called by whatever checks a launch or makes a task or deployment of it.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html
"""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.fargate import is_windows

LINUX_VERSIONS = ("1.0.0", "1.1.0", "1.2.0", "1.3.0", "1.4.0")
WINDOWS_VERSIONS = ("1.0.0",)
"""The last one is LATEST."""

UNKNOWN = "The specified platform version does not exist."
INCOMPATIBLE = "One or more of the requested capabilities are not supported."


def platform_version(definition: m.TaskDefinition, requested: str | None) -> str:
    """The version that tasks get."""
    return _versions(definition)[-1] if requested in (None, "LATEST") else requested


def platform_family(definition: m.TaskDefinition) -> str:
    """The operating system as tasks and services show it: Linux, Windows_Server_2022_Core …"""
    platform = definition.runtime_platform
    return str(platform.operating_system_family if platform and platform.operating_system_family else "LINUX").title()


def architecture(definition: m.TaskDefinition) -> str:
    """The value of the attribute ecs.cpu-architecture."""
    platform = definition.runtime_platform
    return "arm64" if platform and platform.cpu_architecture == "ARM64" else "x86_64"


def image_platform(definition: m.TaskDefinition) -> str | None:
    """The platform that images have to be made for, as registries name it: linux/arm64. None: the machine's own, since
    the definition does not say."""
    platform = definition.runtime_platform
    if platform is None or not (platform.cpu_architecture or platform.operating_system_family):
        return None
    system = "windows" if is_windows(platform) else "linux"
    return f"{system}/{'arm64' if platform.cpu_architecture == 'ARM64' else 'amd64'}"


def check_platform(definition: m.TaskDefinition, requested: str | None) -> None:
    """Raises PlatformUnknownException, and PlatformTaskDefinitionIncompatibilityException when the version is too old
    for what the definition uses."""
    version = platform_version(definition, requested)
    if version not in _versions(definition):
        raise m.PlatformUnknownException(UNKNOWN)
    if version != platform_version(definition, None) and _needs_latest(definition):
        raise m.PlatformTaskDefinitionIncompatibilityException(INCOMPATIBLE)


def _versions(definition: m.TaskDefinition) -> tuple[str, ...]:
    return WINDOWS_VERSIONS if is_windows(definition.runtime_platform) else LINUX_VERSIONS


def _needs_latest(definition: m.TaskDefinition) -> bool:
    """Whether the definition uses what Fargate has since 1.4.0 only."""
    volumes = definition.volumes or ()
    return (
        definition.ephemeral_storage is not None
        or any(volume.efs_volume_configuration for volume in volumes)
        or architecture(definition) == "arm64"
    )
