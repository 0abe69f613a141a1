"""Who a container runs as, and what it may do: no more than its definition asks for.

A container that asks for nothing has Docker's usual capabilities and system calls, as on ECS; Kubernetes alone would
filter none of the latter. Called by `containers` and `pods`.
"""

from __future__ import annotations

from typing import Any

from kecs.aws.model import ecs as m
from kecs.core.taskdefs.fargate import is_windows
from kecs.core.tasks.plan import TaskPlan

APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
_PROFILES = {"docker-default": "runtime/default", "unconfined": "unconfined"}
_UNCONFINED = {"type": "Unconfined"}
_FILTERED = {"type": "RuntimeDefault"}
_ROOT = {"root": 0}


def security_of(plan: TaskPlan, container: m.ContainerDefinition) -> dict[str, Any] | None:
    """The container's `securityContext`. Windows knows users by their names, and nothing of the rest."""
    if is_windows(plan.definition.runtime_platform):
        return {"windowsOptions": {"runAsUserName": container.user}} if container.user else None
    user, _, group = (container.user or "").partition(":")
    found = {
        "runAsUser": _id(user),
        "runAsGroup": _id(group),
        "privileged": container.privileged,
        "seccompProfile": _UNCONFINED if container.privileged else None,  # as Docker has it
        "readOnlyRootFilesystem": container.readonly_root_filesystem,
        "allowPrivilegeEscalation": False if _options(container, "no-new-privileges") else None,
        "capabilities": _capabilities(container),
        "seLinuxOptions": _selinux(container),
    }
    return _given(found)


def pod_security_of(plan: TaskPlan) -> dict[str, Any] | None:
    """The pod's `securityContext`. Of a kernel parameter that several containers set the last one counts."""
    if is_windows(plan.definition.runtime_platform):
        return None
    controls = {
        control.namespace: control.value
        for container in plan.containers
        for control in container.system_controls or ()
        if control.namespace
    }
    sysctls = [{"name": name, "value": value or ""} for name, value in controls.items()]
    return {"seccompProfile": _FILTERED, **({"sysctls": sysctls} if sysctls else {})}


def annotations_of(container: m.ContainerDefinition, slots: list[str]) -> dict[str, str]:
    """AppArmor's profile of each of the container's slots: annotations until 1.30, and understood since."""
    profiles = _options(container, "apparmor:")
    return {f"{APPARMOR}{slot}": _PROFILES.get(p, f"localhost/{p}") for slot in slots for p in profiles[:1]}


def shares_processes(plan: TaskPlan) -> bool:
    """Whether the containers see each other's processes, and the pod's own first process collects what ends among
    them: that of one container which wants an init process can as well do so."""
    alone = plan.containers[0].linux_parameters if len(plan.containers) == 1 else None
    wants_init = alone is not None and bool(alone.init_process_enabled)
    return plan.definition.pid_mode == "task" or (wants_init and plan.definition.pid_mode is None)


def _id(text: str) -> int | None:
    return _ROOT.get(text, int(text) if text.isdigit() else None)


def _options(container: m.ContainerDefinition, prefix: str) -> list[str]:
    """What stands after the prefix, in the container's Docker security options that begin with it."""
    options = container.docker_security_options or ()
    return [option.removeprefix(prefix) for option in options if option.startswith(prefix)]


def _capabilities(container: m.ContainerDefinition) -> dict[str, Any] | None:
    asked = (container.linux_parameters and container.linux_parameters.capabilities) or m.KernelCapabilities()
    return _given({"add": asked.add or None, "drop": asked.drop or None})


def _selinux(container: m.ContainerDefinition) -> dict[str, Any] | None:
    """`label:user:x`, `label:role:x`, `label:type:x`, `label:level:x`; `label:disable` is a type that may do all."""
    given = dict(option.partition(":")[::2] for option in _options(container, "label:"))
    if "disable" in given:
        given = {"type": "spc_t"}
    return {part: given[part] for part in ("user", "role", "type", "level") if part in given} or None


def _given(values: dict[str, Any]) -> dict[str, Any] | None:
    return {name: value for name, value in values.items() if value is not None} or None
