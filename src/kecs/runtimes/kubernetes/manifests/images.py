"""Which image a container of a pod has: its own once it is its turn, until then one that starts nothing.

An image is what Kubernetes lets be changed of a container that is there, so it is by this that containers start and
stop. Called by `gate` for the changes, by `containers` for the pod as it is made.
"""

from __future__ import annotations

from kecs.core.tasks import ecr
from kecs.core.tasks.images import with_tag
from kecs.core.tasks.plan import TaskPlan
from kecs.runtimes.kubernetes.manifests.settings import PodSettings

HELD = "HELD:not-due-yet"
"""The image of a container whose turn has not come. Repositories have no capitals, so a kubelet finds it invalid: it
asks no registry, starts nothing and waits for another."""


def image_of(plan: TaskPlan, container: str, settings: PodSettings) -> str:
    """The image that starts the container. One of ECR's comes from what stands in for ECR, if there is anything."""
    image = plan.container(container).image or ""
    return with_tag(ecr.names(image, settings.ecr_registry)[-1] if settings.ecr_registry else image)
