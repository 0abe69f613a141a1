"""The APIs of AWS that KECS answers, one row each. `gateway.endpoint` finds a request's row.

Most of them speak AWS's JSON protocol: a header names prefix and operation, the body is the request. Those without a
prefix are REST APIs, whose operations are methods and paths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from kecs.aws.codedeploy import CodeDeploy
from kecs.aws.dialects import Common, Dialect, Ecs
from kecs.aws.errors import ModeledError, ValidationException
from kecs.aws.model import application_autoscaling as autoscaling_model
from kecs.aws.model import codedeploy as codedeploy_model
from kecs.aws.model import ecs as ecs_model
from kecs.aws.model import events as events_model
from kecs.aws.model import scheduler as scheduler_model
from kecs.aws.structs import Operation
from kecs.services import application_autoscaling, codedeploy, ecs, events, scheduler
from kecs.services.context import Context, Handler
from kecs.services.ecs.clusters import ensure_default_cluster


class Api(NamedTuple):
    """One API."""

    name: str  # in the scope of its signatures
    title: str
    target_prefix: str  # "": a REST API
    operations: Mapping[str, Operation]
    handlers: Mapping[str, Handler]  # an operation that is not among them is not there yet
    dialect: Dialect
    bad_token: type[ModeledError]  # for a nextToken that no listing gave out
    failure: str  # the code of a bug
    text: str = "message"  # what its errors call their text
    prepare: Callable[[Context], None] | None = None  # before the handler, in its transaction


APIS = (
    Api(
        name="ecs",
        title="Amazon ECS",
        target_prefix=ecs_model.TARGET_PREFIX,
        operations=ecs_model.OPERATIONS,
        handlers=ecs.HANDLERS,
        dialect=Ecs(),
        bad_token=ecs_model.InvalidParameterException,
        failure="ServerException",
        prepare=ensure_default_cluster,
    ),
    Api(
        name="application-autoscaling",
        title="Application Auto Scaling",
        target_prefix=autoscaling_model.TARGET_PREFIX,
        operations=autoscaling_model.OPERATIONS,
        handlers=application_autoscaling.HANDLERS,
        dialect=Common(autoscaling_model.ValidationException),
        bad_token=autoscaling_model.InvalidNextTokenException,
        failure="InternalServiceException",
        text="Message",
    ),
    Api(
        name="events",
        title="Amazon EventBridge",
        target_prefix=events_model.TARGET_PREFIX,
        operations=events_model.OPERATIONS,
        handlers=events.HANDLERS,
        dialect=Common(ValidationException),
        bad_token=ValidationException,
        failure="InternalException",
    ),
    Api(
        name="scheduler",
        title="Amazon EventBridge Scheduler",
        target_prefix="",
        operations=scheduler_model.OPERATIONS,
        handlers=scheduler.HANDLERS,
        dialect=Common(scheduler_model.ValidationException),
        bad_token=scheduler_model.ValidationException,
        failure="InternalServerException",
        text="Message",
    ),
    Api(
        name="codedeploy",
        title="AWS CodeDeploy",
        target_prefix=codedeploy_model.TARGET_PREFIX,
        operations=codedeploy_model.OPERATIONS,
        handlers=codedeploy.HANDLERS,
        dialect=CodeDeploy(),
        bad_token=codedeploy_model.InvalidNextTokenException,
        failure="InternalFailure",
    ),
)
