"""What `valueFrom` and its like name."""

from __future__ import annotations

import pytest

from kecs.core.arns import Scope
from kecs.core.inputs.references import (
    InvalidReference,
    Parameter,
    S3Object,
    SecretVersion,
    login_reference,
    object_reference,
    secret_reference,
)

HERE = Scope("111111111111", "us-east-1")
THERE = Scope("222222222222", "eu-west-1")
SSM = "arn:aws:ssm:eu-west-1:222222222222:parameter"
SECRET = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:app/db-AbCdEf"


@pytest.mark.parametrize(
    ("value_from", "reference"),
    [
        ("plain", Parameter(HERE, ("plain",))),
        ("/a/b", Parameter(HERE, ("/a/b",))),
        (f"{SSM}/a/b", Parameter(THERE, ("/a/b",))),
        (f"{SSM}/plain", Parameter(THERE, ("plain", "/plain"))),
        ("arn:aws-cn:ssm:eu-west-1:222222222222:parameter/a/b", Parameter(THERE, ("/a/b",))),
        (SECRET, SecretVersion(THERE, SECRET)),
        (f"{SECRET}:user::", SecretVersion(THERE, SECRET, json_key="user")),
        (f"{SECRET}::AWSPREVIOUS:", SecretVersion(THERE, SECRET, stage="AWSPREVIOUS")),
        (f"{SECRET}:::v1", SecretVersion(THERE, SECRET, version="v1")),
        (f"{SECRET}:user:AWSCURRENT:v1", SecretVersion(THERE, SECRET, "user", "AWSCURRENT", "v1")),
    ],
)
def test_a_secret(value_from: str, reference: Parameter | SecretVersion) -> None:
    assert secret_reference(value_from, HERE) == reference


@pytest.mark.parametrize(
    "value_from",
    [
        "arn:aws:ssm",
        SSM,
        "arn:aws:ssm:eu-west-1:222222222222:document/x",
        "arn:aws:s3:::bucket/key",
        f"{SECRET}:user",
        f"{SECRET}:user::v1:more",
    ],
)
def test_what_names_nothing(value_from: str) -> None:
    with pytest.raises(InvalidReference, match="Specify a valid ARN"):
        secret_reference(value_from, HERE)


def test_a_login_is_named_by_arn_or_by_name() -> None:
    assert login_reference(SECRET, HERE) == SecretVersion(THERE, SECRET)
    assert login_reference("login", HERE) == SecretVersion(HERE, "login")


def test_an_object_is_named_by_its_arn() -> None:
    assert object_reference("arn:aws:s3:::bucket/a/b:c.env") == S3Object("bucket", "a/b:c.env")
