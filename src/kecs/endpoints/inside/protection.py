"""The task scale-in protection endpoint: a container has its own task protected. Called by `app`.

It calls ECS in the task's name, as the container agent does, and so needs a task role.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from kecs.core.inside.metadata import stamp
from kecs.ports.inside import Asking, Inside

_NO_ROLE = "Invalid Request: no task IAM role credentials available for task"
_UNREADABLE = "UpdateTaskProtection: failed to decode request"
_UNSAID = "Invalid request: does not contain 'ProtectionEnabled' field"
_MEMBERS = {"protectionenabled": bool, "expiresinminutes": int}  # the agent reads names in any case


def protection(inside: Inside, asking: Asking | None, method: str, body: bytes) -> tuple[int, Any]:
    """What GET says of the protection, or what PUT makes of it: HTTP status and body."""
    said = _read(body) if method == "PUT" else {}
    if said is None:
        return 400, _error("", "InvalidParameterException", _UNREADABLE)
    if asking is None:
        return 404, _error("", "ResourceNotFoundException", "Failed to find a task for the request")
    arn = asking.of.task.arn
    if method == "PUT" and said.get("protectionenabled") is None:
        return 400, _error(arn, "InvalidParameterException", _UNSAID)
    if not asking.of.plan.definition.task_role_arn:
        return 403, _error(arn, "AccessDeniedException", _NO_ROLE)
    members: dict[str, Any] = {"cluster": asking.of.task.cluster_arn, "tasks": [arn]}
    if method == "PUT":
        members["protectionEnabled"] = said["protectionenabled"]
        if said.get("expiresinminutes") is not None:
            members["expiresInMinutes"] = said["expiresinminutes"]
    operation = "UpdateTaskProtection" if method == "PUT" else "GetTaskProtection"
    status, answer = inside.call(asking, operation, members)
    if status != 200:
        code = str(answer.get("__type", "ServerException")).rpartition("#")[2]
        failed = _error(arn, code, str(answer.get("message") or answer.get("Message") or ""))
        return status, {"requestID": inside.request_id(), **failed}
    return 200, _told(answer)


def _told(answer: Mapping[str, Any]) -> dict[str, Any]:
    for failure in answer.get("failures") or ():
        return {"failure": {"Arn": failure["arn"], "Detail": failure.get("detail"), "Reason": failure["reason"]}}
    (task,) = answer["protectedTasks"]
    return {
        "protection": {
            "ExpirationDate": stamp(task.get("expirationDate")),
            "ProtectionEnabled": task["protectionEnabled"],
            "TaskArn": task["taskArn"],
        }
    }


def _read(body: bytes) -> dict[str, Any] | None:
    """The members of a request, their names in lower case; None when it is none."""
    try:
        given = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    said = {name.lower(): value for name, value in given.items()}
    fits = all(name in _MEMBERS and (value is None or type(value) is _MEMBERS[name]) for name, value in said.items())
    return said if fits else None


def _error(arn: str, code: str, message: str) -> dict[str, Any]:
    return {"error": {**({"Arn": arn} if arn else {}), "Code": code, "Message": message}}
