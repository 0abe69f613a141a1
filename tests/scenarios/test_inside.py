"""What tasks can ask for from inside, on virtual time: metadata, statistics, credentials, protection, the agent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kecs.app.inside import KernelInside
from kecs.core.inside.credentials import ROTATE, account_in
from kecs.core.inside.names import KEY_BYTES, Names
from kecs.endpoints.inside.app import InsideApp

from .world import World

NAMES = Names(bytes(KEY_BYTES))
ROLE = "arn:aws:iam::000000000000:role/app"


class Caller:
    """Whoever asks from inside the tasks of a world."""

    def __init__(self, world: World) -> None:
        self._app = InsideApp(KernelInside(world.kernel, NAMES))

    async def ask(self, path: str, method: str = "GET", body: bytes = b"") -> tuple[int, Any]:
        """Status and decoded answer."""
        path, _, query = path.partition("?")
        received = [{"type": "http.request", "body": body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return received.pop()

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"method": method, "path": path, "query_string": query.encode()}
        await self._app(scope, receive, send)
        return sent[0]["status"], json.loads(sent[1]["body"]) if sent[1]["body"] else None

    async def get(self, path: str) -> Any:
        status, answer = await self.ask(path)
        assert status == 200, answer
        return answer


@pytest.fixture
def inside(world: World) -> Caller:
    return Caller(world)


def running(world: World, *containers: dict[str, Any], **members: Any) -> str:
    world.define("web", *containers, **members)
    (task,) = world.run()["tasks"]
    arn: str = task["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    return arn


def v4(arn: str, container: str = "app") -> str:
    return f"/v4/{NAMES.container(arn, container)}"


async def test_a_container_is_told_of_itself_and_of_its_task(world: World, inside: Caller) -> None:
    arn = running(world, {"name": "app", "image": "app:1"}, {"name": "proxy", "image": "envoy:1"})
    itself = await inside.get(v4(arn, "proxy"))
    assert itself["Name"] == "proxy"
    assert itself["ContainerARN"] == world.task(arn)["containers"][1]["containerArn"]
    task = await inside.get(f"{v4(arn)}/task")
    assert (task["TaskARN"], task["KnownStatus"], task["LaunchType"]) == (arn, "RUNNING", "FARGATE")
    assert [container["Name"] for container in task["Containers"]] == ["app", "proxy"]
    address = world.task(arn)["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
    network = task["Containers"][0]["Networks"][0]
    assert (network["IPv4Addresses"], network["IPv4SubnetCIDRBlock"]) == ([address], "10.0.0.0/16")


async def test_what_opentelemetry_looks_for_is_there(world: World, inside: Caller) -> None:
    """https://opentelemetry.io/docs/specs/semconv/resource/cloud-provider/aws/ecs/ and its detectors."""
    options = {"awslogs-group": "/g", "awslogs-region": "us-east-1", "awslogs-create-group": "true"}
    log = {"logDriver": "awslogs", "options": {**options, "awslogs-stream-prefix": "p"}}
    arn = running(world, {"name": "app", "image": "app:1", "logConfiguration": log}, executionRoleArn=ROLE)
    itself, task = await inside.get(v4(arn)), await inside.get(f"{v4(arn)}/task")
    assert task["Cluster"].startswith("arn:aws:ecs:us-east-1:000000000000:cluster/")
    assert (task["Family"], task["Revision"]) == ("web", "1")
    assert task["AvailabilityZone"].startswith("us-east-1")
    assert itself["DockerId"] == world.task(arn)["containers"][0]["runtimeId"]
    stream = {"awslogs-stream": f"p/app/{arn.rpartition('/')[2]}"}
    assert itself["LogOptions"] == {**options, **stream, "mode": "non-blocking"}


