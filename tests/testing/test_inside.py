"""What a real container finds in its environment, and that it reaches KECS from where it is."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.images import test_image

from kecs.testing import Server, start_server, wait_for_service, wait_for_task, wait_until

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("docker-link")]

ROLE = "arn:aws:iam::000000000000:role/execution"
NETWORK = {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with start_server(runtime="docker") as server:
        yield server


def run(
    server: Server,
    script: str,
    mode: str = "awsvpc",
    volumes: Sequence[dict[str, Any]] = (),
    role: str | None = None,
    **container: Any,
) -> tuple[Any, list[str]]:
    """The task when it has stopped, and what its container said."""
    client = server.ecs_client()
    definition = {"name": "app", "image": test_image("v1"), "memory": 64, "command": ["sh", "-c", script], **container}
    client.register_task_definition(
        family="inside",
        networkMode=mode,
        executionRoleArn=ROLE,
        containerDefinitions=[definition],
        volumes=list(volumes),
        **({"taskRoleArn": role} if role else {}),
    )
    network = {"networkConfiguration": NETWORK} if mode == "awsvpc" else {}
    arn = client.run_task(taskDefinition="inside", launchType="EC2", **network)["tasks"][0]["taskArn"]
    task = wait_for_task(client, "default", arn, "STOPPED")
    with urllib.request.urlopen(f"{server.endpoint}/_kecs/tasks/default/{arn.split('/')[-1]}/logs/app") as answer:
        return task, answer.read().decode().splitlines()


@pytest.mark.parametrize("mode", ["awsvpc", "bridge", "host"])
def test_a_container_reaches_kecs_whatever_network_it_is_in(server: Server, mode: str) -> None:
    task, said = run(server, "wget -qO- $AWS_ENDPOINT_URL/_kecs/health", mode)
    assert task["containers"][0]["exitCode"] == 0
    assert '"status":"ok"' in said[0].replace(" ", "")


def test_it_calls_aws_there(server: Server) -> None:
    script = (
        "wget -qO- --header 'X-Amz-Target: AmazonEC2ContainerServiceV20141113.ListClusters'"
        " --header 'Content-Type: application/x-amz-json-1.1' --post-data '{}' $AWS_ENDPOINT_URL;"
        " echo; echo $AWS_REGION"
    )
    _, said = run(server, script)
    assert "cluster/default" in said[0]
    assert said[1] == "us-east-1"


def test_an_endpoint_of_its_own_is_left_alone(server: Server) -> None:
    own = [{"name": "AWS_ENDPOINT_URL", "value": "http://elsewhere:9000"}]
    _, said = run(server, "echo $AWS_ENDPOINT_URL", environment=own)
    assert said == ["http://elsewhere:9000"]


def test_it_prints_its_secrets_and_what_its_files_say(server: Server) -> None:
    server.client("ssm").put_parameter(Name="/app/key", Value="hunter2", Type="SecureString")
    server.client("ssm").put_parameter(Name="hosts", Value="a,b", Type="StringList")
    secret = server.client("secretsmanager").create_secret(Name="db", SecretString='{"password": "s3cret"}')["ARN"]
    s3 = server.client("s3")
    s3.create_bucket(Bucket="settings")
    s3.put_object(Bucket="settings", Key="app.env", Body=b"# of the file\nSTAGE=file\nCOLOUR=file\n")
    _, said = run(
        server,
        "echo $KEY $HOSTS $PASSWORD $STAGE $COLOUR",
        environment=[{"name": "STAGE", "value": "definition"}],
        environmentFiles=[{"type": "s3", "value": "arn:aws:s3:::settings/app.env"}],
        secrets=[
            {"name": "KEY", "valueFrom": "/app/key"},
            {"name": "HOSTS", "valueFrom": "arn:aws:ssm:us-east-1:000000000000:parameter/hosts"},
            {"name": "PASSWORD", "valueFrom": f"{secret}:password::"},
        ],
    )
    assert said == ["hunter2 a,b s3cret definition file"]
    with urllib.request.urlopen(f"{server.endpoint}/_kecs/state") as answer:
        state = answer.read().decode()
    assert secret in state
    assert "hunter2" not in state
    assert "s3cret" not in state


def test_without_its_secret_nothing_starts(server: Server) -> None:
    task, said = run(server, "echo started", secrets=[{"name": "KEY", "valueFrom": "/not/there"}])
    assert task["stopCode"] == "TaskFailedToStart"
    assert task["stoppedReason"] == (
        "Fetching secret data from SSM Parameter Store in us-east-1: invalid parameters: /not/there"
    )
    assert said == []


@pytest.mark.parametrize("mode", ["awsvpc", "bridge"])
def test_it_is_told_of_itself(server: Server, mode: str) -> None:
    script = "for path in '' /task /stats /task/stats; do wget -qO- $ECS_CONTAINER_METADATA_URI_V4$path; echo; done"
    task, said = run(server, script, mode)
    itself, its_task, statistics, of_all = map(json.loads, said)
    assert itself["DockerId"] == task["containers"][0]["runtimeId"]
    assert (itself["Name"], itself["KnownStatus"]) == ("app", "RUNNING")
    assert (its_task["TaskARN"], its_task["Family"]) == (task["taskArn"], "inside")
    assert its_task["AvailabilityZone"] == task["availabilityZone"]
    (network,) = itself["Networks"]
    assert network["NetworkMode"] == mode
    (address,) = network["IPv4Addresses"]
    if mode == "awsvpc":
        assert address == task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"]
        assert ip_address(address) in ip_network(network["IPv4SubnetCIDRBlock"])
        assert network["SubnetGatewayIpv4Address"].split("/")[1] == network["IPv4SubnetCIDRBlock"].split("/")[1]
    assert statistics["memory_stats"]["limit"] == 64 * 1024 * 1024
    assert statistics["networks"]["eth0"]["rx_bytes"] > 0
    (later,) = of_all.values()
    assert later["preread"] == statistics["read"] < later["read"]
    assert later["network_rate_stats"]["rx_bytes_per_sec"] > 0


def test_a_task_of_a_service_protects_itself(server: Server) -> None:
    script = (  # busybox's wget knows no PUT
        "path=/${ECS_AGENT_URI#http://*/} at=${ECS_AGENT_URI#http://}; at=${at%%/*};"
        " printf 'PUT %s/task-protection/v1/state HTTP/1.0\\r\\nContent-Length: 27\\r\\n\\r\\n"
        '{"ProtectionEnabled":true }\' $path | nc ${at%:*} ${at#*:}; sleep 60'
    )
    client = server.ecs_client()
    container = {"name": "app", "image": test_image("v1"), "memory": 64, "command": ["sh", "-c", script]}
    client.register_task_definition(family="protected", taskRoleArn=ROLE, containerDefinitions=[container])
    client.create_service(serviceName="protected", taskDefinition="protected", desiredCount=1, launchType="EC2")
    wait_for_service(client, "default", "protected")
    tasks = client.list_tasks(serviceName="protected")["taskArns"]

    def protected() -> bool:
        (found,) = client.get_task_protection(cluster="default", tasks=tasks)["protectedTasks"]
        return bool(found["protectionEnabled"])

    wait_until(client, protected)
    client.delete_service(service="protected", force=True)


@pytest.mark.parametrize("mode", ["awsvpc", "bridge", "host"])
def test_python_with_boto3_is_its_task_and_needs_nothing_configured(server: Server, mode: str) -> None:
    """The container borrows Python and its packages from this machine."""
    program = (
        "import boto3, os; s3 = boto3.client('s3'); s3.create_bucket(Bucket='made-inside');"
        " s3.put_object(Bucket='made-inside', Key='k', Body=b'from a container');"
        " print(boto3.client('sts').get_caller_identity()['Arn'], os.environ['KEY'], os.environ['STAGE'])"
    )
    server.client("ssm").put_parameter(Name="/boto3/key", Value="hunter2", Type="SecureString", Overwrite=True)
    s3 = server.client("s3")
    s3.create_bucket(Bucket="files")
    s3.put_object(Bucket="files", Key="app.env", Body=b"STAGE=file\n")
    folders = sorted(p for p in {sys.base_prefix, site_packages(), "/usr", "/lib", "/lib64"} if Path(p).is_dir())
    volumes = [{"name": f"v{n}", "host": {"sourcePath": str(Path(path))}} for n, path in enumerate(folders)]
    mounts = [{"sourceVolume": f"v{n}", "containerPath": path, "readOnly": True} for n, path in enumerate(folders)]
    task, said = run(
        server,
        "",
        mode,
        volumes=volumes,
        role="arn:aws:iam::000000000000:role/app",
        mountPoints=mounts,
        memory=512,
        command=[str(Path(sys.executable).resolve()), "-c", program],
        environment=[{"name": "PYTHONPATH", "value": site_packages()}],
        environmentFiles=[{"type": "s3", "value": "arn:aws:s3:::files/app.env"}],
        secrets=[{"name": "KEY", "valueFrom": "/boto3/key"}],
    )
    arn = f"arn:aws:sts::000000000000:assumed-role/app/{task['taskArn'].rpartition('/')[2]}"
    assert (task["containers"][0].get("exitCode"), said) == (0, [f"{arn} hunter2 file"])
    found = s3.get_object(Bucket="made-inside", Key="k")
    assert found["Body"].read() == b"from a container"


def site_packages() -> str:
    return str(Path(boto3.__file__).parents[1])
