"""Why a task is not given what its definition wants, in the words of Fargate and of the ECS agent on instances.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-initialization-error.html
No text has a value in it, only names. Called by `equip`.
"""

from __future__ import annotations

from collections.abc import Sequence

from kecs.core.inputs.lookups import Refusal
from kecs.core.inputs.references import S3Object, SecretVersion

ERROR = "ResourceInitializationError: "
PULL = f"{ERROR}unable to pull secrets or registry auth: execution resource retrieval failed: "
RETRIED = "service call has been retried 1 time(s): "
_NOT_THERE = {"NoSuchKey": "The specified key does not exist.", "NoSuchBucket": "The specified bucket does not exist"}


class Unresolved(Exception):
    """The task cannot start; the text is the reason that ECS shows."""


def secret_refused(launch_type: str, wanted: SecretVersion, refusal: Refusal) -> Unresolved:
    if launch_type == "FARGATE":
        return _asm(f"failed to fetch secret {wanted.secret} from secrets manager: {refusal}")
    if refusal.code == "ResourceNotFoundException":
        return Unresolved(
            f"{ERROR}The task can't retrieve the secret with ARN '{wanted.secret}' from AWS Secrets Manager. "
            f"Check that the secret ARN is correct: {refusal}"
        )
    region = wanted.scope.region
    return Unresolved(
        f"{ERROR}fetching secret data from AWS Secrets Manager in region {region}: secret {wanted.secret}: {refusal}"
    )


def no_json_key(launch_type: str, key: str) -> Unresolved:
    problem = f"retrieved secret from Secrets Manager did not contain json key {key}"
    return _asm(problem) if launch_type == "FARGATE" else Unresolved(f"{ERROR}{problem}")


def no_json(launch_type: str, wanted: SecretVersion) -> Unresolved:
    problem = f"the value of secret {wanted.secret} is no JSON object"
    return _asm(problem) if launch_type == "FARGATE" else Unresolved(f"{ERROR}{problem}")


def invalid_reference(launch_type: str, value_from: str, problem: str) -> Unresolved:
    text = f"trying to retrieve secret with value {value_from} resulted in error: {problem}"
    return _asm(text) if launch_type == "FARGATE" else Unresolved(f"{ERROR}{text}")


def parameters_refused(launch_type: str, region: str, refusal: Refusal) -> Unresolved:
    if launch_type == "FARGATE":
        return Unresolved(f"{PULL}unable to retrieve secrets from ssm: {RETRIED}{refusal}")
    return Unresolved(f"Fetching secret data from SSM Parameter Store in {region}: {refusal}")


def invalid_parameters(launch_type: str, region: str, names: Sequence[str]) -> Unresolved:
    listed = ", ".join(names)
    if launch_type == "FARGATE":
        return Unresolved(f"{PULL}unable to retrieve secrets from ssm: {RETRIED}invalid ssm parameters: {listed}")
    return Unresolved(f"Fetching secret data from SSM Parameter Store in {region}: invalid parameters: {listed}")


def login_refused(launch_type: str, wanted: SecretVersion, refusal: Refusal) -> Unresolved:
    return no_login(launch_type, f"asm fetching secret from the service for {wanted.secret}: {refusal}")


def no_login(launch_type: str, problem: str) -> Unresolved:
    if launch_type == "FARGATE":
        return Unresolved(f"{PULL}unable to get registry auth from asm: {RETRIED}{problem}")
    return Unresolved(f"{ERROR}{problem}")


def file_refused(launch_type: str, wanted: S3Object, refusal: Refusal) -> Unresolved:
    if launch_type != "FARGATE":
        text = f"{refusal.code}: {_NOT_THERE.get(refusal.code, refusal.message)}"
        return Unresolved(
            f"{ERROR}unable to download env file with key {wanted.key} from bucket {wanted.bucket}, error: {text}"
        )
    answer = "https response error StatusCode: 404, api error NotFound: Not Found"
    if refusal.code not in _NOT_THERE:
        answer = f"api error {refusal}"
    return Unresolved(f"{ERROR}failed to download env files: {RETRIED}operation error S3: HeadObject, {answer}")


def no_access_point(launch_type: str) -> Unresolved:
    """As the file system's mount helper has it: EFS does not say more."""
    problem = "mount.nfs4: access denied by server while mounting 127.0.0.1:/"
    if launch_type == "FARGATE":
        failed = f"stderr: b'{problem}' : unsuccessful EFS utils command execution; code: 32"
        return Unresolved(f"{ERROR}failed to invoke EFS utils commands to set up EFS volumes: {failed}")
    return Unresolved(
        f"CannotCreateVolumeError: Error response from daemon: VolumeDriver.Create: mounting volume failed: {problem}"
    )


def no_variable(launch_type: str, name: str) -> Unresolved:
    problem = f"the value of the environment variable {name} has a null character in it"
    return Unresolved(f"{PULL if launch_type == 'FARGATE' else ERROR}{problem}")


def _asm(problem: str) -> Unresolved:
    return Unresolved(f"{PULL}unable to retrieve secret from asm: {RETRIED}{problem}")
