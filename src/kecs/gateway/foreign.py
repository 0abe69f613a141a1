"""Requests for services of AWS's that KECS does not have: which service one is for, its refusal. `gateway.http` asks.

The signature says it, in the header or, for a presigned URL, in the query. Who may call without a signature (S3 and a
few others) is told apart by the target header, by the version of the API that every Query request carries, or by the
path: what is signed by nobody and none of these is S3's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

from kecs.aws.errors import UnknownOperationException
from kecs.aws.protocols import error_in, protocol_of
from kecs.gateway.endpoint import THERE, Answer
from kecs.ports.companion import Addressed
from kecs.services.apis import APIS

_CREDENTIAL = re.compile(rb"Credential=([^/,\s]+)/[^/]*/([^/]*)/([A-Za-z0-9-]+)/aws4_request")
_OLD_SIGNATURE = re.compile(rb"AWS ([^:\s]+):")  # version 2; only S3 is still called with it
_OURS = {api.name for api in APIS}

_BY_TARGET = {
    "AWSCognitoIdentityProviderService": "cognito-idp",
    "AWSCognitoIdentityService": "cognito-identity",
    "AWSStepFunctions": "states",
    "AmazonEC2ContainerRegistry_V20150921": "ecr",
    "AmazonSQS": "sqs",
    "AmazonSSM": "ssm",
    "CertificateManager": "acm",
    "DynamoDBStreams_20120810": "dynamodb",
    "DynamoDB_20120810": "dynamodb",
    "Firehose_20150804": "firehose",
    "Kinesis_20131202": "kinesis",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}
_BY_VERSION = {
    "2010-03-31": "sns",
    "2010-05-08": "iam",
    "2010-05-15": "cloudformation",
    "2010-08-01": "monitoring",
    "2011-01-01": "autoscaling",
    "2011-06-15": "sts",
    "2012-06-01": "elasticloadbalancing",
    "2012-11-05": "sqs",
    "2014-10-31": "rds",
    "2015-02-02": "elasticache",
    "2015-12-01": "elasticloadbalancing",
    "2016-11-15": "ec2",
}


def signed_service(authorization: bytes | None) -> str:
    """The service that a signature is for; "" without one."""
    match = _CREDENTIAL.search(authorization or b"")
    return match[3].decode().lower() if match else ""


def signed(authorization: bytes | None, query: bytes) -> Addressed | None:
    """Whom a request is signed for; None: nobody has signed it."""
    if authorization is not None:
        match = _CREDENTIAL.search(authorization)
        if match is not None:
            return _addressed(match)
        old = _OLD_SIGNATURE.match(authorization)
        return Addressed("s3", "", old[1].decode(errors="replace")) if old else None
    if b"X-Amz-Credential=" in query:
        given = parse_qs(query.decode(errors="replace")).get("X-Amz-Credential", [""])
        match = _CREDENTIAL.search(f"Credential={given[0]}".encode())
        return _addressed(match) if match else None
    if b"AWSAccessKeyId=" in query and b"Signature=" in query:
        return Addressed("s3", "", parse_qs(query.decode(errors="replace"))["AWSAccessKeyId"][0])
    return None


def unsigned(target: bytes, path: str, query: bytes, body: bytes) -> Addressed | None:
    """Whom a request is for that nobody has signed; None when it does not say so."""
    if target:
        service = _BY_TARGET.get(target.partition(b".")[0].decode(errors="replace"))
        return Addressed(service, "", "") if service else None
    if path not in ("/", "*"):
        return Addressed("s3", "", "")
    said = parse_qs((query if b"Action=" in query else body[:65536]).decode(errors="replace"))
    service = _BY_VERSION.get(said["Version"][0]) if "Action" in said and "Version" in said else None
    return Addressed(service, "", "") if service else None


def is_ours(service: str) -> bool:
    """Whether KECS answers for a service itself."""
    return service in _OURS


def refusal_of_foreign(to: Addressed, headers: Mapping[bytes, bytes]) -> Answer:
    """The answer to a request for a service that is not there."""
    text = f"KECS does not have the service {to.service}. It has {THERE}."
    refusal = error_in(protocol_of(headers, to.service), 400, UnknownOperationException.code, text)
    (_, content_type), *others = refusal.headers
    return Answer(refusal.status, refusal.body, content_type, tuple(others))


def _addressed(match: re.Match[bytes]) -> Addressed:
    key, region, service = (part.decode(errors="replace") for part in match.groups())
    return Addressed(service.lower(), region, key)
