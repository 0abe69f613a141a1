"""The host that AWS answers at for a service. A signature names the service in a word that is not always its host's.

Real AWS is called there, and moto knows its backends by these hosts. `around` asks.
"""

from __future__ import annotations

import re

_PREFIXES = {
    "apigateway": "apigateway",
    "aps": "aps",
    "detective": "api.detective",
    "ecr": "api.ecr",
    "ecr-public": "api.ecr-public",
    "iotdata": "data-ats.iot",
    "memorydb": "memory-db",
    "mobiletargeting": "pinpoint",
    "payment-cryptography": "controlplane.payment-cryptography",
    "pricing": "api.pricing",
    "sagemaker": "api.sagemaker",
    "ses": "email",
    "timestream": "ingest.timestream",
}
_WITHOUT_REGION = {"budgets", "cloudfront", "iam", "importexport", "route53", "waf"}
_OF_ANOTHER_DOMAIN = {"aidevops", "dsql", "s3vectors"}
# Services that share a name in signatures with another: what their requests have that the other's have not.
_BY_PATH: dict[str, list[tuple[re.Pattern[str], str]]] = {
    "bedrock": [
        (re.compile(r"/model/"), "bedrock-runtime"),
        (re.compile(r"/(agents|knowledgebases|flows|prompts)\b"), "bedrock-agent"),
    ],
    "sagemaker": [
        (re.compile(r".*/invocations$"), "runtime.sagemaker"),
        (re.compile(r".*/BatchPutMetrics$"), "metrics.sagemaker"),
    ],
}
_BY_TARGET: dict[str, list[tuple[re.Pattern[str], str]]] = {
    "dynamodb": [(re.compile("DynamoDBStreams"), "streams.dynamodb")],
    "mediastore": [(re.compile("$"), "data.mediastore")],
    "timestream": [(re.compile(r".*\.(CancelQuery|Query|.*ScheduledQuer.*)$"), "query.timestream")],
}
# What stands before the domain in the name of a host that has a bucket's name in it.
_BUCKET = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}?[a-z0-9])"
    r"(\.s3([.-][a-z0-9-]+)*?)?\.(localhost|amazonaws\.com|(host|gateway)\.docker\.internal)(:\d+)?"
)
_NO_BUCKET = re.compile(r"s3([.-][a-z0-9-]+)*")


def host_of(service: str, region: str, path: str = "/", target: str = "", account: str = "") -> str:
    """Its host in the region, for a request with this path and target header."""
    if service == "s3" and path.startswith("/v20180820/"):
        return f"{account}.s3-control.{region}.amazonaws.com"
    telling = [(path, _BY_PATH.get(service, [])), (target, _BY_TARGET.get(service, []))]
    special = next((prefix for text, rows in telling for pattern, prefix in rows if pattern.match(text)), None)
    prefix = special or _PREFIXES.get(service, service)
    if service in _OF_ANOTHER_DOMAIN:
        return f"{prefix}.{region}.api.aws"
    return f"{prefix}.amazonaws.com" if service in _WITHOUT_REGION else f"{prefix}.{region}.amazonaws.com"


def bucket_in(host: str) -> str:
    """The bucket that a Host header names ("images.s3.localhost:5373"); "" when it names none."""
    match = _BUCKET.fullmatch(host.lower())
    return "" if match is None or _NO_BUCKET.fullmatch(match["bucket"]) else match["bucket"]
