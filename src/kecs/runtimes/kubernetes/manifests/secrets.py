"""What a task is given that nobody else may read, as one Secret of its own: made before its pod, deleted with it.

Values of a container's secrets stand in it by container and variable, logins of registries as a kubelet reads them, and
the configuration of the task's log router, which may have secrets in it. Called by `gate` with an equipped plan, and by
`containers` for where each value is. Kubernetes API, Secret v1 core.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.logs import firelens
from kecs.core.tasks.images import full_reference
from kecs.core.tasks.plan import RegistryLogin, TaskPlan
from kecs.runtimes.kubernetes import names
from kecs.runtimes.kubernetes.manifests.images import image_of
from kecs.runtimes.kubernetes.manifests.settings import PodSettings
from kecs.runtimes.kubernetes.manifests.volumes import ROUTER

LOGINS = ".dockerconfigjson"


def secret_of(plan: TaskPlan, settings: PodSettings) -> dict[str, Any] | None:
    """The manifest of the task's Secret; None when it needs none."""
    values = {key: _encoded(value) for key, value in _values(plan)}
    if (router := firelens.router_of(plan.containers)) is not None:
        values[ROUTER] = _encoded(firelens.configuration(plan, router))
    if plan.logins:
        values[LOGINS] = _encoded(json.dumps({"auths": dict(_logins(plan, settings))}))
    if not values:
        return None
    metadata = {
        "name": names.secret_name(plan),
        "namespace": names.namespace_of(settings.instance, settings.home, plan),
        "labels": names.of_task(settings.instance, plan.id),
    }
    kind = "kubernetes.io/dockerconfigjson" if plan.logins else "Opaque"
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": kind, "data": values}


def may_have_secret(plan: TaskPlan) -> bool:
    """Whether there can be a Secret of the task's, also by a plan from which everything secret is gone."""
    router = firelens.router_of(plan.containers)
    return bool(plan.logins or router or any(c.secrets or c.repository_credentials for c in plan.containers))


def key_of(container: str, variable: str) -> str:
    """Where the Secret has the value of a container's variable. No name of a variable is too long or odd for it."""
    key = f"{names.slot_name(container)}.{variable}"
    return key if len(key) <= 253 else f"{names.slot_name(container)}.{names.digest(variable)}"


def secret_names(container: m.ContainerDefinition) -> set[str]:
    """The variables of the container that are secrets."""
    return {secret.name for secret in container.secrets or ()}


def _values(plan: TaskPlan) -> Iterator[tuple[str, str]]:
    for container in plan.containers:
        secret = secret_names(container)
        for pair in container.environment or ():
            if pair.name in secret:
                yield key_of(container.name or "", pair.name or ""), pair.value or ""


def _logins(plan: TaskPlan, settings: PodSettings) -> Iterator[tuple[str, dict[str, str]]]:
    """By repository, so that two images of one registry can have a login each."""
    for container, login in plan.logins.items():
        yield _repository(image_of(plan, container, settings)), _login(login)


def _repository(image: str) -> str:
    """`registry.example.com/team/app`, without tag and digest."""
    host, _, rest = full_reference(image).partition("@")[0].partition("/")
    return f"{host}/{rest.partition(':')[0]}"


def _login(login: RegistryLogin) -> dict[str, str]:
    user, password = login
    return {"username": user, "password": password, "auth": _encoded(f"{user}:{password}")}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
