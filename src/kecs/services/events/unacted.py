"""Members of EventBridge's requests that are accepted and not (fully) acted on; as services.ecs.unacted."""

from __future__ import annotations

OTHER_TARGETS = "Kept and shown. Only clusters of ECS are invoked."

UNACTED: dict[str, str] = {
    "CreateEventBus.EventSourceName": "Refused: there are no partners, so no event source has that name.",
    "CreateEventBus.KmsKeyIdentifier": "Kept and shown. Nothing is encrypted.",
    "CreateEventBus.DeadLetterConfig": "Kept and shown. There are no queues; the feed tells of what failed.",
    "CreateEventBus.LogConfig": "Kept and shown. Nothing is logged; the feed tells of invocations.",
    "DeleteRule.Force": "Accepted and dropped. There are no managed rules, which it is for.",
    "RemoveTargets.Force": "Accepted and dropped. There are no managed rules, which it is for.",
    "PutRule.State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is as ENABLED: there are no events of CloudTrail.",
    "PutRule.RoleArn": "Kept and shown. There are no permissions.",
    "PutEvents.EndpointId": "Accepted and dropped. There are no global endpoints; events go to their bus here.",
    "PutEventsRequestEntry.TraceHeader": "Accepted and dropped. Nothing is traced.",
    "Target.Arn": "A cluster of ECS gets its tasks. Any other is kept and shown, and nothing is sent there.",
    "Target.RoleArn": "Required for a cluster, kept and shown. There are no permissions.",
    "Target.KinesisParameters": OTHER_TARGETS,
    "Target.RunCommandParameters": OTHER_TARGETS,
    "Target.BatchParameters": OTHER_TARGETS,
    "Target.SqsParameters": OTHER_TARGETS,
    "Target.HttpParameters": OTHER_TARGETS,
    "Target.RedshiftDataParameters": OTHER_TARGETS,
    "Target.SageMakerPipelineParameters": OTHER_TARGETS,
    "Target.AppSyncParameters": OTHER_TARGETS,
    "Target.DeadLetterConfig": "Kept and shown. There are no queues; the feed tells of what failed.",
    "EcsParameters.ReferenceId": "Kept and shown, and dropped by RunTask. Only ECS itself is meant to use it.",
    "EcsParameters.EnableExecuteCommand": "As RunTask's enableExecuteCommand.",
}
"""By `Operation.Member` for members of a request, `Shape.Member` for members of what it contains: what happens."""
