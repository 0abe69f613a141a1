"""The Docker runtime: ECS tasks as containers of a Docker Engine. `app` imports it only when it is chosen."""

from __future__ import annotations

from kecs.runtimes.docker.runtime import DockerRuntime

__all__ = ["DockerRuntime"]
