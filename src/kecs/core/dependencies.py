"""One question about the containers of a task: may this one take its next step?

Conditions of dependsOn (model shape ContainerDependency): START is met once the other container has been started,
COMPLETE once it has exited, SUCCESS once it has exited with 0, HEALTHY once its health check passed. A refusal is
either temporary (wait) or terminal (it can never be met, with the reason). A container that is unhealthy may become
healthy until its start timeout. Stopping goes the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence

from kecs.aws.model import ecs as m
from kecs.core.logs.firelens import is_routed, router_of
from kecs.core.records import ContainerRecord, Record


class Verdict(Record):
    """Whether a container may start. `refusal` is set when it never can; `until` when waiting has an end."""

    may: bool
    refusal: str | None = None
    until: float | None = None


YES = Verdict(may=True)


def may_start(
    definition: m.ContainerDefinition,
    definitions: Sequence[m.ContainerDefinition],
    containers: Sequence[ContainerRecord],
    now: float,
    default_start_timeout: float,
) -> Verdict:
    """Whether all that the container depends on has come about, at `now`.

    The startTimeout of a dependency (seconds; the default for one that has none) counts from the time at which it
    started: when its condition is not met by then, the container that waits for it gives up.
    """
    verdict = YES
    known = {container.name: container for container in containers}
    timeouts = {other.name: other.start_timeout for other in definitions}
    for dependency in _dependencies(definition, definitions):
        other = known[dependency.container_name]
        if _is_met(dependency.condition, other):
            continue
        target = known[definition.name or ""]
        if other.phase == "STOPPED":
            return Verdict(may=False, refusal=_refusal(dependency.condition, other, target))
        until = verdict.until
        if other.started_at is not None:
            limit = other.started_at + (timeouts[other.name] or default_start_timeout)
            if now >= limit:
                return Verdict(may=False, refusal=f"{_ordering(other, target)} has timed out.")
            until = limit if until is None else min(until, limit)
        verdict = Verdict(may=False, until=until)
    return verdict


def may_stop(name: str, definitions: Sequence[m.ContainerDefinition], containers: Sequence[ContainerRecord]) -> bool:
    """Whether every container that depends on this one has stopped: they go first."""
    phases = {container.name: container.phase for container in containers}
    return all(
        phases[definition.name or ""] == "STOPPED"
        for definition in definitions
        if any(dependency.container_name == name for dependency in _dependencies(definition, definitions))
    )


def _dependencies(
    definition: m.ContainerDefinition, definitions: Sequence[m.ContainerDefinition]
) -> list[m.ContainerDependency]:
    """dependsOn, and what links, volumesFrom and a log router imply: the other container must have been started."""
    implied = [link.split(":", 1)[0] for link in definition.links or []]
    implied += [volume.source_container for volume in definition.volumes_from or [] if volume.source_container]
    if is_routed(definition) and (router := router_of(definitions)) is not None and router != definition:
        implied.append(router.name or "")
    return [
        *(definition.depends_on or []),
        *(m.ContainerDependency(container_name=name, condition="START") for name in implied),
    ]


def _is_met(condition: str, other: ContainerRecord) -> bool:
    match condition:
        case "START":
            return other.started_at is not None
        case "COMPLETE":
            return other.phase == "STOPPED" and other.started_at is not None
        case "SUCCESS":
            return other.phase == "STOPPED" and other.exit_code == 0
        case _:
            return other.phase == "RUNNING" and other.health == "HEALTHY"


def _refusal(condition: str, other: ContainerRecord, target: ContainerRecord) -> str:
    """Why a condition cannot be met any more: the other one has ended without meeting it."""
    if condition == "SUCCESS":
        why = " as dependency did not exit successfully."
    else:
        why = "" if other.started_at is not None else " because dependency will never start"
    return _ordering(other, target, "failed to resolve ") + why


def _ordering(other: ContainerRecord, target: ContainerRecord, failed: str = "") -> str:
    """As the ECS agent names the two, each with its known and its desired status."""
    return (
        f"CannotStartContainerError: dependency graph: {failed}container ordering dependency [{_seen(other)}]"
        f" for target [{_seen(target)}]"
    )


def _seen(container: ContainerRecord) -> str:
    ended = "" if container.exit_code is None else f" - Exit: {container.exit_code}"
    return f"{container.name}({container.image}) ({container.phase}->RUNNING){ended}"
