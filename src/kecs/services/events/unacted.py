"""Members of EventBridge's requests that are accepted and not (fully) acted on; as services.ecs.unacted."""

from __future__ import annotations

OTHER_TARGETS = "Kept and shown. Nothing is sent to such a target."
POLICY = "Kept in the policy of the bus and shown. There are no permissions."
NOT_ENCRYPTED = "Kept and shown. Nothing is encrypted."
NOTHING_FAILS = "Kept and shown. It is for events that could not be encrypted, and nothing is."
NOT_LOGGED = "Kept and shown. Nothing is logged; the feed tells of invocations."

UNACTED: dict[str, str] = {
    "CreateEventBus.EventSourceName": "Refused: there are no partners, so no event source has that name.",
    "CreateEventBus.KmsKeyIdentifier": NOT_ENCRYPTED,
    "CreateEventBus.DeadLetterConfig": NOTHING_FAILS,
    "CreateEventBus.LogConfig": NOT_LOGGED,
    "UpdateEventBus.KmsKeyIdentifier": NOT_ENCRYPTED,
    "UpdateEventBus.DeadLetterConfig": NOTHING_FAILS,
    "UpdateEventBus.LogConfig": NOT_LOGGED,
    "PutPermission.Action": POLICY,
    "PutPermission.Principal": POLICY,
    "PutPermission.Condition": POLICY,
    "PutPermission.Policy": POLICY,
    "DeleteRule.Force": "Accepted and dropped. There are no managed rules, which it is for.",
    "RemoveTargets.Force": "Accepted and dropped. There are no managed rules, which it is for.",
    "PutRule.State": "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS is as ENABLED: there are no events of CloudTrail.",
    "PutRule.RoleArn": "Kept and shown. There are no permissions.",
    "PutEvents.EndpointId": "Accepted and dropped. There are no global endpoints; events go to their bus here.",
    "PutEventsRequestEntry.TraceHeader": "Accepted and dropped. Nothing is traced.",
    "Target.Arn": (
        "Clusters of ECS, event buses, SQS queues, SNS topics, CloudWatch log groups and Lambda functions get what is "
        "for them. Any other is kept and shown, and nothing is sent there."
    ),
    "Target.RoleArn": "Required for a cluster, kept and shown. There are no permissions.",
    "Target.Input": "Not for an event bus, which gets the event as it is.",
    "Target.InputPath": "Not for an event bus, which gets the event as it is.",
    "Target.InputTransformer": "Not for an event bus, which gets the event as it is.",
    "Target.KinesisParameters": OTHER_TARGETS,
    "Target.RunCommandParameters": OTHER_TARGETS,
    "Target.BatchParameters": OTHER_TARGETS,
    "Target.HttpParameters": OTHER_TARGETS,
    "Target.RedshiftDataParameters": OTHER_TARGETS,
    "Target.SageMakerPipelineParameters": OTHER_TARGETS,
    "Target.AppSyncParameters": OTHER_TARGETS,
    "EcsParameters.ReferenceId": "Kept and shown, and dropped by RunTask. Only ECS itself is meant to use it.",
    "EcsParameters.EnableExecuteCommand": "As RunTask's enableExecuteCommand.",
}
"""By `Operation.Member` for members of a request, `Shape.Member` for members of what it contains: what happens."""
