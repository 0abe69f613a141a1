"""The six operations on task definitions, called as the dispatcher calls them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec
import pytest

from kecs.aws.model import ecs as m
from kecs.core.arns import Scope
from kecs.core.records import TaskRecord
from kecs.services.context import Context
from kecs.services.ecs import task_definitions as api

Request = TypeVar("Request")
Response = TypeVar("Response")

CONTAINERS = [{"name": "app", "image": "nginx", "memory": 128}]
PREFIX = "arn:aws:ecs:us-east-1:111111111111:task-definition/"
UNKNOWN = "Unable to describe task definition."


def call(handler: Callable[[Context, Request], Response], context: Context, request: Request) -> Response:
    with context.store.transaction():
        return handler(context, request)


def register(context: Context, family: str = "web", times: int = 1, **members: Any) -> m.TaskDefinition:
    body = {"family": family, "containerDefinitions": CONTAINERS, **members}
    request = msgspec.convert(body, m.RegisterTaskDefinitionRequest)
    for _ in range(times):
        definition = call(api.register_task_definition, context, request).task_definition
    assert definition is not None
    return definition


def deregister(context: Context, ref: str) -> m.TaskDefinition:
    response = call(api.deregister_task_definition, context, m.DeregisterTaskDefinitionRequest(task_definition=ref))
    assert response.task_definition is not None
    return response.task_definition


def describe(context: Context, ref: str) -> m.TaskDefinition:
    response = call(api.describe_task_definition, context, m.DescribeTaskDefinitionRequest(task_definition=ref))
    assert response.task_definition is not None
    return response.task_definition


def delete(context: Context, *refs: str) -> m.DeleteTaskDefinitionsResponse:
    return call(api.delete_task_definitions, context, m.DeleteTaskDefinitionsRequest(task_definitions=list(refs)))


def names(context: Context, **members: Any) -> list[str]:
    response = call(api.list_task_definitions, context, m.ListTaskDefinitionsRequest(**members))
    return [arn.removeprefix(PREFIX) for arn in response.task_definition_arns or ()]


def families(context: Context, **members: Any) -> list[str]:
    request = m.ListTaskDefinitionFamiliesRequest(**members)
    return call(api.list_task_definition_families, context, request).families or []


def run_task(context: Context, ref: str, status: str = "RUNNING") -> TaskRecord:
    task = TaskRecord(
        arn=context.scope.task("main", "1"),
        cluster_arn=context.scope.cluster("main"),
        definition_arn=f"{PREFIX}{ref}",
        group="family:web",
        launch_type="EC2",
        created_at=context.now,
        containers=(),
        last_status=status,  # type: ignore[arg-type]
    )
    with context.store.transaction():
        context.store.tasks.put(task)
    return task


class TestRegister:
    def test_revisions_count_up_per_family(self, context: Context) -> None:
        first, second, other = register(context), register(context), register(context, "worker")
        assert [d.task_definition_arn for d in (first, second, other)] == [
            f"{PREFIX}web:1",
            f"{PREFIX}web:2",
            f"{PREFIX}worker:1",
        ]
        assert (second.revision, second.status) == (2, "ACTIVE")
        assert (second.registered_by, second.registered_at) == (context.principal, context.now)

    def test_a_revision_is_never_given_twice(self, context: Context) -> None:
        register(context, times=2)
        deregister(context, "web:2")
        delete(context, "web:2")
        assert register(context).revision == 3

    def test_tags_stand_beside_the_definition(self, context: Context) -> None:
        tags = [{"key": "team", "value": "web"}]
        body = {"family": "web", "containerDefinitions": CONTAINERS, "tags": tags}
        request = msgspec.convert(body, m.RegisterTaskDefinitionRequest)
        assert call(api.register_task_definition, context, request).tags == [m.Tag(key="team", value="web")]
        untagged = msgspec.structs.replace(request, tags=None)
        assert call(api.register_task_definition, context, untagged).tags is None

    def test_an_empty_list_of_tags_is_refused(self, context: Context) -> None:
        with pytest.raises(m.ClientException, match=r"^Tags can not be empty\.$"):
            register(context, tags=[])

    def test_what_is_refused_uses_up_no_revision(self, context: Context) -> None:
        with pytest.raises(m.ClientException, match="Family contains invalid characters"):
            register(context, "no good")
        with pytest.raises(m.ClientException):
            register(context, networkMode="none", requiresCompatibilities=["FARGATE"])
        assert register(context).revision == 1


class TestDescribe:
    def test_every_way_to_name_it(self, context: Context) -> None:
        register(context, times=3)
        deregister(context, "web:3")
        for ref, revision in (
            ("web", 2),
            (f"{PREFIX}web", 2),
            ("web:1", 1),
            (f"{PREFIX}web:1", 1),
            ("web:3", 3),
        ):
            assert describe(context, ref).revision == revision
        assert describe(context, "web:3").status == "INACTIVE"

    def test_the_latest_revision_is_the_highest_number(self, context: Context) -> None:
        register(context, times=11)
        assert describe(context, "web").revision == 11

    @pytest.mark.parametrize("ref", ["api", "web:9", "", "a b", f"{PREFIX}api:1", "arn:aws:ecs:eu-west-1:1:x"])
    def test_what_is_not_there(self, context: Context, ref: str) -> None:
        register(context)
        with pytest.raises(m.ClientException) as refusal:
            describe(context, ref)
        assert refusal.value.message == UNKNOWN

    def test_a_family_without_an_active_revision(self, context: Context) -> None:
        register(context)
        deregister(context, "web:1")
        with pytest.raises(m.ClientException, match=UNKNOWN):
            describe(context, "web")

    def test_tags_on_request(self, context: Context) -> None:
        register(context, tags=[{"key": "team"}])
        plain = m.DescribeTaskDefinitionRequest(task_definition="web")
        assert call(api.describe_task_definition, context, plain).tags == []
        asked = m.DescribeTaskDefinitionRequest(task_definition="web", include=["TAGS"])
        assert call(api.describe_task_definition, context, asked).tags == [m.Tag(key="team", value="")]

    @pytest.mark.parametrize("scope", [Scope("111111111111", "eu-west-1"), Scope("222222222222", "us-east-1")])
    def test_other_regions_and_accounts_see_nothing(self, context: Context, scope: Scope) -> None:
        register(context)
        elsewhere = replace(context, scope=scope)
        for ref in ("web", "web:1", f"{PREFIX}web:1"):
            with pytest.raises(m.ClientException, match=UNKNOWN):
                describe(elsewhere, ref)
        assert (names(elsewhere), families(elsewhere)) == ([], [])
        assert register(elsewhere).revision == 1


class TestFinding:
    def test_only_active_ones_can_be_run(self, context: Context) -> None:
        register(context)
        assert api.runnable_task_definition(context.store, context.scope, "web").revision == 1
        deregister(context, "web:1")
        with pytest.raises(m.InvalidParameterException, match=r"^TaskDefinition is inactive$"):
            api.runnable_task_definition(context.store, context.scope, "web:1")
        with pytest.raises(m.ClientException, match=r"^TaskDefinition not found\.$"):
            api.runnable_task_definition(context.store, context.scope, "web")
        with pytest.raises(m.InvalidParameterException, match=r"^Invalid revision number\. Number: latest$"):
            api.runnable_task_definition(context.store, context.scope, "web:latest")


class TestDeregister:
    def test_it_becomes_inactive_and_stays_so(self, context: Context) -> None:
        register(context)
        later = replace(context, now=context.now + 60)
        answer = deregister(later, "web:1")
        assert (answer.status, answer.deregistered_at) == ("INACTIVE", later.now)
        again = deregister(replace(context, now=context.now + 120), f"{PREFIX}web:1")
        assert again == answer == describe(context, "web:1")

    @pytest.mark.parametrize(
        ("ref", "error", "text"),
        [
            ("web", m.ClientException, "Revision is missing."),
            ("web:x", m.InvalidParameterException, "Invalid revision number. Number: x"),
            ("web:2", m.ClientException, UNKNOWN),
            ("api:1", m.ClientException, UNKNOWN),
        ],
    )
    def test_what_is_refused(self, context: Context, ref: str, error: type[m.ClientException], text: str) -> None:
        register(context)
        with pytest.raises(error) as refusal:
            deregister(context, ref)
        assert refusal.value.message == text
        assert describe(context, "web").status == "ACTIVE"

    def test_not_while_it_is_being_deleted(self, context: Context) -> None:
        register(context)
        deregister(context, "web:1")
        run_task(context, "web:1")
        delete(context, "web:1")
        with pytest.raises(m.ClientException) as refusal:
            deregister(context, "web:1")
        assert refusal.value.message == (
            "The task definition could not be deregistered because it is in the process of being deleted."
        )


class TestList:
    @pytest.fixture(autouse=True)
    def _definitions(self, context: Context) -> None:
        register(context, "web", 11)
        register(context, "api", 1)
        register(context, "web-worker", 1)
        deregister(context, "web:5")

    def test_by_family_then_number(self, context: Context) -> None:
        web = [f"web:{n}" for n in (1, 2, 3, 4, 6, 7, 8, 9, 10, 11)]
        assert names(context) == ["api:1", *web, "web-worker:1"]
        assert names(context, sort="ASC") == names(context)
        assert names(context, sort="DESC") == names(context)[::-1]

    def test_the_prefix_is_a_whole_family(self, context: Context) -> None:
        assert len(names(context, family_prefix="web")) == 10
        assert names(context, family_prefix="we") == []

    def test_by_status(self, context: Context) -> None:
        assert names(context, status="INACTIVE") == ["web:5"]
        assert names(context, status="DELETE_IN_PROGRESS") == []
        run_task(context, "web:5")
        delete(context, "web:5")
        assert names(context, status="INACTIVE") == []
        assert names(context, status="DELETE_IN_PROGRESS") == ["web:5"]

    def test_pages(self, context: Context) -> None:
        token, found = None, []
        while True:
            request = m.ListTaskDefinitionsRequest(max_results=5, next_token=token)
            response = call(api.list_task_definitions, context, request)
            found.append(len(response.task_definition_arns or ()))
            token = response.next_token
            if token is None:
                break
        assert found == [5, 5, 2]

    def test_families_by_prefix_and_status(self, context: Context) -> None:
        deregister(context, "api:1")
        assert families(context) == families(context, status="ALL") == ["api", "web", "web-worker"]
        assert families(context, family_prefix="we") == ["web", "web-worker"]
        assert families(context, status="ACTIVE") == ["web", "web-worker"]
        assert families(context, status="INACTIVE") == ["api"]

    def test_a_family_goes_with_its_last_revision(self, context: Context) -> None:
        deregister(context, "api:1")
        delete(context, "api:1")
        assert families(context) == ["web", "web-worker"]
        assert register(context, "api").revision == 2

    def test_families_have_pages_too(self, context: Context) -> None:
        request = m.ListTaskDefinitionFamiliesRequest(max_results=2)
        first = call(api.list_task_definition_families, context, request)
        second = call(
            api.list_task_definition_families,
            context,
            msgspec.structs.replace(request, next_token=first.next_token),
        )
        assert (first.families, second.families, second.next_token) == (["api", "web"], ["web-worker"], None)


class TestDelete:
    def test_what_nothing_uses_is_gone(self, context: Context) -> None:
        register(context, times=2)
        deregister(context, "web:1")
        later = replace(context, now=context.now + 5)
        answer = delete(later, "web:1")
        assert answer.failures == []
        (deleted,) = answer.task_definitions or []
        assert (deleted.status, deleted.delete_requested_at) == ("DELETE_IN_PROGRESS", later.now)
        with pytest.raises(m.ClientException, match=UNKNOWN):
            describe(context, "web:1")
        assert describe(context, "web").revision == 2

    def test_what_a_task_uses_stays_until_it_has_stopped(self, context: Context) -> None:
        register(context)
        deregister(context, "web:1")
        task = run_task(context, "web:1")
        delete(context, "web:1")
        assert describe(context, "web:1").status == "DELETE_IN_PROGRESS"
        with context.store.transaction():
            context.store.tasks.put(msgspec.structs.replace(task, last_status="STOPPED"))
            api.purge_family(context.store, task.family_key)
        with pytest.raises(m.ClientException, match=UNKNOWN):
            describe(context, "web:1")

    def test_asking_again_changes_nothing(self, context: Context) -> None:
        register(context)
        deregister(context, "web:1")
        run_task(context, "web:1")
        first = delete(context, "web:1")
        assert delete(replace(context, now=context.now + 9), "web:1") == first

    def test_failures_name_what_was_asked_for(self, context: Context) -> None:
        register(context, times=2)
        deregister(context, "web:1")
        answer = delete(context, "web:1", f"{PREFIX}web:2", "web:3", "web", "web:x")
        assert [d.revision for d in answer.task_definitions or ()] == [1]
        missing = (
            "The specified task definition does not exist. Specify a valid account, family, revision and try again."
        )
        invalid = "The specified task definition identifier is invalid. Specify a valid name or ARN and try again."
        assert [(f.arn, f.reason) for f in answer.failures or ()] == [
            (
                f"{PREFIX}web:2",
                "The specified task definition is still in ACTIVE status. Please deregister the target and try again.",
            ),
            (
                "web:3",
                missing,
            ),
            ("web", invalid),
            ("web:x", invalid),
        ]

    @pytest.mark.parametrize("count", [0, 11])
    def test_one_to_ten_at_a_time(self, context: Context, count: int) -> None:
        with pytest.raises(m.InvalidParameterException):
            delete(context, *[f"web:{n + 1}" for n in range(count)])
