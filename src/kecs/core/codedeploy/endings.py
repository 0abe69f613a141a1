"""How a deployment ends: with success, with a failure, stopped; and the rollback that comes of that.

`lifecycle` ends deployments, `control.codedeploy` and `services.codedeploy.deployments` ask for the rollback.
https://docs.aws.amazon.com/codedeploy/latest/userguide/deployments-rollback-and-redeploy.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec.structs import replace

from kecs.aws.model import codedeploy as c
from kecs.core.codedeploy.configs import ALL_AT_ONCE, PREDEFINED
from kecs.core.records.codedeploy import CodeDeploymentRecord, LifecycleEventRecord

TRIGGERED = "Deployment {id} terminated. Automatic rollback is triggered with a DeploymentId {rollback}."
ROLLS_BACK = "Deployment {rollback} is triggered to roll back deployment {id}."
NOTHING_TO_DO = "Deployment {id} terminated before there was a replacement task set. There is nothing to roll back."
STOPPED = "The deployment was stopped by a user."

CAUSES = {"ALARM_ACTIVE": "DEPLOYMENT_STOP_ON_ALARM"}
"""Which event of an automatic rollback a stop is, by the code of its error; any other is DEPLOYMENT_STOP_ON_REQUEST."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Trouble = Literal["ScriptFailed", "ScriptTimedOut"]


def error(code: c.ErrorCode, message: str) -> c.ErrorInformation:
    return c.ErrorInformation(code=code, message=message)


def deployment_id(hex32: str) -> str:
    """An id as CodeDeploy makes them: d- and nine capital letters and digits."""
    number = int(hex32, 16)
    digits = ""
    for _ in range(9):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    return f"d-{digits}"


def succeed(deployment: CodeDeploymentRecord, now: float) -> CodeDeploymentRecord:
    return replace(deployment, status="Succeeded", completed_at=now, updated_at=now)


def fail(
    deployment: CodeDeploymentRecord, why: c.ErrorInformation, now: float, trouble: Trouble | None = None
) -> CodeDeploymentRecord:
    """The deployment has failed in the event that it was in; `trouble` is that of its hook."""
    return _ended(deployment, "Failed", why, now, trouble)


def stop(deployment: CodeDeploymentRecord, why: c.ErrorInformation, now: float) -> CodeDeploymentRecord:
    """The deployment has been stopped; an event that it was in has failed."""
    return _ended(deployment, "Stopped", why, now, None)


def wants_rollback(deployment: CodeDeploymentRecord, asked: bool | None = None) -> bool:
    """Whether a deployment that has failed or been stopped is to be rolled back; `asked` by who has stopped it."""
    if deployment.status not in ("Failed", "Stopped") or deployment.creator == "codeDeployRollback":
        return False
    if asked is not None:
        return asked
    code = deployment.error.code if deployment.error else None
    stopped = CAUSES.get(code or "", "DEPLOYMENT_STOP_ON_REQUEST")
    cause = "DEPLOYMENT_FAILURE" if deployment.status == "Failed" else stopped
    rollback = deployment.rollback
    return rollback is not None and bool(rollback.enabled) and cause in (rollback.events or ())


def with_rollback(
    deployment: CodeDeploymentRecord, hex32: Callable[[], str], now: float, asked: bool | None = None
) -> list[CodeDeploymentRecord]:
    """What is to be kept of a deployment: itself, and behind it the one that rolls it back if there is to be one."""
    if not wants_rollback(deployment, asked):
        return [deployment]
    deployment, rollback = rolled_back(deployment, deployment_id(hex32()), now)
    return [deployment] if rollback is None else [deployment, rollback]


def rolled_back(
    deployment: CodeDeploymentRecord, new_id: str, now: float
) -> tuple[CodeDeploymentRecord, CodeDeploymentRecord | None]:
    """The deployment that has ended, and the one that rolls it back; none when there is nothing to roll back."""
    if deployment.green is None:
        told = c.RollbackInfo(rollback_message=NOTHING_TO_DO.format(id=deployment.id))
        return replace(deployment, rollback_info=told), None
    names = {"id": deployment.id, "rollback": new_id}
    triggered = c.RollbackInfo(rollback_deployment_id=new_id, rollback_message=TRIGGERED.format(**names))
    back = c.RollbackInfo(rollback_triggering_deployment_id=deployment.id, rollback_message=ROLLS_BACK.format(**names))
    events = tuple(
        LifecycleEventRecord(name=e.name, status="Pending" if e.name == "AllowTraffic" else "Skipped")
        for e in deployment.events
    )
    rollback = replace(
        deployment,
        id=new_id,
        creator="codeDeployRollback",
        config_name=ALL_AT_ONCE,
        routing=PREDEFINED[ALL_AT_ONCE],
        revision=deployment.previous_revision,
        spec=None,
        description=None,
        events=events,
        status="Created",
        created_at=now,
        started_at=None,
        completed_at=None,
        updated_at=None,
        error=None,
        terminate_at=None,
        rollback_info=back,
    )
    return replace(deployment, rollback_info=triggered, production=0.0, test=False), rollback


def _ended(
    deployment: CodeDeploymentRecord,
    status: Literal["Failed", "Stopped"],
    why: c.ErrorInformation,
    now: float,
    trouble: Trouble | None,
) -> CodeDeploymentRecord:
    events = tuple(_given_up(event, now, trouble) for event in deployment.events)
    return replace(deployment, status=status, error=why, events=events, completed_at=now, updated_at=now)


def _given_up(event: LifecycleEventRecord, now: float, trouble: Trouble | None) -> LifecycleEventRecord:
    if event.status == "InProgress":
        return replace(event, status="Failed", ended_at=now, trouble=trouble)
    return replace(event, status="Skipped") if event.status == "Pending" else event
