"""ExecuteCommand: opens a session, which waits for its client on the WebSocket that the answer names."""

from __future__ import annotations

from kecs.aws.model import ecs as m
from kecs.core.records import SessionRecord
from kecs.core.tasks.exec import check_request, stream_url, target
from kecs.services.context import Context
from kecs.services.ecs.finding import find_cluster
from kecs.services.ecs.tasks import NOT_FOUND, find_task


def execute_command(context: Context, request: m.ExecuteCommandRequest) -> m.ExecuteCommandResponse:
    cluster = find_cluster(context, request.cluster)
    check_request(request)
    task = find_task(context, cluster, request.task)
    if task is None:
        raise m.InvalidParameterException(NOT_FOUND)
    container = target(task, request.container)
    session = SessionRecord(
        id=f"ecs-execute-command-{context.ids.hex32()[:17]}",
        task_arn=task.arn,
        container=container.name,
        command=request.command,
        token=context.ids.hex32() + context.ids.hex32(),
        created_at=context.now,
    )
    context.store.sessions.put(session)
    return m.ExecuteCommandResponse(
        cluster_arn=cluster.arn,
        container_arn=container.arn,
        container_name=container.name,
        interactive=True,
        session=m.Session(
            session_id=session.id,
            stream_url=stream_url(context.settings.endpoint, session.id),
            token_value=session.token,
        ),
        task_arn=task.arn,
    )
