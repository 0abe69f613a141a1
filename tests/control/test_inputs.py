"""Commands of one task wait together for what it is given; nobody hears of it who no longer wants it."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace
from tests.core.inputs.plans import plan

from kecs.aws.model import ecs as m
from kecs.control.inputs import Inputs, NoLookups
from kecs.core.inputs.lookups import Answer, Lookup
from kecs.core.tasks.plan import AccessPoint, TaskPlan

SECRET = "arn:aws:secretsmanager:us-east-1:111111111111:secret:s-AbCdEf"
PLAN = plan(m.ContainerDefinition(name="app", secrets=[m.Secret(name="X", value_from=SECRET)]))


class Waiting:
    """See ports.lookups.Lookups: a test answers."""

    busy = False

    def __init__(self) -> None:
        self.file_systems = False
        self.asked: list[Callable[[Answer], None]] = []

    def look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:  # there is only one
        self.asked.append(then)

    async def rest(self) -> None:
        return

    def has(self, service: str) -> bool:
        return service == "elasticfilesystem" and self.file_systems


def never(reason: str) -> None:
    raise AssertionError(reason)


def test_all_commands_of_a_task_wait_for_one_search_and_later_ones_for_none() -> None:
    lookups, found = Waiting(), list[TaskPlan]()
    inputs = Inputs(lookups)
    inputs.equip(PLAN, found.append, never)
    inputs.equip(PLAN, found.append, never)
    assert found == []
    lookups.asked[0]({"SecretString": "v"})
    inputs.equip(PLAN, found.append, never)
    assert len(lookups.asked) == 1
    assert [each.containers[0].environment for each in found] == [[m.KeyValuePair(name="X", value="v")]] * 3


def test_access_points_are_asked_for_where_there_may_be_some() -> None:
    efs = m.EFSVolumeConfiguration(
        file_system_id="fs-1", authorization_config=m.EFSAuthorizationConfig(access_point_id="fsap-1")
    )
    volumes = [m.Volume(name="v", efs_volume_configuration=efs)]
    named = replace(plan(m.ContainerDefinition(name="app")), definition=m.TaskDefinition(family="f", volumes=volumes))
    lookups, found = Waiting(), list[TaskPlan]()
    Inputs(lookups).equip(named, found.append, never)
    assert (lookups.asked, len(found)) == ([], 1)
    lookups.file_systems = True
    Inputs(lookups).equip(named, found.append, never)
    lookups.asked[0]({"FileSystems": [{"FileSystemId": "fs-1"}]})
    lookups.asked[1]({"AccessPoints": [{"FileSystemId": "fs-1", "RootDirectory": {"Path": "/a"}}]})
    assert found[-1].access_points == {"fsap-1": AccessPoint("/a", None)}


def test_an_answer_for_a_task_that_is_gone_is_not_heard() -> None:
    lookups, found = Waiting(), list[TaskPlan]()
    inputs = Inputs(lookups)
    inputs.equip(PLAN, found.append, never)
    inputs.forget(PLAN.arn)
    inputs.equip(PLAN, found.append, never)
    before, after = lookups.asked
    before({"SecretString": "old"})
    assert found == []
    after({"SecretString": "new"})
    assert [each.containers[0].environment for each in found] == [[m.KeyValuePair(name="X", value="new")]]


def test_where_there_is_no_aws_the_reason_says_what_to_do() -> None:
    reasons = list[str]()
    Inputs(NoLookups()).equip(PLAN, lambda _: never("there is nothing"), reasons.append)
    assert "RequestError: send request failed" in reasons[0]
    assert "--companion" in reasons[0]
