"""`--companion`: who answers for the services around ECS. `app` reads the option's values with it.

A value is `moto`, `none` or the URL of something that answers as AWS does, for every service; or, behind the name of a
service and an equals sign, for that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

MOTO = "moto"
NONE = "none"
PATTERN = re.compile(r"([a-z0-9][a-z0-9-]*=)?(moto|none|https?://[^\s/,=]+[^\s,]*)")
WANTED = "moto, none, a URL, or one of these for a service, such as s3=http://127.0.0.1:9000."

# Names that people know services by (boto3's), and what signatures call these services.
_SIGNED_AS = {
    "cloudwatch": "monitoring",
    "efs": "elasticfilesystem",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "emr": "elasticmapreduce",
    "opensearch": "es",
    "resourcegroupstaggingapi": "tagging",
    "sesv2": "ses",
    "stepfunctions": "states",
}


class Choice(NamedTuple):
    """`moto`, `none` or a URL, by service."""

    of_all: str
    of_service: dict[str, str]

    def of(self, service: str) -> str:
        return self.of_service.get(service, self.of_all)

    @property
    def nobody(self) -> bool:
        return {self.of_all, *self.of_service.values()} == {NONE}


def chosen(values: Iterable[str]) -> Choice:
    """What the values say together; of two for the same, the last. Raises ValueError for one that says nothing."""
    of_all, of_service = MOTO, dict[str, str]()
    for value in values:
        match = PATTERN.fullmatch(value)
        if match is None:
            raise ValueError(f"{WANTED[:-1]}, not {value!r}")
        companion = match[2].rstrip("/")
        if match[1]:
            service = match[1][:-1]
            of_service[_SIGNED_AS.get(service, service)] = companion
        else:
            of_all = companion
    return Choice(of_all, of_service)
