"""What tasks are given before their containers start: secrets, environment files; and what happens when they are not.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specifying-sensitive-data.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from tests.scenarios.world import Refused, World
from tests.support.journals import MemoryJournal

ROLE = "arn:aws:iam::000000000000:role/execution"
SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:db-AbCdEf"
FILE = "arn:aws:s3:::settings/web.env"
PULL = "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: "
RETRIED = "service call has been retried 1 time(s): "


def lines(world: World, task: str, container: str = "app") -> list[str]:
    async def read() -> list[str]:
        return [line.text async for line in world.runtime.logs(task, container)]

    return asyncio.run(read())


def define(world: World, *containers: dict[str, Any], launch: str = "FARGATE", **members: Any) -> None:
    given = [{"name": "app", "image": "app:1", "memory": 128, **container} for container in containers]
    (world.define if launch == "FARGATE" else world.define_ec2)("web", *given, executionRoleArn=ROLE, **members)


def run(world: World, launch: str = "FARGATE") -> str:
    members = {} if launch == "FARGATE" else {"networkConfiguration": None}
    arn: str = world.run(launchType=launch, **members)["tasks"][0]["taskArn"]
    return arn


def stopped(world: World, task: str) -> Any:
    world.until(lambda: world.task(task)["lastStatus"] == "STOPPED")
    return world.task(task)


def says(*variables: str) -> list[str]:
    return ["sh", "-c", "; ".join(f'echo "{name}=${name}"' for name in variables)]


def from_parameter(name: str, value_from: str) -> dict[str, str]:
    return {"name": name, "valueFrom": value_from}


@pytest.mark.parametrize("launch", ["FARGATE", "EC2"])
def test_a_container_finds_its_secrets_in_its_environment(world: World, launch: str) -> None:
    world.companion.parameter("/db/host", "db.local")
    world.companion.parameter("plain", "a,b")
    world.companion.parameter("/far", "away", region="eu-west-1")
    world.companion.secret(SECRET, '{"user": "root", "port": 5432}')
    secrets = {
        "HOST": "/db/host",
        "SAME_HOST": "arn:aws:ssm:us-east-1:000000000000:parameter/db/host",
        "PLAIN": "arn:aws:ssm:us-east-1:000000000000:parameter/plain",
        "FAR": "arn:aws:ssm:eu-west-1:000000000000:parameter/far",
        "ALL": SECRET,
        "USER": f"{SECRET}:user::",
        "PORT": f"{SECRET}:port::",
    }
    pairs = [from_parameter(*pair) for pair in secrets.items()]
    define(world, {"secrets": pairs, "command": says(*secrets)}, launch=launch)
    task = run(world, launch)
    stopped(world, task)
    assert lines(world, task) == [
        "HOST=db.local",
        "SAME_HOST=db.local",
        "PLAIN=a,b",
        "FAR=away",
        'ALL={"user": "root", "port": 5432}',
        "USER=root",
        "PORT=5432",
    ]


def test_a_version_of_a_secret_is_asked_for_by_stage_or_id(world: World) -> None:
    world.companion.secret(SECRET, "before", stage="AWSPREVIOUS")
    world.companion.secret(SECRET, "first", version="v1")
    secrets = [from_parameter("OLD", f"{SECRET}::AWSPREVIOUS:"), from_parameter("FIRST", f"{SECRET}:::v1")]
    define(world, {"secrets": secrets, "command": says("OLD", "FIRST")})
    task = run(world)
    stopped(world, task)
    assert lines(world, task) == ["OLD=before", "FIRST=first"]


def test_what_several_containers_need_is_asked_for_once(world: World) -> None:
    names = [f"p{number}" for number in range(12)]
    for name in names:
        world.companion.parameter(name, "x")
    world.companion.secret(SECRET, "y")
    container = {
        "secrets": [*(from_parameter(name, name) for name in names), from_parameter("ALL", SECRET)],
        "essential": True,
    }
    define(world, container, {**container, "name": "other"})
    task = run(world)
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    asked = [operation for _, operation, _ in world.companion.calls]
    assert asked == ["GetParameters", "GetParameters", "GetSecretValue"]  # ten names a call are the most


def test_no_container_starts_before_the_answers_are_there(world: World) -> None:
    world.companion.secret(SECRET, "x")
    world.lookups.takes = 5.0
    define(world, {"secrets": [from_parameter("ALL", SECRET)]})
    task = run(world)
    world.clock.advance(4.9)
    assert world.task(task)["lastStatus"] == "PROVISIONING"
    world.clock.advance(1)
    assert world.task(task)["lastStatus"] == "RUNNING"


@pytest.mark.parametrize(
    ("launch", "value_from", "reason"),
    [
        (
            "FARGATE",
            SECRET,
            (
                f"{PULL}unable to retrieve secret from asm: {RETRIED}failed to fetch secret {SECRET} from secrets "
                "manager: ResourceNotFoundException: Secrets Manager can't find the specified secret."
            ),
        ),
        (
            "FARGATE",
            "/not/there",
            f"{PULL}unable to retrieve secrets from ssm: {RETRIED}invalid ssm parameters: /not/there",
        ),
        (
            "EC2",
            SECRET,
            (
                f"ResourceInitializationError: The task can't retrieve the secret with ARN '{SECRET}' from AWS Secrets "
                "Manager. Check that the secret ARN is correct: ResourceNotFoundException: Secrets Manager can't find "
                "the specified secret."
            ),
        ),
        (
            "EC2",
            "/not/there",
            "Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /not/there",
        ),
    ],
)
def test_a_secret_that_is_not_there_stops_the_task_before_anything_runs(
    world: World, launch: str, value_from: str, reason: str
) -> None:
    define(world, {"secrets": [from_parameter("X", value_from)]}, {"name": "other"}, launch=launch)
    task = stopped(world, run(world, launch))
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)
    assert [c.get("runtimeId") for c in task["containers"]] == [None, None]
    assert "RUNNING" not in world.statuses(task["taskArn"])


def test_a_member_that_the_secret_does_not_have_stops_the_task(world: World) -> None:
    world.companion.secret(SECRET, '{"user": "root"}')
    define(world, {"secrets": [from_parameter("X", f"{SECRET}:password::")]})
    reason = stopped(world, run(world))["stoppedReason"]
    assert reason == (
        f"{PULL}unable to retrieve secret from asm: {RETRIED}"
        "retrieved secret from Secrets Manager did not contain json key password"
    )


def test_where_nothing_answers_for_aws_the_reason_says_so(world: World) -> None:
    world.companion.down = "nobody is there"
    define(world, {"secrets": [from_parameter("X", SECRET)]})
    reason = stopped(world, run(world))["stoppedReason"]
    assert reason.endswith(f"failed to fetch secret {SECRET} from secrets manager: RequestError: nobody is there")


@pytest.mark.parametrize("launch", ["FARGATE", "EC2"])
def test_values_are_in_no_record_and_in_no_journal(world: World, launch: str) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    world.companion.secret(SECRET, '{"password": "hunter2"}')
    world.companion.objects["settings", "web.env"] = b"TOKEN=hunter2\n"
    secrets = [from_parameter("X", f"{SECRET}:password::"), from_parameter("Y", f"{SECRET}:missing::")]
    for given in (secrets[:1], secrets):
        define(world, {"secrets": given, "environmentFiles": [{"type": "s3", "value": FILE}]}, launch=launch)
        run(world, launch)
    world.clock.advance(60)
    kept = repr([list(table) for table in world.kernel.store.tables.values()]) + repr(world.kernel.feed.recent())
    kept += repr(journal.written) + repr(world.kernel.sent.recent())
    assert SECRET in kept
    assert "hunter2" not in kept


def test_what_was_looked_up_is_forgotten_with_the_task(world: World) -> None:
    world.companion.secret(SECRET, "one")
    define(world, {"secrets": [from_parameter("X", SECRET)], "command": says("X")})
    first = run(world)
    stopped(world, first)
    world.companion.secret(SECRET, "two")
    second = run(world)
    stopped(world, second)
    assert [*lines(world, first), *lines(world, second)] == ["X=one", "X=two"]


def test_a_container_that_restarts_keeps_its_secret(world: World) -> None:
    world.companion.secret(SECRET, "one")
    policy = {"enabled": True, "restartAttemptPeriod": 60}
    command = ["sh", "-c", "echo $X; sleep 100; exit 1"]
    define(world, {"secrets": [from_parameter("X", SECRET)], "command": command, "restartPolicy": policy})
    task = run(world)
    world.clock.advance(50)
    world.companion.secret(SECRET, "two")
    world.clock.advance(60)
    assert lines(world, task) == ["one", "one"]


def test_a_task_that_is_stopped_meanwhile_waits_for_no_answer(world: World) -> None:
    world.lookups.takes = 100.0
    define(world, {"secrets": [from_parameter("X", SECRET)]}, launch="EC2")
    task = run(world, "EC2")
    world.clock.advance(1)
    world.call("StopTask", task=task)
    world.clock.advance(1)
    assert world.task(task)["lastStatus"] == "STOPPED"
    world.clock.advance(200)
    assert world.task(task)["stopCode"] == "UserInitiated"


def test_a_restart_of_kecs_asks_again(world: World) -> None:
    journal = MemoryJournal()
    first = World(journal=journal)
    first.lookups.takes = 1000.0
    define(first, {"secrets": [from_parameter("X", "p")], "command": says("X")})
    task = run(first)
    first.clock.advance(1)
    second = World(journal=journal, start=first.clock.now(), seed=2)
    second.companion.parameter("p", "found")
    asyncio.run(second.kernel.recover())
    stopped(second, task)
    assert lines(second, task) == ["X=found"]


def test_environment_wins_over_files_the_first_file_over_the_next_and_secrets_over_both(world: World) -> None:
    world.companion.objects["settings", "web.env"] = b"# a comment\n\nA=file\nB=first\nC= with 'blanks'\nD=file\n"
    world.companion.objects["settings", "more.env"] = b"B=second\r\nE=x=y\r\nF=\r\n"
    world.companion.parameter("d", "secret")
    container = {
        "environment": [{"name": "A", "value": "own"}],
        "environmentFiles": [
            {"type": "s3", "value": FILE},
            {"type": "s3", "value": "arn:aws:s3:::settings/more.env"},
        ],
        "secrets": [from_parameter("D", "d")],
        "command": ["sh", "-c", 'for v in "$A" "$B" "$C" "$D" "$E" "${F-unset}"; do echo "$v"; done'],
    }
    define(world, container)
    task = run(world)
    stopped(world, task)
    assert lines(world, task) == ["own", "first", " with 'blanks'", "secret", "x=y", "unset"]


@pytest.mark.parametrize(
    ("launch", "reason"),
    [
        (
            "FARGATE",
            (
                f"ResourceInitializationError: failed to download env files: {RETRIED}operation error S3: HeadObject, "
                "https response error StatusCode: 404, api error NotFound: Not Found"
            ),
        ),
        (
            "EC2",
            (
                "ResourceInitializationError: unable to download env file with key web.env from bucket settings, "
                "error: NoSuchKey: The specified key does not exist."
            ),
        ),
    ],
)
def test_an_environment_file_that_is_not_there_stops_the_task(world: World, launch: str, reason: str) -> None:
    define(world, {"environmentFiles": [{"type": "s3", "value": FILE}]}, launch=launch)
    task = stopped(world, run(world, launch))
    assert (task["stopCode"], task["stoppedReason"]) == ("TaskFailedToStart", reason)


def test_other_environment_files_can_be_given_to_a_run(world: World) -> None:
    world.companion.objects["settings", "web.env"] = b"A=definition\n"
    world.companion.objects["settings", "other.env"] = b"A=run\n"
    define(world, {"environmentFiles": [{"type": "s3", "value": FILE}], "command": says("A")})
    other = [{"name": "app", "environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::settings/other.env"}]}]
    task = world.run(overrides={"containerOverrides": other})["tasks"][0]["taskArn"]
    stopped(world, task)
    assert lines(world, task) == ["A=run"]


def test_an_environment_file_has_the_extension_env(world: World) -> None:
    with pytest.raises(Refused) as refused:
        define(world, {"environmentFiles": [{"type": "s3", "value": "arn:aws:s3:::settings/web.txt"}]})
    assert refused.value.code == "ClientException"
    assert ".env" in refused.value.text


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ('{"username": "u", "password": "p"}', None),
        (None, "asm fetching secret from the service for login: ResourceNotFoundException: Secrets Manager can't find"),
        ("u:p", "asm fetching authorization data: unable to unmarshal secret value, invalid schema"),
        ('{"username": "u"}', "asm fetching password: AuthorizationData is malformed, empty field"),
    ],
)
def test_the_login_of_a_private_registry(world: World, value: str | None, problem: str | None) -> None:
    if value is not None:
        world.companion.secret("login", value)
    define(world, {"repositoryCredentials": {"credentialsParameter": "login"}})
    task = run(world)
    if problem is None:
        world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    else:
        reason = stopped(world, task)["stoppedReason"]
        assert reason.startswith(f"{PULL}unable to get registry auth from asm: {RETRIED}{problem}")
    assert world.companion.calls == [("secretsmanager", "GetSecretValue", {"SecretId": "login"})]


def test_a_secret_of_another_account_is_asked_for_there(world: World) -> None:
    arn = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:theirs-AbCdEf"
    world.companion.secret(arn, "x")
    define(world, {"secrets": [from_parameter("X", arn)]})
    task = run(world)
    world.until(lambda: world.task(task)["lastStatus"] == "RUNNING")
    assert world.companion.places == [("111122223333", "eu-west-1")]


def test_a_service_tells_why_its_tasks_do_not_start_and_recovers(world: World) -> None:
    define(world, {"secrets": [from_parameter("X", "p")]})
    world.serve(count=1)
    world.until(lambda: len(world.statuses_of_all("STOPPED")) == 2)
    problem = f"{PULL}unable to retrieve secrets from ssm: {RETRIED}invalid ssm parameters: p"
    said = [event["message"] for event in world.service()["events"]]
    assert said.count(f"(service s) was unable to place a task. Reason: {problem}.") == 2
    world.companion.parameter("p", "now")
    world.settle()
    assert msgspec.json.encode(world.service()).count(b"now") == 0


@pytest.mark.parametrize("launch", ["FARGATE", "EC2"])
def test_a_revision_whose_secret_is_not_there_is_rolled_back_by_the_circuit_breaker(world: World, launch: str) -> None:
    world.companion.parameter("there", "x")
    define(world, {"secrets": [from_parameter("X", "there")]}, launch=launch)
    breaker = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
    members = {} if launch == "FARGATE" else {"launchType": launch, "networkConfiguration": None}
    world.serve(count=2, deploymentConfiguration=breaker, **members)
    world.settle()
    serving = {task["taskArn"] for task in world.tasks()}
    define(world, {"secrets": [from_parameter("X", "elsewhere")]}, launch=launch)
    failed = world.call("UpdateService", service="s", taskDefinition="web")["service"]["deployments"][0]["id"]
    world.clock.advance(60)
    (arn, *_) = world.call("ListServiceDeployments", service="s")["serviceDeployments"]
    (shown,) = world.call("DescribeServiceDeployments", serviceDeploymentArns=[arn["serviceDeploymentArn"]])[
        "serviceDeployments"
    ]
    assert shown["status"] == "ROLLBACK_SUCCESSFUL"
    assert shown["deploymentCircuitBreaker"] == {"status": "TRIGGERED", "failureCount": 4, "threshold": 3}
    said = [event["message"] for event in world.service()["events"]]
    assert f"(service s) (deployment {failed}) deployment failed: tasks failed to start." in said
    assert {task["taskArn"] for task in world.tasks()} == serving