async def test_version_3_and_tags(world: World, inside: Caller) -> None:
    world.define()
    (task,) = world.run(tags=[{"key": "team", "value": "a"}])["tasks"]
    arn = task["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    assert (await inside.get(f"{v4(arn)}/taskWithTags"))["TaskTags"] == {"team": "a"}
    v3 = v4(arn).replace("/v4/", "/v3/")
    assert "LaunchType" not in await inside.get(f"{v3}/task")
    assert (await inside.get(v3))["Name"] == "app"


async def test_statistics(world: World, inside: Caller) -> None:
    world.runtime.set_script("app:*", {"cpu_units": 512, "memory_mib": 100, "memory_seconds": 0})
    arn = running(world)
    first = await inside.get(f"{v4(arn)}/stats")
    world.clock.advance(10)
    found = await inside.get(f"{v4(arn)}/task/stats")
    ((runtime_id, later),) = found.items()
    assert runtime_id == world.task(arn)["containers"][0]["runtimeId"] == later["id"]
    assert later["preread"] == first["read"]
    used = [later[which]["cpu_usage"]["total_usage"] for which in ("precpu_stats", "cpu_stats")]
    assert used[1] - used[0] == pytest.approx(5e9, rel=1e-3)
    assert later["memory_stats"]["usage"] == 100 * 1024 * 1024


async def test_a_name_that_is_nobodys_and_a_path_that_is_nothing(world: World, inside: Caller) -> None:
    arn = running(world)
    for path in (v4(arn)[:-1] + "!", f"/v4/{arn.rpartition('/')[2]}/task", "/v4/x/stats", "/v3/x/task/stats"):
        status, text = await inside.ask(path)
        assert status == 404, path
        assert "unable to find a container" in text
    assert await inside.ask("/v4/x/y/z") == (404, "page not found")
    assert (await inside.ask(v4(arn), "POST"))[0] == 405
    assert await inside.ask(v4(arn), "HEAD") == (200, None)


async def test_a_task_that_has_stopped_asks_no_more(world: World, inside: Caller) -> None:
    arn = running(world, taskRoleArn=ROLE)
    credentials = f"/v2/credentials/{NAMES.credentials(arn)}"
    assert (await inside.ask(credentials))[0] == 200
    world.call("StopTask", task=arn)
    world.until(lambda: world.task(arn)["lastStatus"] == "STOPPED")
    assert (await inside.ask(v4(arn)))[0] == 404
    assert (await inside.ask(credentials))[0] == 400


async def test_credentials_of_the_task_role_are_the_same_until_they_rotate(world: World, inside: Caller) -> None:
    arn = running(world, taskRoleArn=ROLE, executionRoleArn="arn:aws:iam::000000000000:role/execution")
    path = f"/v2/credentials/{NAMES.credentials(arn)}"
    first = await inside.get(path)
    assert set(first) == {"RoleArn", "AccessKeyId", "SecretAccessKey", "Token", "Expiration"}
    assert (first["RoleArn"], account_in(first["AccessKeyId"])) == (ROLE, "000000000000")
    world.clock.advance(3600)
    assert await inside.get(path) == first
    world.clock.advance(ROTATE - 3600)
    second = await inside.get(path)
    assert second["Expiration"] > first["Expiration"]
    assert second["AccessKeyId"] != first["AccessKeyId"]


async def test_an_override_of_the_role_counts(world: World, inside: Caller) -> None:
    world.define(taskRoleArn=ROLE)
    other = "arn:aws:iam::000000000000:role/other"
    (task,) = world.run(overrides={"taskRoleArn": other})["tasks"]
    found = await inside.get(f"/v2/credentials/{NAMES.credentials(task['taskArn'])}")
    assert found["RoleArn"] == other


async def test_without_a_role_there_are_none(world: World, inside: Caller) -> None:
    arn = running(world, executionRoleArn="arn:aws:iam::000000000000:role/execution")
    status, answer = await inside.ask(f"/v2/credentials/{NAMES.credentials(arn)}")
    assert (status, answer["code"]) == (400, "InvalidIdInRequest")


async def test_the_keys_lead_back_to_the_account(world: World, inside: Caller) -> None:
    world.call("RegisterTaskDefinition", account="111111111111", family="web", networkMode="awsvpc", cpu="256",
               memory="512", requiresCompatibilities=["FARGATE"], taskRoleArn=ROLE,
               containerDefinitions=[{"name": "app", "image": "app:1"}])  # fmt: skip
    network = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}
    (task,) = world.call(
        "RunTask", account="111111111111", taskDefinition="web", launchType="FARGATE", networkConfiguration=network
    )["tasks"]
    keys = await inside.get(f"/v2/credentials/{NAMES.credentials(task['taskArn'])}")
    assert world.call("ListTasks", account=keys["AccessKeyId"])["taskArns"] == [task["taskArn"]]
    assert world.call("ListTasks", account="ASIAIOSFODNN7EXAMPLE")["taskArns"] == []


def protection_of(arn: str) -> str:
    return f"/api/{NAMES.container(arn, 'app')}/task-protection/v1/state"


