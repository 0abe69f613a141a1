"""Tags of every kind of resource, over the three operations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace
from tests.services.cluster_calls import call, create, put_instance, put_service, put_task

from kecs.aws.errors import ModeledError
from kecs.aws.model import ecs as m
from kecs.core.records import TaskDefinitionRecord
from kecs.services.context import Context
from kecs.services.ecs import tags as api

Arns = dict[str, str]


@pytest.fixture
def arns(context: Context) -> Arns:
    """One resource of each kind, by the kind that its ARN names."""
    create(context)
    put_service(context, "api")
    put_task(context, 1)
    definition = context.scope.task_definition("app", 1)
    with context.store.transaction():
        context.store.task_definitions.put(TaskDefinitionRecord(arn=definition, definition=m.TaskDefinition()))
    return {
        "cluster": context.scope.cluster("web"),
        "service": context.scope.service("web", "api"),
        "task": context.scope.task("web", f"{1:032x}"),
        "task-definition": definition,
        "container-instance": put_instance(context, 1),
    }


KINDS = ["cluster", "service", "task", "task-definition", "container-instance"]
TABLES = {
    "cluster": "clusters",
    "service": "services",
    "task": "tasks",
    "task-definition": "task_definitions",
    "container-instance": "instances",
}


def tag(context: Context, arn: str, **values: str) -> None:
    tags = [m.Tag(key=key, value=value) for key, value in values.items()]
    call(api.tag_resource, context, m.TagResourceRequest(resource_arn=arn, tags=tags))


def tags_of(context: Context, arn: str) -> dict[str | None, str | None]:
    response = call(api.list_tags_for_resource, context, m.ListTagsForResourceRequest(resource_arn=arn))
    assert response.tags is not None
    return {tag.key: tag.value for tag in response.tags}


def refusals(context: Context, arn: str) -> set[tuple[str, str]]:
    """Code and text with which each of the operations refuses the ARN."""
    calls: list[tuple[Callable[[Context, Any], Any], Any]] = [
        (api.tag_resource, m.TagResourceRequest(resource_arn=arn, tags=[m.Tag(key="k", value="v")])),
        (api.untag_resource, m.UntagResourceRequest(resource_arn=arn, tag_keys=["k"])),
        (api.list_tags_for_resource, m.ListTagsForResourceRequest(resource_arn=arn)),
    ]
    answers = set()
    for handler, request in calls:
        with pytest.raises(ModeledError) as raised:
            call(handler, context, request)
        answers.add((raised.value.code, raised.value.message))
    return answers


@pytest.mark.parametrize("kind", KINDS)
def test_tags_are_added_replaced_and_removed(context: Context, arns: Arns, kind: str) -> None:
    arn = arns[kind]
    assert tags_of(context, arn) == {}
    tag(context, arn, team="a", stage="dev")
    tag(context, arn, stage="prod", Stage="other")
    assert tags_of(context, arn) == {"team": "a", "stage": "prod", "Stage": "other"}
    call(api.untag_resource, context, m.UntagResourceRequest(resource_arn=arn, tag_keys=["stage", "nothing"]))
    assert tags_of(context, arn) == {"team": "a", "Stage": "other"}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_but_the_tags_changes(context: Context, arns: Arns, kind: str) -> None:
    table: Any = getattr(context.store, TABLES[kind])
    before = table.get(arns[kind])
    tag(context, arns[kind], team="a")
    assert table.get(arns[kind]) == replace(before, tags=(m.Tag(key="team", value="a"),))


def test_a_bad_tag_changes_nothing(context: Context, arns: Arns) -> None:
    tag(context, arns["cluster"], team="a")
    with pytest.raises(m.InvalidParameterException, match=r"^Tag key must not start with aws:$"):
        tag(context, arns["cluster"], team="b", **{"aws:x": "1"})
    untag = m.UntagResourceRequest(resource_arn=arns["cluster"], tag_keys=["team", "aws:x"])
    with pytest.raises(m.InvalidParameterException, match=r"^Tag key must not start with aws:$"):
        call(api.untag_resource, context, untag)
    assert tags_of(context, arns["cluster"]) == {"team": "a"}


def test_a_resource_has_fifty_tags_at_most(context: Context, arns: Arns) -> None:
    tag(context, arns["task"], **{f"k{n}": "v" for n in range(50)})
    with pytest.raises(m.LimitExceededException):
        tag(context, arns["task"], k0="new", k50="v")
    assert tags_of(context, arns["task"])["k0"] == "v"


@pytest.mark.parametrize(
    "arn",
    [
        "web",
        "arn:aws:ecs:us-east-1:111111111111",
        "arn:aws:ecr:us-east-1:111111111111:cluster/web",
        "arn:aws:ecs:us-east-1:111:cluster/web",
        "arn:aws:ecs:us-east-1:111111111111:cluster/web/more",
        "arn:aws:ecs:us-east-1:111111111111:container/web/1/2",
        "arn:aws:ecs:us-east-1:111111111111:family/app",
    ],
)
def test_what_is_no_arn_of_a_taggable_resource_is_refused(context: Context, arns: Arns, arn: str) -> None:
    assert arn not in arns.values()
    assert refusals(context, arn) == {("InvalidParameterException", "The ARN provided is invalid.")}


@pytest.mark.parametrize("rest", ["service/api", f"task/{1:032x}", f"container-instance/{1:032x}"])
def test_short_arns_are_refused(context: Context, arns: Arns, rest: str) -> None:
    arn = context.scope.arn(rest)
    assert arn not in arns.values()
    assert refusals(context, arn) == {
        ("InvalidParameterException", "Long arn format must be used for tagging operations")
    }


@pytest.mark.parametrize(
    ("rest", "code", "text"),
    [
        ("cluster/nope", "ClusterNotFoundException", "Cluster not found."),
        ("task-definition/app:2", "ClientException", "Unable to describe task definition."),
        (
            "service/web/nope",
            "InvalidParameterException",
            "The specified service was not found. Specify a valid service and try again.",
        ),
        (
            "task/web/nope",
            "InvalidParameterException",
            "The specified task was not found. Specify a valid task and try again.",
        ),
        (
            "container-instance/web/nope",
            "InvalidParameterException",
            "The specified container instance was not found. Specify a valid container instance and try again.",
        ),
    ],
)
def test_unknown_resources_are_not_found(context: Context, arns: Arns, rest: str, code: str, text: str) -> None:
    assert context.scope.arn(rest) not in arns.values()
    assert refusals(context, context.scope.arn(rest)) == {(code, text)}


def test_resources_of_another_account_are_not_found(context: Context, arns: Arns) -> None:
    foreign = arns["cluster"].replace("111111111111", "222222222222")
    assert refusals(context, foreign) == {("ClusterNotFoundException", "Cluster not found.")}
    stranger = Context(**{**fields_of(context), "scope": context.scope._replace(region="eu-west-1")})
    assert refusals(stranger, arns["cluster"]) == {("ClusterNotFoundException", "Cluster not found.")}


def fields_of(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in Context.__slots__}


def test_what_has_ended_has_no_tags_any_more(context: Context, arns: Arns) -> None:
    store = context.store
    with store.transaction():
        for table, kind, ended in (
            (store.clusters, "cluster", {"cluster": m.Cluster(status="INACTIVE")}),
            (store.services, "service", {"status": "INACTIVE"}),
            (store.tasks, "task", {"last_status": "STOPPED"}),
            (store.instances, "container-instance", {"instance": m.ContainerInstance(status="INACTIVE")}),
        ):
            records: Any = table
            records.put(replace(records.get(arns[kind]), **ended))
    texts = {
        "cluster": "The specified cluster is inactive. Specify an active cluster and try again.",
        "service": "The specified service is inactive. Specify an active service and try again.",
        "task": "The specified task is stopped. Specify a running task and try again.",
        "container-instance": "The specified container instance is inactive. Specify an active one and try again.",
    }
    for kind, text in texts.items():
        assert refusals(context, arns[kind]) == {("InvalidParameterException", text)}


def test_a_draining_service_and_a_deregistered_definition_keep_theirs(context: Context, arns: Arns) -> None:
    store = context.store
    service, definition = store.services.get(arns["service"]), store.task_definitions.get(arns["task-definition"])
    assert service is not None
    assert definition is not None
    with store.transaction():
        store.services.put(replace(service, status="DRAINING"))
        store.task_definitions.put(replace(definition, definition=m.TaskDefinition(status="INACTIVE")))
    for arn in (arns["service"], arns["task-definition"]):
        tag(context, arn, team="a")
        assert tags_of(context, arn) == {"team": "a"}
