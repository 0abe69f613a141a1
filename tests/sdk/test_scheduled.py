"""Tasks that rules of EventBridge and schedules of EventBridge Scheduler run, with boto3 and the AWS CLI."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from tests.support.servers import Server

from .calls import define, tasks, until

ROLE = "arn:aws:iam::111111111111:role/events"
NETWORK = {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}}


@pytest.fixture
def name() -> str:
    """Of a rule or a schedule: a test's own."""
    return f"test-{secrets.token_hex(4)}"


@pytest.fixture
def aim(ecs: Any, cluster: str, image: Any) -> dict[str, Any]:
    """A target that runs one task in the cluster."""
    arn = ecs.describe_clusters(clusters=[cluster])["clusters"][0]["clusterArn"]
    parameters = {
        "TaskDefinitionArn": define(ecs, "job", image()),
        "LaunchType": "FARGATE",
        "NetworkConfiguration": NETWORK,
    }
    return {"Arn": arn, "RoleArn": ROLE, "EcsParameters": parameters}


def test_a_rule_runs_a_task_for_an_event(server: Server, ecs: Any, cluster: str, name: str, aim: Any) -> None:
    events = server.client("events")
    pattern = {"source": ["shop"], "detail": {"test": [name]}}
    rule = events.put_rule(Name=name, EventPattern=json.dumps(pattern))["RuleArn"]
    override = '{"name": "app", "environment": [{"name": "TEST", "value": <test>}]}'
    transformer = {
        "InputPathsMap": {"test": "$.detail.test"},
        "InputTemplate": f'{{"containerOverrides": [{override}]}}',
    }
    aim["EcsParameters"]["Tags"] = [{"Key": "team", "Value": "a"}]
    target = {"Id": "job", **aim, "InputTransformer": transformer, "RetryPolicy": {"MaximumRetryAttempts": 3}}
    assert events.put_targets(Rule=name, Targets=[target])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule=name)["Targets"] == [target]
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"test": name})}
    assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0
    until(lambda: bool(tasks(ecs, cluster, startedBy=f"events-rule/{name}")), 60, "a task for the event")
    (task,) = tasks(ecs, cluster, startedBy=f"events-rule/{name}")
    assert task["overrides"]["containerOverrides"][0]["environment"] == [{"name": "TEST", "value": name}]
    assert events.list_rule_names_by_target(TargetArn=aim["Arn"])["RuleNames"] == [name]
    with pytest.raises(events.exceptions.ClientError, match="Rule can't be deleted since it has targets"):
        events.delete_rule(Name=name)
    events.remove_targets(Rule=name, Ids=["job"])
    events.delete_rule(Name=name)
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name=name)
    with pytest.raises(events.exceptions.InvalidEventPatternException):
        events.put_rule(Name=name, EventPattern='{"source": []}')
    assert rule.endswith(f":rule/{name}")


def test_a_schedule_runs_a_task(server: Server, ecs: Any, cluster: str, name: str, aim: Any) -> None:
    scheduler = server.client("scheduler")
    group = scheduler.create_schedule_group(Name=name, Tags=[{"Key": "k", "Value": "v"}])["ScheduleGroupArn"]
    assert scheduler.list_tags_for_resource(ResourceArn=group)["Tags"] == [{"Key": "k", "Value": "v"}]
    given = {"FlexibleTimeWindow": {"Mode": "OFF"}, "Target": aim, "GroupName": name}
    arn = scheduler.create_schedule(Name=name, ScheduleExpression="rate(1 hour)", **given)["ScheduleArn"]
    until(lambda: bool(tasks(ecs, cluster, startedBy=f"chronos-schedule/{name}")), 60, "a task of the schedule")
    with pytest.raises(scheduler.exceptions.ConflictException, match="already exists"):
        scheduler.create_schedule(Name=name, ScheduleExpression="rate(1 hour)", **given)
    with pytest.raises(scheduler.exceptions.ValidationException, match="Invalid Schedule Expression") as refused:
        scheduler.update_schedule(Name=name, ScheduleExpression="hourly", **given)
    assert refused.value.response["ResponseMetadata"]["RequestId"]
    scheduler.update_schedule(Name=name, ScheduleExpression="cron(0 9 * * ? *)", **given)
    shown = scheduler.get_schedule(Name=name, GroupName=name)
    assert (shown["Arn"], shown["ScheduleExpression"]) == (arn, "cron(0 9 * * ? *)")
    assert shown["CreationDate"].tzinfo is not None
    pages = scheduler.get_paginator("list_schedules").paginate(GroupName=name, PaginationConfig={"PageSize": 1})
    assert [schedule["Name"] for page in pages for schedule in page["Schedules"]] == [name]
    scheduler.untag_resource(ResourceArn=group, TagKeys=["k"])
    assert scheduler.list_tags_for_resource(ResourceArn=group)["Tags"] == []
    scheduler.delete_schedule_group(Name=name)
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException) as gone:
        scheduler.get_schedule(Name=name, GroupName=name)
    assert gone.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_with_the_aws_cli(server: Server, ecs: Any, cluster: str, name: str, aim: Any) -> None:
    server.aws("events", "put-rule", "--name", name, "--schedule-expression", "cron(0 3 * * ? *)")
    server.aws("events", "put-targets", "--rule", name, "--targets", json.dumps([{"Id": "job", **aim}]))
    shown = server.aws("events", "describe-rule", "--name", name, "--query", "[State,ScheduleExpression]")
    assert shown.split("\t") == ["ENABLED", "cron(0 3 * * ? *)"]
    server.aws(
        "scheduler", "create-schedule", "--name", name, "--schedule-expression", "rate(1 day)",
        "--flexible-time-window", "Mode=OFF", "--target", json.dumps(aim),
    )  # fmt: skip
    until(lambda: bool(tasks(ecs, cluster, startedBy=f"chronos-schedule/{name}")), 60, "a task of the schedule")
    names = server.aws("scheduler", "list-schedules", "--name-prefix", name, "--query", "Schedules[].[Name,State]")
    assert names.split() == [name, "ENABLED"]
    server.aws("scheduler", "delete-schedule", "--name", name)
