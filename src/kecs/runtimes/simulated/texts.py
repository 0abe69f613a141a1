"""Texts of the simulated runtime: digests of images, pages, reasons of failures, the machine. `runtime` calls it."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache

from kecs.core.tasks.plan import TaskPlan

SECRETS = "ResourceInitializationError: unable to pull secrets or registry auth"


@lru_cache(maxsize=1024)
def digest(image: str) -> str:
    """The same for the same image, as a registry's would be."""
    return f"sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def page_of(plan: TaskPlan, container: str, image: str | None) -> str:
    """What the container's ports answer."""
    revision = f"{plan.definition.family}:{plan.definition.revision}"
    return f"{image} container={container} task={plan.id} definition={revision}\n"


def named(reason: str, error: str) -> str:
    """The reason with the name of an error before it."""
    return reason if reason.split(":")[0].endswith("Error") else f"{error}: {reason}"


def architecture() -> str:
    """Of the machine, as ECS calls it."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
