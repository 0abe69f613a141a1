"""What `valueFrom` of a secret, `value` of an environment file and `credentialsParameter` name.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-ssm-paramstore.html
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/secrets-envvar-secrets-manager.html
Called by `lookups` and `equip`.
"""

from __future__ import annotations

from typing import NamedTuple

from kecs.core.arns import Scope

BAD_SECRET = (
    "an invalid ARN format for the AWS Secrets Manager secret was specified. Specify a valid ARN and try again."
)
BAD_PARAMETER = (
    "an invalid ARN format for the Systems Manager parameter was specified. Specify a valid ARN and try again."
)


class InvalidReference(Exception):
    """It names nothing that can be looked up; the text says why."""


class Parameter(NamedTuple):
    """A parameter of the Parameter Store."""

    scope: Scope  # where it is
    names: tuple[str, ...]  # what it may be called: x and /x have the same ARN


class SecretVersion(NamedTuple):
    """A version of a secret in Secrets Manager, or one member of the JSON in it."""

    scope: Scope  # where it is
    secret: str  # ARN or name
    json_key: str | None = None  # None: all of it
    stage: str | None = None
    version: str | None = None


class S3Object(NamedTuple):
    bucket: str
    key: str


def secret_reference(value_from: str, scope: Scope) -> Parameter | SecretVersion:
    """What a secret of a task of `scope` comes from: a name or ARN of a parameter, or a secret's ARN with or without
    `:json-key:version-stage:version-id`. Raises InvalidReference."""
    if not value_from.startswith("arn:"):
        return Parameter(scope, (value_from,))
    parts = value_from.split(":")
    if len(parts) < 6:
        raise InvalidReference(BAD_PARAMETER)
    service, region, account, *resource = parts[2:]
    where = Scope(account or scope.account, region or scope.region)
    if service == "secretsmanager":
        return _secret_version(value_from, where, resource)
    kind, _, name = ":".join(resource).partition("/")
    if service != "ssm" or kind != "parameter" or not name:
        raise InvalidReference(BAD_PARAMETER)
    in_root = f"/{name.lstrip('/')}"
    return Parameter(where, (in_root,) if "/" in name else (name, in_root))


def _secret_version(arn: str, where: Scope, resource: list[str]) -> SecretVersion:
    if len(resource) == 2:
        return SecretVersion(where, arn)
    if len(resource) != 5:
        raise InvalidReference(BAD_SECRET)
    bare = ":".join(arn.split(":")[:7])
    _, _, json_key, stage, version = resource
    return SecretVersion(where, bare, json_key or None, stage or None, version or None)


def login_reference(parameter: str, scope: Scope) -> SecretVersion:
    """The secret that `credentialsParameter` names, by its ARN, or by its name in the task's own region."""
    parts = parameter.split(":")
    where = Scope(parts[4] or scope.account, parts[3] or scope.region) if len(parts) > 6 else scope
    return SecretVersion(where, parameter)


def object_reference(arn: str) -> S3Object:
    """The object that `value` of an environment file names. Registration has looked at it."""
    bucket, _, key = arn.split(":", 5)[5].partition("/")
    return S3Object(bucket, key)
