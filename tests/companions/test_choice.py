"""What `--companion` says, and which host a service has."""

from __future__ import annotations

import pytest

from kecs.companions.choice import chosen
from kecs.companions.hosts import bucket_in, host_of

ELSEWHERE = "http://127.0.0.1:4566"


def test_moto_unless_somebody_says_otherwise() -> None:
    assert chosen([]).of("s3") == "moto"
    assert not chosen([]).nobody


def test_one_for_all_and_one_for_a_service() -> None:
    choice = chosen([ELSEWHERE + "/", "s3=moto", "elbv2=none"])
    assert [choice.of(name) for name in ("ssm", "s3", "elasticloadbalancing")] == [ELSEWHERE, "moto", "none"]
    assert not choice.nobody


def test_the_last_one_counts() -> None:
    assert chosen(["none", ELSEWHERE, "s3=none", f"s3={ELSEWHERE}"]) == chosen([ELSEWHERE, f"s3={ELSEWHERE}"])


def test_nobody() -> None:
    assert chosen(["none"]).nobody
    assert not chosen(["none", f"s3={ELSEWHERE}"]).nobody


@pytest.mark.parametrize("value", ["", "s3", "s3=", "ftp://x", "http://", "=none", "S3=none", "http://x y"])
def test_what_says_nothing(value: str) -> None:
    with pytest.raises(ValueError, match="moto, none, a URL"):
        chosen([value])


@pytest.mark.parametrize(
    ("host", "bucket"),
    [
        ("images.s3.localhost:5373", "images"),
        ("images.localhost", "images"),
        ("my.images.s3.eu-west-1.amazonaws.com", "my.images"),
        ("images.s3-eu-west-1.amazonaws.com", "images"),
        ("images.host.docker.internal:5373", "images"),
        ("host.docker.internal:5373", ""),
        ("s3.eu-west-1.amazonaws.com", ""),
        ("s3.localhost", ""),
        ("localhost:5373", ""),
        ("127.0.0.1:5373", ""),
    ],
)
def test_a_bucket_in_the_name_of_the_host(host: str, bucket: str) -> None:
    assert bucket_in(host) == bucket


@pytest.mark.parametrize(
    ("service", "path", "target", "host"),
    [
        ("ssm", "/", "", "ssm.eu-west-1.amazonaws.com"),
        ("iam", "/", "", "iam.amazonaws.com"),
        ("ecr", "/", "", "api.ecr.eu-west-1.amazonaws.com"),
        ("dynamodb", "/", "DynamoDB_20120810.GetItem", "dynamodb.eu-west-1.amazonaws.com"),
        ("dynamodb", "/", "DynamoDBStreams_20120810.ListStreams", "streams.dynamodb.eu-west-1.amazonaws.com"),
        ("sagemaker", "/endpoints/x/invocations", "", "runtime.sagemaker.eu-west-1.amazonaws.com"),
        ("s3", "/v20180820/configuration", "", "1.s3-control.eu-west-1.amazonaws.com"),
        ("dsql", "/", "", "dsql.eu-west-1.api.aws"),
    ],
)
def test_hosts(service: str, path: str, target: str, host: str) -> None:
    assert host_of(service, "eu-west-1", path, target, "1") == host
