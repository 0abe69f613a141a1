"""Applications: names, ARNs and tags of theirs and of deployment groups. `services.codedeploy` calls it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kecs.aws.model import codedeploy as c
from kecs.core.arns import Scope
from kecs.core.codedeploy.configs import ONLY_ECS
from kecs.core.records.codedeploy import ApplicationRecord, Tags

MOST_TAGS = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256
NO_APPLICATION = "No application found for name: {name}"
_NAME = "[A-Za-z0-9+=,.@_-]+"
_ARN = re.compile(rf"arn:aws[\w-]*:codedeploy:[a-z0-9-]+:(?:\d{{12}})?:(\w+):{_NAME}(?:/{_NAME})?", re.ASCII)


def application_arn(scope: Scope, name: str) -> str:
    return f"arn:aws:codedeploy:{scope.region}:{scope.account}:application:{name}"


def group_arn(scope: Scope, application: str, name: str) -> str:
    return f"arn:aws:codedeploy:{scope.region}:{scope.account}:deploymentgroup:{application}/{name}"


def new_application(
    request: c.CreateApplicationInput, scope: Scope, application_id: str, now: float
) -> ApplicationRecord:
    """Raises modelled errors."""
    if request.compute_platform != "ECS":
        raise c.InvalidComputePlatformException(ONLY_ECS)
    return ApplicationRecord(
        id=application_id,
        arn=application_arn(scope, request.application_name),
        created_at=now,
        tags=tagged((), request.tags),
    )


def application_view(application: ApplicationRecord) -> c.ApplicationInfo:
    return c.ApplicationInfo(
        application_id=application.id,
        application_name=application.name,
        create_time=application.created_at,
        linked_to_git_hub=False,
        compute_platform="ECS",
    )


def tagged(tags: Tags, added: Sequence[c.Tag] | None) -> Tags:
    """The tags with these put in. Raises InvalidTagsToAddException."""
    merged = dict(tags)
    for tag in added or ():
        key, value = tag.key or "", tag.value or ""
        if not 1 <= len(key) <= LONGEST_KEY or len(value) > LONGEST_VALUE:
            raise c.InvalidTagsToAddException(
                f"A tag has a key of 1 to {LONGEST_KEY} characters and a value of at most {LONGEST_VALUE}"
            )
        if key.lower().startswith("aws:"):
            raise c.InvalidTagsToAddException("Tag keys must not start with aws:")
        merged[key] = value
    if len(merged) > MOST_TAGS:
        raise c.InvalidTagsToAddException(f"A resource has at most {MOST_TAGS} tags")
    return tuple(merged.items())


def tag_views(tags: Tags) -> list[c.Tag]:
    return [c.Tag(key=key, value=value) for key, value in tags]


def with_account(arn: str, account: str) -> str:
    """The ARN, with this account if it has none: clients that are told not to ask for theirs make such ARNs."""
    *before, own, resource = arn.split(":", 5)
    return ":".join([*before, own or account, resource])


def kind_of(arn: str) -> str:
    """`application` or `deploymentgroup`. Raises InvalidArnException and ArnNotSupportedException."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise c.InvalidArnException(f"The ARN is not valid: {arn}")
    if found[1] not in ("application", "deploymentgroup"):
        raise c.ArnNotSupportedException(f"Only applications and deployment groups have tags, and {arn} is neither")
    return found[1]
