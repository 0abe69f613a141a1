"""What moto does otherwise in KECS's process for it: held against the moto that is locked, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

BEGIN = """
import gc, importlib, json
from kecs.companions.moto import quirks
quirks.forget_objects()
quirks.forget_quickly()
from kecs.companions.moto.backends import Call, answer

def call(service, prefix, operation, region="us-east-1", **members):
    host = f"https://{service}.{region}.amazonaws.com/"
    headers = {"x-amz-target": f"{prefix}.{operation}", "content-type": "application/x-amz-json-1.0"}
    headers["x-moto-account-id"] = "111111111111"
    return json.loads(answer(Call("POST", host, host, headers, json.dumps(members).encode())).body or "{}")

def query(service, region="us-east-1", **members):
    from urllib.parse import urlencode
    host = f"https://{service}.{region}.amazonaws.com/"
    headers = {"content-type": "application/x-www-form-urlencoded", "x-moto-account-id": "111111111111"}
    return answer(Call("POST", host, host, headers, urlencode(members).encode())).body.decode()
"""


def run(code: str) -> None:
    """In an interpreter that has none of pytest's."""
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_object_that_is_gone_is_gone() -> None:
    run("""
        from moto.ssm.models import Parameter
        from moto.sqs.models import Message, Queue
        url = call("sqs", "AmazonSQS", "CreateQueue", QueueName="q")["QueueUrl"]
        for _ in range(50):
            call("sqs", "AmazonSQS", "SendMessage", QueueUrl=url, MessageBody="x")
            handle = call("sqs", "AmazonSQS", "ReceiveMessage", QueueUrl=url)["Messages"][0]["ReceiptHandle"]
            call("sqs", "AmazonSQS", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
        gc.collect()
        assert not [o for o in gc.get_objects() if type(o) is Message]
        quirks.forget()
        gc.collect()
        assert not [o for o in gc.get_objects() if type(o) is Queue]
    """)


def test_what_nobody_can_look_at_is_kept_for_the_newest_only() -> None:
    run("""
        quirks.KEPT = 10
        topic = query("sns", Action="CreateTopic", Name="t", Version="2010-03-31").split("TopicArn>")[1][:-2]
        url = call("sqs", "AmazonSQS", "CreateQueue", QueueName="q")["QueueUrl"]
        for _ in range(30):
            query("sns", Action="Publish", TopicArn=topic, Message="x", Version="2010-03-31")
            call("sqs", "AmazonSQS", "SendMessage", QueueUrl=url, MessageBody="x")
            handle = call("sqs", "AmazonSQS", "ReceiveMessage", QueueUrl=url)["Messages"][0]["ReceiptHandle"]
            for _ in range(2):  # again is no mistake
                call("sqs", "AmazonSQS", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
        from moto.sns.models import sns_backends
        from moto.sqs.models import sqs_backends
        (topic,) = sns_backends["111111111111"]["us-east-1"].topics.values()
        (queue,) = sqs_backends["111111111111"]["us-east-1"].queues.values()
        assert (len(topic.sent_notifications), len(queue.deleted_messages)) == (10, 10)
    """)


def test_zones_are_kecs_own() -> None:
    """In regions that have three at AWS, and in those that have more, fewer, or others."""
    run("""
        from kecs.core.zones import zone_of_subnet, zones_of_region
        query("ec2", Action="DescribeVpcs", Version="2016-11-15")
        from moto.ec2.models import ec2_backends
        for region in ("eu-west-1", "us-east-1", "us-west-1", "ap-northeast-1", "cn-north-1"):
            backend = ec2_backends["111111111111"][region]
            zones = backend.describe_availability_zones()
            assert tuple(zone.name for zone in zones) == zones_of_region(region)
            assert len({zone.zone_id for zone in zones}) == 3
            vpc = backend.get_default_vpc()
            for number, zone in enumerate(zones * 4):
                block = f"172.31.{200 + number}.0/24"
                asked = {"availability_zone_id": zone.zone_id} if number % 2 else {"availability_zone": zone.name}
                assert backend.create_subnet(vpc.id, block, **asked).availability_zone == zone.name
            subnets = backend.describe_subnets()
            assert len(subnets) == 15
            assert all(zone_of_subnet(subnet.id, region) == subnet.availability_zone for subnet in subnets)
    """)


