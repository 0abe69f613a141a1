"""The APIs of AWS that KECS answers, one row each. `gateway.endpoint` finds a request's row.

Most of them speak AWS's JSON protocol: a header names prefix and operation, the body is the request. Those without a
prefix are REST APIs, whose operations are methods and paths.
"""

from __future__ import annotations

from kecs.services.api import Api

ECS = Api(
    "ecs",
    "Amazon ECS",
    package="ecs",
    target_prefix="AmazonEC2ContainerServiceV20141113",
    failure="ServerException",
)
APIS = (
    ECS,
    Api(
        "application-autoscaling",
        "Application Auto Scaling",
        package="application_autoscaling",
        target_prefix="AnyScaleFrontendService",
        failure="InternalServiceException",
        text="Message",
    ),
    Api(
        "events",
        "Amazon EventBridge",
        package="events",
        target_prefix="AWSEvents",
        failure="InternalException",
    ),
    Api(
        "scheduler",
        "Amazon EventBridge Scheduler",
        package="scheduler",
        failure="InternalServerException",
        text="Message",
    ),
    Api(
        "codedeploy",
        "AWS CodeDeploy",
        package="codedeploy",
        target_prefix="CodeDeploy_20141006",
        failure="InternalFailure",
    ),
    Api(
        "logs",
        "Amazon CloudWatch Logs",
        package="logs",
        target_prefix="Logs_20140328",
        failure="ServiceUnavailableException",
        streams=("StartLiveTail",),
        stream_failure="SessionStreamingException",
    ),
)
