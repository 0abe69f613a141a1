"""FireLens: the container of a task that routes the others' output, and the configuration that ECS writes for it.

Called by `core.dependencies`, since the router starts first and stops last, and by runtimes that run one.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kecs.aws.model import ecs as m
from kecs.core.tasks.plan import TaskPlan

DRIVER = "awsfirelens"
FOLDER = "/var/run"  # in the router
SOCKET = "fluent.sock"  # there; the output of the others comes in by it
PORT = 24224  # what the others send by themselves
CHECK_PORT = 8877  # where a health check of the router's may knock
FILES = {"fluentbit": "fluent-bit/etc/fluent-bit.conf", "fluentd": "fluentd/etc/fluent.conf"}
"""Where the router looks for its configuration, by its type."""

FROM_S3 = "FireLens configurations from S3 are not supported; put the file into the router's image"
_LISTENS = {"awsvpc": "127.0.0.1", "bridge": "0.0.0.0"}  # by network mode; others have no port for it
_PATTERNS = {"include-pattern": "Regex", "exclude-pattern": "Exclude"}  # options that are filters
_OURS = ("log-driver-buffer-limit", *_PATTERNS)  # options that are not the output's

Pairs = Mapping[str, str] | Sequence[tuple[str, str]]


def router_of(containers: Iterable[m.ContainerDefinition]) -> m.ContainerDefinition | None:
    """The container that routes; rules see to it that there is one at most."""
    return next((container for container in containers if container.firelens_configuration), None)


def is_routed(container: m.ContainerDefinition) -> bool:
    return container.log_configuration is not None and container.log_configuration.log_driver == DRIVER


def tag(plan: TaskPlan, container: m.ContainerDefinition) -> str:
    """The tag of the container's output."""
    return f"{container.name}-firelens-{plan.id}"


def configuration(plan: TaskPlan, router: m.ContainerDefinition) -> str:
    """The configuration file of the task's router."""
    firelens = router.firelens_configuration or m.FirelensConfiguration(type="fluentbit")
    written = _fluentd if firelens.type == "fluentd" else _fluent_bit
    return "\n".join(written(plan, firelens.options or {})) + "\n"


def _routed(plan: TaskPlan) -> Iterator[tuple[str, dict[str, str]]]:
    """What outputs match, and the options of each."""
    for container in plan.containers:
        if is_routed(container) and container.log_configuration is not None:
            yield f"{container.name}-firelens*", container.log_configuration.options or {}


def _metadata(plan: TaskPlan, options: Mapping[str, str]) -> dict[str, str]:
    """What each record says of its task."""
    if options.get("enable-ecs-log-metadata", "true").lower() == "false":
        return {}
    return {
        "ecs_cluster": plan.cluster,
        "ecs_task_arn": plan.arn,
        "ecs_task_definition": f"{plan.definition.family}:{plan.definition.revision}",
    }


def _fluent_bit(plan: TaskPlan, options: Mapping[str, str]) -> Iterator[str]:
    check = {"Listen": "127.0.0.1", "Port": str(CHECK_PORT), "Tag": "firelens-healthcheck"}
    yield from _section("INPUT", {"Name": "tcp", **check})
    yield from _section("INPUT", {"Name": "forward", "unix_path": f"{FOLDER}/{SOCKET}"})
    if address := _LISTENS.get(plan.network_mode):
        yield from _section("INPUT", {"Name": "forward", "Listen": address, "Port": str(PORT)})
    for match, given in _routed(plan):
        for option, action in _PATTERNS.items():
            if pattern := given.get(option):
                yield from _section("FILTER", {"Name": "grep", "Match": match, action: f"log {pattern}"})
    if metadata := _metadata(plan, options):
        records = [("Record", f"{name} {value}") for name, value in metadata.items()]
        yield from _section("FILTER", [("Name", "record_modifier"), ("Match", "*"), *records])
    if included := options.get("config-file-value"):
        yield f"@INCLUDE {included}\n"
    yield from _section("OUTPUT", {"Name": "null", "Match": "firelens-healthcheck"})
    for match, given in _routed(plan):
        if rest := {name: value for name, value in given.items() if name not in _OURS}:
            named = {"Name": rest.pop("Name", "")} if "Name" in rest else {}
            yield from _section("OUTPUT", {**named, "Match": match, **rest})


def _section(kind: str, pairs: Pairs) -> Iterator[str]:
    yield f"[{kind}]"
    for name, value in pairs.items() if isinstance(pairs, Mapping) else pairs:
        yield f"    {name} {value}"
    yield ""


def _fluentd(plan: TaskPlan, options: Mapping[str, str]) -> Iterator[str]:
    yield from _block("source", "", {"@type": "unix", "path": f"{FOLDER}/{SOCKET}"})
    if address := _LISTENS.get(plan.network_mode):
        yield from _block("source", "", {"@type": "forward", "bind": address, "port": str(PORT)})
    for match, given in _routed(plan):
        for option, kind in (("include-pattern", "regexp"), ("exclude-pattern", "exclude")):
            if pattern := given.get(option):
                inner = _block(kind, "", {"key": "log", "pattern": pattern})
                yield from _block("filter", f"{match}*", {"@type": "grep"}, inner)
    if metadata := _metadata(plan, options):
        yield from _block("filter", "**", {"@type": "record_transformer"}, _block("record", "", metadata))
    if included := options.get("config-file-value"):
        yield f"@include {included}\n"
    for match, given in _routed(plan):
        if rest := {name: value for name, value in given.items() if name not in _OURS}:
            yield from _block("match", f"{match}*", rest)


def _block(kind: str, match: str, pairs: Mapping[str, str], inner: Iterable[str] = ()) -> Iterator[str]:
    yield f"<{kind} {match}>" if match else f"<{kind}>"
    for name, value in pairs.items():
        yield f"  {name} {value}"
    for line in inner:
        if line:
            yield f"  {line}"
    yield f"</{kind}>"
    yield ""
