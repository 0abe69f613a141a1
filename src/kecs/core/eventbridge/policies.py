"""The policies of event buses: who else may put events on them. They are kept and shown; KECS asks nobody.

Called by services.events. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-bus-perms.html
"""

from __future__ import annotations

from typing import Any

import msgspec

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e

VERSION = "2012-10-17"
LONGEST = 10 * 1024  # bytes
NEEDED = {"action": "Action", "principal": "Principal", "statement_id": "StatementId"}


def permitted(policy: str | None, request: e.PutPermissionRequest, bus_arn: str) -> str:
    """The policy with what the request adds: a statement, in place of one of the same id, or all of it.

    Raises ValidationException, PolicyLengthExceededException.
    """
    if request.policy is not None:
        found = _checked(request.policy)
    else:
        added = _statement(request, bus_arn)
        others = [each for each in statements(policy) if each.get("Sid") != added["Sid"]]
        found = {"Version": VERSION, "Statement": [*others, added]}
    text = msgspec.json.encode(found)
    if len(text) > LONGEST:
        raise e.PolicyLengthExceededException(f"The policy is longer than {LONGEST} bytes.")
    return text.decode()


def without(policy: str | None, request: e.RemovePermissionRequest) -> str | None:
    """The policy without a statement, or none at all. Raises ResourceNotFoundException, ValidationException."""
    if request.remove_all_permissions:
        return None
    if request.statement_id is None:
        raise ValidationException("Parameter StatementId must be specified.")
    if policy is None:
        raise e.ResourceNotFoundException("EventBus does not have a policy.")
    left = [each for each in statements(policy) if each.get("Sid") != request.statement_id]
    if len(left) == len(statements(policy)):
        raise e.ResourceNotFoundException("Statement with the provided id does not exist.")
    return msgspec.json.encode({**msgspec.json.decode(policy), "Statement": left}).decode() if left else None


def statements(policy: str | None) -> list[dict[str, Any]]:
    """Of a policy that was checked when it came."""
    found = msgspec.json.decode(policy)["Statement"] if policy else []
    return found if isinstance(found, list) else [found]


def _checked(policy: str) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(policy)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        found = None
    said = found.get("Statement") if isinstance(found, dict) else None
    every = said if isinstance(said, list) else [said]
    if not isinstance(found, dict) or not every or not all(isinstance(each, dict) for each in every):
        raise ValidationException("This policy contains invalid Json")
    return found


def _statement(request: e.PutPermissionRequest, bus_arn: str) -> dict[str, Any]:
    for member, name in NEEDED.items():
        if getattr(request, member) is None:
            raise ValidationException(f"Parameter {name} must be specified.")
    if request.action != "events:PutEvents":
        raise ValidationException("Provided value in parameter 'action' is not supported.")
    condition, anybody = request.condition, request.principal == "*"
    if condition is not None:
        if not anybody:
            raise ValidationException(
                "Value of the parameter 'principal' must be '*' when the parameter 'condition' is set."
            )
        if (condition.type, condition.key) != ("StringEquals", "aws:PrincipalOrgID"):
            raise ValidationException("The only condition that is supported is StringEquals of aws:PrincipalOrgID.")
    return {
        "Sid": request.statement_id,
        "Effect": "Allow",
        "Principal": "*" if anybody else {"AWS": f"arn:aws:iam::{request.principal}:root"},
        "Action": request.action,
        "Resource": bus_arn,
        **({"Condition": {condition.type: {condition.key: condition.value}}} if condition else {}),
    }