def test_services_with_files_of_their_own_forget_too() -> None:
    run("""
        host = "https://s3.us-east-1.amazonaws.com/"
        headers = {"x-moto-account-id": "111111111111"}
        put = lambda path, body=b"": answer(Call("PUT", host + path, host + path, dict(headers), body)).status
        assert (put("bucket"), put("bucket/key", b"x" * 6_000_000)) == (200, 200)
        quirks.forget()
        assert b"NoSuchBucket" in answer(Call("GET", host + "bucket/key", host + "bucket/key", dict(headers), b"")).body
    """)


def test_many_at_once() -> None:
    """moto by itself goes through what another thread is changing."""
    run("""
        import sys
        from concurrent.futures import ThreadPoolExecutor
        sys.setswitchinterval(1e-6)

        def make(number):
            name = f"secret-{number}"
            made = call("secretsmanager", "secretsmanager", "CreateSecret", Name=name, SecretString="x")
            call("secretsmanager", "secretsmanager", "ListSecrets")
            return made["Name"]

        with ThreadPoolExecutor(16) as pool:
            assert len(set(pool.map(make, range(300)))) == 300
    """)


@pytest.mark.skipif(sys.platform != "linux", reason="looks at its memory as Linux shows it")
def test_memory_stays_flat() -> None:
    """While tasks read and write what is gone again: a tenth of what passes through would be noticed."""
    run("""
        from pathlib import Path
        text, pages = "x" * 30_000, lambda: int(Path("/proc/self/statm").read_text().split()[1])
        url = call("sqs", "AmazonSQS", "CreateQueue", QueueName="q")["QueueUrl"]
        call("secretsmanager", "secretsmanager", "CreateSecret", Name="s", SecretString="x")
        host = "https://s3.us-east-1.amazonaws.com/bucket"
        answer(Call("PUT", host, host, {}, b""))

        def work(rounds):
            for _ in range(rounds):
                call("sqs", "AmazonSQS", "SendMessage", QueueUrl=url, MessageBody=text)
                handle = call("sqs", "AmazonSQS", "ReceiveMessage", QueueUrl=url)["Messages"][0]["ReceiptHandle"]
                call("sqs", "AmazonSQS", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
                call("secretsmanager", "secretsmanager", "GetSecretValue", SecretId="s")
                for method in ("PUT", "GET", "DELETE"):
                    answer(Call(method, host + "/key", host + "/key", {}, text.encode() if method == "PUT" else b""))
            gc.collect()

        work(100)
        before = pages()
        work(500)
        assert (pages() - before) * 4096 < 500 * len(text) * 2 / 10, pages() - before
    """)


def test_a_token_for_a_registry_is_good_for_a_while() -> None:
    run("""
        import time
        (data,) = call("ecr", "AmazonEC2ContainerRegistry_V20150921", "GetAuthorizationToken")["authorizationData"]
        assert 11 * 3600 < data["expiresAt"] - time.time() < 13 * 3600
    """)


def test_an_older_moto_gives_its_tokens_all_the_same() -> None:
    run("""
        from moto.ecr.responses import ECRResponse
        given = {"authorizationData": [{"authorizationToken": "t"}]}
        ECRResponse.get_authorization_token = lambda self: json.dumps(given)
        assert call("ecr", "AmazonEC2ContainerRegistry_V20150921", "GetAuthorizationToken") == given
    """)


def test_an_error_says_what_aws_says() -> None:
    run("""
        call("secretsmanager", "secretsmanager", "CreateSecret", Name="x", SecretString="y")
        call("secretsmanager", "secretsmanager", "DeleteSecret", SecretId="x")
        refused = call("secretsmanager", "secretsmanager", "GetSecretValue", SecretId="x")
        assert refused["message"].startswith("You tried to perform the operation on a secret that's"), refused
    """)
