"""Members of EventBridge Scheduler's requests that are accepted and not (fully) acted on; as services.ecs.unacted."""

from __future__ import annotations

OTHER_TARGETS = "Kept and shown. Nothing is sent to such a target."
NO_TOKEN = "Accepted and dropped. A request that is sent again is carried out again."

UNACTED: dict[str, str] = {
    "CreateSchedule.KmsKeyArn": "Kept and shown. Nothing is encrypted.",
    "UpdateSchedule.KmsKeyArn": "Kept and shown. Nothing is encrypted.",
    "UpdateSchedule.ClientToken": NO_TOKEN,
    "DeleteSchedule.ClientToken": NO_TOKEN,
    "DeleteScheduleGroup.ClientToken": NO_TOKEN,
    "Target.Arn": (
        "Clusters of ECS, event buses, SQS queues, SNS topics and Lambda functions get what is for them. Any other, "
        "arn:aws:scheduler:::aws-sdk:… included, is kept and shown, and nothing is called."
    ),
    "Target.RoleArn": "Kept and shown. There are no permissions.",
    "Target.EventBridgePutEventsV2Parameters": OTHER_TARGETS,
    "Target.EventBridgePutRawEventsParameters": OTHER_TARGETS,
    "Target.KinesisParameters": OTHER_TARGETS,
    "Target.SageMakerPipelineParameters": OTHER_TARGETS,
    "EcsParameters.ReferenceId": "Kept and shown, and dropped by RunTask. Only ECS itself is meant to use it.",
    "EcsParameters.EnableExecuteCommand": "As RunTask's enableExecuteCommand.",
}
"""By `Operation.Member` for members of a request, `Shape.Member` for members of what it contains: what happens."""
