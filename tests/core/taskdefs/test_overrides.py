"""What a run changes in a definition."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.taskdefs.definitions import FARGATE, ROLE, container, defined

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import TaskRecord
from kecs.core.taskdefs.overrides import apply_overrides, effective_definition, task_plan, validate_overrides

SCOPE = Scope("111111111111", "us-east-1")
SHARED_NAME = (
    "The secret name must be unique and not shared with any new or existing environment variables"
    " set on the container, such as 'TOKEN'."
)


def overrides(*containers: dict[str, Any], **members: Any) -> m.TaskOverride:
    return msgspec.convert({"containerOverrides": list(containers), **members}, m.TaskOverride)


def pairs(environment: list[m.KeyValuePair] | None) -> dict[str | None, str | None]:
    return {pair.name: pair.value for pair in environment or ()}


def test_nothing_changes_without_overrides() -> None:
    definition = defined(container("a"), container("b"))
    for nothing in (None, m.TaskOverride(), overrides(), overrides({}), overrides({"name": "b"})):
        assert list(apply_overrides(definition, nothing)) == definition.container_definitions
        assert effective_definition(definition, nothing) == definition
        validate_overrides(definition, nothing, launch_type="EC2")


def test_what_replaces_and_what_merges() -> None:
    definition = defined(
        container("a"),
        container(
            "b",
            command=["serve"],
            cpu=10,
            environment=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            resourceRequirements=[{"type": "GPU", "value": "1"}],
        ),
    )
    files = [{"value": "arn:aws:s3:::bucket/x.env", "type": "s3"}]
    change = overrides(
        {
            "name": "b",
            "command": [],
            "cpu": 20,
            "memory": 256,
            "memoryReservation": 64,
            "environment": [{"name": "B", "value": "3"}, {"name": "C", "value": ""}],
            "environmentFiles": files,
            "resourceRequirements": [{"type": "GPU", "value": "2"}],
        }
    )
    first, second = apply_overrides(definition, change)
    assert first == (definition.container_definitions or [])[0]
    assert (second.command, second.cpu, second.memory, second.memory_reservation) == ([], 20, 256, 64)
    assert list(pairs(second.environment).items()) == [("A", "1"), ("B", "3"), ("C", "")]
    assert [r.value for r in second.resource_requirements or ()] == ["2"]
    assert [f.value for f in second.environment_files or ()] == ["arn:aws:s3:::bucket/x.env"]


@pytest.mark.parametrize(("name", "shown"), [("db", "db"), (None, "null")])
def test_a_container_that_is_not_there(name: str | None, shown: str) -> None:
    with pytest.raises(m.InvalidParameterException) as refusal:
        apply_overrides(defined(), overrides({"name": name, "command": ["x"]}))
    assert refusal.value.message == f"Override for container named {shown} is not a container in the TaskDefinition."


def test_the_task_as_a_whole() -> None:
    definition = defined(**FARGATE)
    change = overrides(
        cpu="1 vCPU",
        memory="2 GB",
        taskRoleArn="task",
        executionRoleArn="execution",
        ephemeralStorage={"sizeInGiB": 50},
    )
    changed = effective_definition(definition, change)
    assert (changed.cpu, changed.memory) == ("1024", "2048")
    assert (changed.task_role_arn, changed.execution_role_arn) == ("task", "execution")
    assert changed.ephemeral_storage == m.EphemeralStorage(size_in_gi_b=50)
    assert changed.container_definitions == definition.container_definitions


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        (
            overrides({"name": "app", "command": ["x" * 8192]}),
            m.InvalidParameterException,
            "Container Overrides length must be at most 8192",
        ),
        (overrides(cpu="many"), m.ClientException, "Invalid 'cpu' setting for task."),
        (overrides(memory="4096"), m.ClientException, "No Fargate configuration exists for given values."),
        (
            overrides({"name": "app", "memory": 64, "memoryReservation": 128}),
            m.InvalidParameterException,
            "Invalid setting for container 'app'. 'memory' must be greater than or equal to 'memoryReservation'.",
        ),
        (
            overrides({"name": "app", "memory": 1024}),
            m.InvalidParameterException,
            "The 'memory' setting for container 'app' is greater than for the task.",
        ),
        (
            overrides({"name": "app", "cpu": 512}),
            m.InvalidParameterException,
            "The sum of all container 'cpu' values cannot be greater than the value of the task 'cpu'.",
        ),
        (
            overrides(ephemeralStorage={"sizeInGiB": 10}),
            m.InvalidParameterException,
            "EphemeralStorage size should be at least 21",
        ),
        (overrides(taskRoleArn="not a role"), m.InvalidParameterException, "Role is not valid"),
        (
            overrides(inferenceAcceleratorOverrides=[{"deviceName": "d"}]),
            m.InvalidParameterException,
            "Override for device named d is not a device in the TaskDefinition.",
        ),
        (
            overrides({"name": "app", "environment": [{"name": "TOKEN", "value": "x"}]}),
            m.InvalidParameterException,
            SHARED_NAME,
        ),
        (
            overrides({"name": "app", "environment": [{"value": "x"}]}),
            m.InvalidParameterException,
            "Environment variable name cannot be null or blank.",
        ),
    ],
)
def test_what_is_refused_before_a_task_exists(
    change: m.TaskOverride, error: type[m.ClientException], text: str
) -> None:
    definition = defined(
        container(secrets=[{"name": "TOKEN", "valueFrom": "parameter"}]), **FARGATE, executionRoleArn=ROLE
    )
    with pytest.raises(error) as refusal:
        validate_overrides(definition, change, launch_type="FARGATE")
    assert refusal.value.message == text


def test_a_task_on_an_instance_may_have_any_size() -> None:
    validate_overrides(defined(), overrides(cpu="300", memory="700"), launch_type="EC2")


def test_the_storage_of_an_instance_is_as_it_is() -> None:
    with pytest.raises(m.InvalidParameterException, match="EC2 launch type do not support EphemeralStorage"):
        validate_overrides(defined(), overrides(ephemeralStorage={"sizeInGiB": 30}), launch_type="EC2")


def test_the_plan_of_a_task() -> None:
    definition = defined(container(), networkMode=None, taskRoleArn="from-definition")
    task = TaskRecord(
        arn=SCOPE.task("main", "0123"),
        cluster_arn=SCOPE.cluster("main"),
        definition_arn=SCOPE.task_definition("web", 1),
        group="service:web",
        launch_type="EC2",
        created_at=0.0,
        containers=(),
        memory="700",
        overrides=overrides({"name": "app", "command": ["x"]}, cpu="1 vCPU", taskRoleArn="from-run"),
    )
    plan = task_plan(task, definition, "web")
    assert (plan.arn, plan.id, plan.cluster) == (task.arn, "0123", "main")
    assert (plan.account, plan.region) == ("111111111111", "us-east-1")
    assert plan.container("app").command == ["x"]
    assert plan.definition.task_role_arn == "from-run"
    assert (plan.network_mode, plan.launch_type, plan.service, plan.group) == ("bridge", "EC2", "web", "service:web")
    assert (plan.cpu, plan.memory) == ("1024", "700")


environments = st.lists(st.builds(m.KeyValuePair, name=st.sampled_from("ABCD"), value=st.text(max_size=3)), max_size=6)


@given(environments, environments)
def test_environment_merges_as_a_dictionary_does(base: list[m.KeyValuePair], over: list[m.KeyValuePair]) -> None:
    definition = m.TaskDefinition(container_definitions=[m.ContainerDefinition(name="app", environment=base)])
    change = m.TaskOverride(container_overrides=[m.ContainerOverride(name="app", environment=over)])
    (merged,) = apply_overrides(definition, change)
    assert list(pairs(merged.environment).items()) == list((pairs(base) | pairs(over)).items())
    assert len(merged.environment or ()) == len(pairs(merged.environment))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=5))
def test_order_and_number_of_containers_never_change(changes: list[tuple[str, int]]) -> None:
    definition = defined(*(container(name) for name in "abc"))
    change = m.TaskOverride(container_overrides=[m.ContainerOverride(name=n, cpu=cpu) for n, cpu in changes])
    result = apply_overrides(definition, change)
    assert [c.name for c in result] == ["a", "b", "c"]
    last = dict(changes)
    assert [c.cpu for c in result] == [last.get(name, 0) for name in "abc"]
