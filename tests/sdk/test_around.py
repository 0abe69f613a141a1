"""AWS's other services on KECS's port, through unchanged clients: played by moto, in a process of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sdk.calls import QUICK, define
from tests.support.servers import AWS, Server, running

ACCOUNT = "111111111111"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running("--test-mode", "--port", "0", "--data-dir", str(tmp_path_factory.mktemp("kecs"))) as server:
        yield server


def status(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.status, answer.read()


def signed(service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={ACCOUNT}/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host"


def code(call: Any, **arguments: Any) -> tuple[int, str]:
    """Status and code of the refusal."""
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    response = refused.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_parameters_and_secrets(around: Server) -> None:
    ssm, secrets = around.client("ssm"), around.client("secretsmanager")
    ssm.put_parameter(Name="/db/password", Value="a secret", Type="SecureString")
    assert ssm.get_parameter(Name="/db/password", WithDecryption=True)["Parameter"]["Value"] == "a secret"
    assert ssm.get_parameter(Name="/db/password")["Parameter"]["Value"] != "a secret"
    assert code(ssm.get_parameter, Name="/none") == (400, "ParameterNotFound")
    arn = secrets.create_secret(Name="api", SecretString="key")["ARN"]
    assert arn.startswith(f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:api-")
    assert secrets.get_secret_value(SecretId=arn)["SecretString"] == "key"


def test_queues_and_topics(around: Server) -> None:
    sqs, sns = around.client("sqs"), around.client("sns")
    url = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    assert url == f"{around.url}/{ACCOUNT}/jobs"  # some SDKs call it
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = f"arn:aws:sqs:us-east-1:{ACCOUNT}:jobs"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    sns.publish(TopicArn=topic, Message="héllo")
    assert [m["Body"] for m in sqs.receive_message(QueueUrl=url)["Messages"]] == ["héllo"]
    body = b'{"QueueUrl":"%s","MessageBody":"x"}' % url.encode()
    target = {"X_Amz_Target": "AmazonSQS.SendMessage", "Content_Type": "application/x-amz-json-1.0"}
    assert status(url, "POST", body, Authorization=signed("sqs"), **target)[0] == 200


def test_roles_keys_and_who_one_is(around: Server) -> None:
    iam, sts = around.client("iam"), around.client("sts")
    role = iam.create_role(RoleName="task", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
    iam.attach_role_policy(RoleName="task", PolicyArn=policy)
    assert sts.get_caller_identity()["Account"] == ACCOUNT
    keys = sts.assume_role(RoleArn=role, RoleSessionName="session")["Credentials"]
    assumed = boto3.client(
        "sts",
        endpoint_url=around.url,
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    assert assumed.get_caller_identity()["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/task/session"


def test_a_new_account_has_a_network_whose_zones_are_those_of_tasks(around: Server) -> None:
    ec2, ecs = around.client("ec2"), around.client("ecs")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    assert [group["GroupName"] for group in groups] == ["default"]
    made = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.128.0/20", AvailabilityZone="us-east-1b")["Subnet"]
    subnets = {s["SubnetId"]: s["AvailabilityZone"] for s in ec2.describe_subnets()["Subnets"]}
    assert sorted(subnets.values()) == ["us-east-1a", "us-east-1b", "us-east-1b", "us-east-1c"]
    assert subnets[made["SubnetId"]] == "us-east-1b"
    define(ecs, "zones", "web")
    for subnet, zone in subnets.items():
        network = {"awsvpcConfiguration": {"subnets": [subnet]}}
        task = ecs.run_task(taskDefinition="zones", launchType="FARGATE", networkConfiguration=network)["tasks"][0]
        assert task["availabilityZone"] == zone


def test_a_tasks_network_interface_is_found_by_ec2(around: Server) -> None:
    ec2, ecs = around.client("ec2"), around.client("ecs")
    group = ec2.create_security_group(GroupName="web", Description="web")["GroupId"]
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="172.31.240.0/20")["Subnet"]["SubnetId"]
    define(ecs, "found", "web")
    own = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    arns = []
    for where in (
        {"subnets": [subnet], "securityGroups": [group]},
        {"subnets": ["subnet-1"], "assignPublicIp": "ENABLED"},
    ):
        network = {"awsvpcConfiguration": where}
        task = ecs.run_task(taskDefinition="found", launchType="FARGATE", networkConfiguration=network)["tasks"][0]
        arns.append(task["taskArn"])
    ecs.get_waiter("tasks_running").wait(tasks=arns, WaiterConfig=QUICK)
    tasks = {task["taskArn"]: task for task in ecs.describe_tasks(tasks=arns)["tasks"]}
    details = [{d["name"]: d["value"] for d in tasks[arn]["attachments"][0]["details"]} for arn in arns]
    ids = [found["networkInterfaceId"] for found in details]
    first, second = (ec2.describe_network_interfaces(NetworkInterfaceIds=[i])["NetworkInterfaces"][0] for i in ids)
    assert first["PrivateIpAddress"] == details[0]["privateIPv4Address"]
    assert (first["MacAddress"], first["Status"]) == (details[0]["macAddress"], "in-use")
    assert (first["SubnetId"], [g["GroupId"] for g in first["Groups"]]) == (subnet, [group])
    assert first["AvailabilityZone"] == tasks[arns[0]]["availabilityZone"]
    assert "Association" not in first
    assert (second["SubnetId"], second["AvailabilityZone"]) == ("subnet-1", tasks[arns[1]]["availabilityZone"])
    assert second["Association"]["PublicIp"] == details[1]["privateIPv4Address"]
    there = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [subnet]}])["NetworkInterfaces"]
    assert {i["NetworkInterfaceId"] for i in there} == {ids[0], own}
    for arn in arns:
        ecs.stop_task(task=arn)
    ecs.get_waiter("tasks_stopped").wait(tasks=arns, WaiterConfig=QUICK)
    left = {i["NetworkInterfaceId"] for i in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    assert own in left
    assert not left & set(ids)


def test_other_services(around: Server) -> None:
    kms = around.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    assert (
        kms.decrypt(CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"\0\xff")["CiphertextBlob"])["Plaintext"]
        == b"\0\xff"
    )
    repository = around.client("ecr").create_repository(repositoryName="web")["repository"]
    assert repository["repositoryUri"] == f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/web"
    logs = around.client("logs")
    logs.create_log_group(logGroupName="app")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["app"]
    cloudwatch = around.client("cloudwatch")
    cloudwatch.put_metric_data(Namespace="app", MetricData=[{"MetricName": "load", "Value": 1}])
    assert cloudwatch.list_metrics(Namespace="app")["Metrics"][0]["MetricName"] == "load"
    table = around.client("dynamodb")
    table.create_table(
        TableName="things",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table.put_item(TableName="things", Item={"id": {"S": "a"}})
    assert table.get_item(TableName="things", Key={"id": {"S": "a"}})["Item"] == {"id": {"S": "a"}}
    zone = around.client("route53").create_hosted_zone(Name="example.org", CallerReference="1")["HostedZone"]
    assert zone["Name"] == "example.org."
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("hook.py", "def handler(event, context): return {}")
    function = around.client("lambda").create_function(
        FunctionName="hook",
        Runtime="python3.12",
        Role=around.client("iam").create_role(RoleName="hook", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"],
        Handler="hook.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    assert function["FunctionArn"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:hook"


def test_objects(around: Server) -> None:
    s3 = around.client("s3")
    s3.create_bucket(Bucket="objects")
    key, content = "ü/a +%?&=/x", bytes(range(256)) * 4096 * 17  # more than KECS's own APIs take
    s3.put_object(Bucket="objects", Key=key, Body=content, Metadata={"my_key": "v"}, ContentEncoding="gzip")
    found = s3.get_object(Bucket="objects", Key=key)
    assert (found["Body"].read() == content, found["Metadata"], found["ContentEncoding"]) == (
        True,
        {"my_key": "v"},
        "gzip",
    )
    assert s3.head_object(Bucket="objects", Key=key)["ContentLength"] == len(content)
    part = s3.get_object(Bucket="objects", Key=key, Range="bytes=10-12")
    assert (part["ResponseMetadata"]["HTTPStatusCode"], part["Body"].read()) == (206, b"\x0a\x0b\x0c")
    s3.upload_fileobj(io.BytesIO(content), "objects", "in parts")
    assert [o["Size"] for o in s3.list_objects_v2(Bucket="objects")["Contents"]] == [len(content), len(content)]
    assert code(s3.head_object, Bucket="objects", Key="none") == (404, "404")
    assert code(s3.get_object, Bucket="none", Key="none") == (404, "NoSuchBucket")
    s3.delete_object(Bucket="objects", Key=key)
    assert code(s3.get_object, Bucket="objects", Key=key) == (404, "NoSuchKey")


def test_objects_by_whichever_road(around: Server) -> None:
    """In chunks with a checksum behind them, in HTTP's own chunks, by a signed URL, as a form, by the bucket's host."""
    s3 = around.client("s3")
    s3.create_bucket(Bucket="roads")
    signature = {"Authorization": signed("s3")}
    chunked = b"b\r\nhello world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"
    aws_chunked = {
        "X_Amz_Content_Sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "Content_Encoding": "aws-chunked",
        "X_Amz_Decoded_Content_Length": "11",
        "X_Amz_Trailer": "x-amz-checksum-crc32",
    }
    status(f"{around.url}/roads/chunks", "PUT", chunked, **signature, **aws_chunked)
    stream: Any = iter([b"hello ", b"world"])
    status(f"{around.url}/roads/stream", "PUT", stream, Transfer_Encoding="chunked", **signature)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": "roads", "Key": "presigned"})
    status(url, "PUT", b"hello world", Content_Type="application/x-www-form-urlencoded")
    status(f"{around.url}/host", "PUT", b"hello world", Host="roads.s3.localhost:5373", **signature)
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="roads")["Contents"]]
    assert keys == ["chunks", "host", "presigned", "stream"]
    for key in keys:
        assert s3.get_object(Bucket="roads", Key=key)["Body"].read() == b"hello world"
    old = Config(signature_version="s3")
    version_2 = boto3.client(
        "s3", endpoint_url=around.url, aws_access_key_id="x", aws_secret_access_key="y", config=old
    )
    url = version_2.generate_presigned_url("get_object", Params={"Bucket": "roads", "Key": "host"})
    assert status(url) == (200, b"hello world")


def test_accounts_and_regions_are_apart(around: Server) -> None:
    around.client("sqs").create_queue(QueueName="mine")
    around.client("ssm", region="eu-west-1").put_parameter(Name="there", Value="1", Type="String")
    assert "QueueUrls" not in around.client("sqs", account="222222222222").list_queues(QueueNamePrefix="mine")
    assert "QueueUrls" not in around.client("sqs", region="eu-west-1").list_queues(QueueNamePrefix="mine")
    assert code(around.client("ssm").get_parameter, Name="there") == (400, "ParameterNotFound")


def test_ecs_and_what_deals_with_it_stay_kecs_own(around: Server) -> None:
    """moto plays these too, and knows nothing of what runs here."""
    events = around.client("events")
    events.put_rule(Name="mine", EventPattern='{"source":["aws.ecs"]}')
    assert [cluster for cluster in around.client("ecs").list_clusters()["clusterArns"] if "default" in cluster]
    assert [rule["Name"] for rule in events.list_rules()["Rules"]] == ["mine"]
    assert around.client("scheduler").list_schedules()["Schedules"] == []


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ssm", "describe_ops_items", {}),
        ("iam", "get_organizations_access_report", {"JobId": "1" * 36}),
        ("ec2", "describe_fast_launch_images", {}),
        ("lightsail", "get_bundles", {}),
        ("braket", "search_devices", {"filters": []}),
    ],
)
def test_what_moto_does_not_have_is_said_in_the_protocol_of_the_request(
    around: Server, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match=f"moto, which plays the service {service}, does not have this") as refused:
        getattr(around.client(service), operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_the_command_line(around: Server) -> None:
    around.aws("s3", "mb", "s3://command-line")
    piped = subprocess.run(
        [AWS, "--endpoint-url", around.url, "s3", "cp", "-", "s3://command-line/a"],
        input=b"hello",
        env={**os.environ, "AWS_ACCESS_KEY_ID": ACCOUNT, "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1"},
        check=False,
        capture_output=True,
    )
    assert piped.returncode == 0, piped.stderr
    assert around.aws("s3", "cp", "s3://command-line/a", "-") == "hello"
    around.aws("ssm", "put-parameter", "--name", "cli", "--value", "1", "--type", "String")
    assert around.aws("ssm", "get-parameter", "--name", "cli", "--query", "Parameter.Value") == "1"


def test_whoever_waits_for_a_message_keeps_nobody_waiting(around: Server) -> None:
    sqs = around.client("sqs")
    url = sqs.create_queue(QueueName="waited-for")["QueueUrl"]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=url, MessageBody="here")
        assert waiting.result(10)["Messages"][0]["Body"] == "here"


def test_a_reset_forgets_them_too(tmp_path: Any) -> None:
    """In one KECS: another has a moto of its own."""
    flags = ("--test-mode", "--port", "0", "--data-dir", str(tmp_path))
    with running(*flags) as one, running(*flags) as other:
        for server in one, other:
            server.client("s3").create_bucket(Bucket="same")
            server.client("ssm").put_parameter(Name="same", Value=server.url, Type="String")
        assert other.client("ssm").get_parameter(Name="same")["Parameter"]["Value"] == other.url
        one.reset()
        assert one.client("s3").list_buckets()["Buckets"] == []
        assert code(one.client("ssm").get_parameter, Name="same") == (400, "ParameterNotFound")
        assert [bucket["Name"] for bucket in other.client("s3").list_buckets()["Buckets"]] == ["same"]