def of_a_service(world: World, **members: Any) -> str:
    world.define(**{"taskRoleArn": ROLE, **members})
    world.serve(count=1)
    world.settle()
    arn: str = world.tasks()[0]["taskArn"]
    return arn


async def test_a_task_protects_itself(world: World, inside: Caller) -> None:
    arn = of_a_service(world)
    path = protection_of(arn)
    unprotected = {"ExpirationDate": None, "ProtectionEnabled": False, "TaskArn": arn}
    assert await inside.get(path) == {"protection": unprotected}
    _, answer = await inside.ask(path, "PUT", b'{"ProtectionEnabled": true, "ExpiresInMinutes": 60}')
    assert answer["protection"]["ProtectionEnabled"] is True
    (seen,) = world.call("GetTaskProtection", cluster="default", tasks=[arn])["protectedTasks"]
    assert seen["expirationDate"] == world.clock.now() + 3600
    world.call("UpdateService", service="s", desiredCount=0)
    world.clock.advance(600)
    assert world.task(arn)["desiredStatus"] == "RUNNING"
    await inside.ask(path, "PUT", b'{"protectionEnabled": false}')  # in any case of letters
    world.until(lambda: world.task(arn)["desiredStatus"] == "STOPPED")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "InvalidParameterException"),
        (b"[]", "InvalidParameterException"),
        (b"{}", "InvalidParameterException"),
        (b'{"ProtectionEnabled": "\xff"}', "InvalidParameterException"),
        (b'{"ProtectionEnabled": ' + b"[" * 60_000, "InvalidParameterException"),
        (b'{"ProtectionEnabled": "yes"}', "InvalidParameterException"),
        (b'{"ProtectionEnabled": true, "ExpiresInMinutes": true}', "InvalidParameterException"),
        (b'{"ProtectionEnabled": true, "Until": 1}', "InvalidParameterException"),
        (b'{"ProtectionEnabled": true, "ExpiresInMinutes": 2881}', "InvalidParameterException"),
    ],
)
async def test_what_no_protection_can_be_is_refused(world: World, inside: Caller, body: bytes, code: str) -> None:
    arn = of_a_service(world)
    status, answer = await inside.ask(protection_of(arn), "PUT", body)
    assert (status, answer["error"]["Code"]) == (400, code)
    assert "protection" not in answer
    (seen,) = world.call("GetTaskProtection", cluster="default", tasks=[arn])["protectedTasks"]
    assert seen["protectionEnabled"] is False


async def test_protection_takes_a_role_and_a_service(world: World, inside: Caller) -> None:
    on_its_own = running(world, taskRoleArn=ROLE)
    _, answer = await inside.ask(protection_of(on_its_own))
    assert (answer["failure"]["Arn"], answer["failure"]["Reason"]) == (on_its_own, "TASK_NOT_VALID")
    status, answer = await inside.ask(protection_of(of_a_service(world, taskRoleArn=None)))
    assert (status, answer["error"]["Code"]) == (403, "AccessDeniedException")
    status, answer = await inside.ask("/api/nobody/task-protection/v1/state")
    assert (status, answer["error"]["Code"]) == (404, "ResourceNotFoundException")
    assert (await inside.ask(protection_of(on_its_own), "DELETE"))[0] == 405


async def test_the_agent_tells_of_its_instance(world: World, inside: Caller) -> None:
    assert (await inside.get("/v1/metadata"))["ContainerInstanceArn"] is None
    assert await inside.get("/v1/tasks") == {"Tasks": []}
    world.define_ec2()
    arn = world.run(launchType="EC2", networkConfiguration=None)["tasks"][0]["taskArn"]
    world.until(lambda: world.task(arn)["lastStatus"] == "RUNNING")
    agent = await inside.get("/v1/metadata")
    assert agent["ContainerInstanceArn"] == world.task(arn)["containerInstanceArn"]
    assert agent["Version"].startswith("Amazon ECS Agent - v")
    (task,) = (await inside.get("/v1/tasks"))["Tasks"]
    assert (task["Arn"], task["KnownStatus"]) == (arn, "RUNNING")
    runtime_id = world.task(arn)["containers"][0]["runtimeId"]
    assert await inside.get(f"/v1/tasks?taskarn={arn}") == task
    assert await inside.get(f"/v1/tasks?dockerid={runtime_id[:12]}") == task
    assert (await inside.ask("/v1/tasks?dockerid=nobody"))[0] == 404
    assert (await inside.get("/v1/metadata?cluster=other"))["ContainerInstanceArn"] is None
