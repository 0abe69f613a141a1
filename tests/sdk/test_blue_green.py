"""A blue/green deployment with boto3: a local hook is called over HTTP, a pause is continued, an alarm rolls back."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.support.servers import Server, running

from .calls import NETWORK, define, tasks, until

ROLE = "arn:aws:iam::111111111111:role/hooks"
ELB = "arn:aws:elasticloadbalancing:us-east-1:111111111111"


class Hook(ThreadingHTTPServer):
    """What a deployment asks at its stages; it says yes."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.paths: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/check"


class _Handler(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.events.append(json.loads(body))
        self.server.paths.append(self.path)
        answer = b'{"hookStatus": "SUCCEEDED"}'
        self.send_response(200)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    with Hook() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_deployment_is_checked_paused_and_rolled_back(
    ecs: Any, server: Server, cluster: str, image: Any, hook: Hook
) -> None:
    old, new = (define(ecs, "web", image(version)) for version in (1, 2))
    hooks = [
        {"hookTargetArn": hook.url, "roleArn": ROLE, "lifecycleStages": ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT"]},
        {"targetType": "PAUSE", "lifecycleStages": ["POST_TEST_TRAFFIC_SHIFT"]},
    ]
    ecs.create_service(
        cluster=cluster,
        serviceName="web",
        taskDefinition=old,
        desiredCount=2,
        launchType="FARGATE",
        networkConfiguration=NETWORK,
        deploymentConfiguration={
            "strategy": "BLUE_GREEN",
            "bakeTimeInMinutes": 60,
            "alarms": {"alarmNames": [f"errors-{cluster}"], "enable": True, "rollback": True},
        },
        loadBalancers=[balancer()],
    )

    def deployment() -> Any:
        (arn, *_) = [d["serviceDeploymentArn"] for d in listed()]
        return ecs.describe_service_deployments(serviceDeploymentArns=[arn])["serviceDeployments"][0]

    def listed() -> Any:
        return ecs.list_service_deployments(cluster=cluster, service="web")["serviceDeployments"]

    until(lambda: deployment()["status"] == "SUCCESSFUL", 60, "a first deployment")
    configuration = {"lifecycleHooks": hooks}
    ecs.update_service(cluster=cluster, service="web", taskDefinition=new, deploymentConfiguration=configuration)
    until(lambda: deployment().get("lifecycleStage") == "POST_TEST_TRAFFIC_SHIFT", 60, "the pause")
    assert [event["lifecycleStage"] for event in hook.events] == ["PRE_SCALE_UP", "TEST_TRAFFIC_SHIFT"]
    shown = deployment()
    green, (blue,) = shown["targetServiceRevision"], shown["sourceServiceRevisions"]
    assert (green["requestedTestTrafficWeight"], green["requestedProductionTrafficWeight"]) == (100, 0)
    assert hook.events[1]["executionDetails"]["testTrafficWeights"] == {green["arn"]: 100, blue["arn"]: 0}
    (pause,) = [h for h in shown["lifecycleHookDetails"] if h["targetType"] == "PAUSE"]
    ecs.continue_service_deployment(serviceDeploymentArn=shown["serviceDeploymentArn"], hookId=pause["hookId"])
    until(lambda: deployment()["lifecycleStage"] == "BAKE_TIME", 60, "the bake time")
    assert deployment()["targetServiceRevision"]["requestedProductionTrafficWeight"] == 100
    assert len(tasks(ecs, cluster, serviceName="web")) == 4
    ring(server, f"errors-{cluster}")
    until(lambda: deployment()["status"] == "ROLLBACK_SUCCESSFUL", 90, "the way back")
    assert deployment()["alarms"]["triggeredAlarmNames"] == [f"errors-{cluster}"]
    assert {task["taskDefinitionArn"] for task in tasks(ecs, cluster, serviceName="web")} == {old}


def test_functions_are_invoked_at_the_lambda_endpoint(hook: Hook) -> None:
    function = "arn:aws:lambda:us-east-1:111111111111:function:check"
    at_the_end = {"hookTargetArn": function, "roleArn": ROLE, "lifecycleStages": ["POST_SCALE_UP"]}
    with running("--test-mode", "--port", "0", KECS_LAMBDA_ENDPOINT=hook.url) as server:
        ecs = server.client()
        ecs.create_service(
            serviceName="web",
            taskDefinition=define(ecs, "web", "web:1"),
            desiredCount=1,
            launchType="FARGATE",
            networkConfiguration=NETWORK,
            deploymentConfiguration={"strategy": "BLUE_GREEN", "lifecycleHooks": [at_the_end]},
        )

        def status() -> Any:
            return ecs.list_service_deployments(service="web")["serviceDeployments"][0]["status"]

        until(lambda: status() == "SUCCESSFUL", 30, "a deployment")
    assert hook.paths == [f"/check/2015-03-31/functions/{function}/invocations"]


def test_a_rule_invokes_a_function_at_the_lambda_endpoint(hook: Hook) -> None:
    function = "arn:aws:lambda:us-east-1:111111111111:function:orders"
    flags = ("--test-mode", "--port", "0", "--companion", "none")
    with running(*flags, KECS_LAMBDA_ENDPOINT=hook.url) as server:
        events = server.client("events")
        events.put_rule(Name="orders", EventPattern='{"source": ["shop"]}')
        events.put_targets(Rule="orders", Targets=[{"Id": "f", "Arn": function, "InputPath": "$.detail"}])
        events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": '{"sum": 7}'}])
        until(lambda: bool(hook.events), 60, "an invocation")
    assert hook.events == [{"sum": 7}]
    assert [path.replace("%3A", ":") for path in hook.paths] == [f"/check/2015-03-31/functions/{function}/invocations"]


def balancer() -> dict[str, Any]:
    rules = {
        "alternateTargetGroupArn": f"{ELB}:targetgroup/green/2",
        "productionListenerRule": f"{ELB}:listener-rule/app/lb/1/2/3",
        "testListenerRule": f"{ELB}:listener-rule/app/lb/1/2/4",
        "roleArn": ROLE,
    }
    group = f"{ELB}:targetgroup/blue/1"
    return {"targetGroupArn": group, "containerName": "app", "containerPort": 8080, "advancedConfiguration": rules}


def ring(server: Server, alarm: str) -> None:
    body = json.dumps({"name": alarm, "state": "ALARM", "account": "111111111111"}).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{server.url}/_kecs/alarms", body, method="PUT")) as answer:
        assert answer.status == 200
