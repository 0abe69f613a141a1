"""Log streams of a group."""

from __future__ import annotations

from kecs.aws.model import logs as c
from kecs.aws.paging import page
from kecs.core.logs.records import LogGroup, LogStream
from kecs.services.context import Context
from kecs.services.logs.finding import logs, milliseconds, the_group, the_stream
from kecs.services.logs.groups import MOST_SHOWN


def create_log_stream(context: Context, request: c.CreateLogStreamRequest) -> c.Shape:
    group, store = the_group(context, request.log_group_name), logs(context).store
    if store.stream(group, request.log_stream_name) is not None:
        raise c.ResourceAlreadyExistsException("The specified log stream already exists")
    store.create_stream(group, request.log_stream_name, milliseconds(context))
    return c.Shape()


def delete_log_stream(context: Context, request: c.DeleteLogStreamRequest) -> c.Shape:
    group = the_group(context, request.log_group_name)
    logs(context).store.delete_stream(the_stream(context, group, request.log_stream_name))
    return c.Shape()


def describe_log_streams(context: Context, request: c.DescribeLogStreamsRequest) -> c.DescribeLogStreamsResponse:
    prefix, by_time = request.log_stream_name_prefix or "", request.order_by == "LastEventTime"
    if prefix and by_time:
        raise c.InvalidParameterException("Cannot order by LastEventTime with a logStreamNamePrefix.")
    store = logs(context).read()
    group = the_group(context, request.log_group_name, request.log_group_identifier)
    streams = {stream.name: stream for stream in store.streams(group) if stream.name.startswith(prefix)}
    order = sorted(streams, key=lambda name: streams[name].last or 0) if by_time else list(streams)
    if request.descending:
        order.reverse()
    names, token = page(order, request.next_token, request.limit, most=MOST_SHOWN)
    return c.DescribeLogStreamsResponse(log_streams=[_view(group, streams[name]) for name in names], next_token=token)


def _view(group: LogGroup, stream: LogStream) -> c.LogStream:
    return c.LogStream(
        log_stream_name=stream.name,
        creation_time=stream.created,
        first_event_timestamp=stream.first,
        last_event_timestamp=stream.last,
        last_ingestion_time=stream.taken,
        upload_sequence_token=str(stream.id),  # nobody looks at it any more, but some clients ask for one
        arn=f"{group.arn}:log-stream:{stream.name}",
        stored_bytes=0,  # AWS does not count by stream
    )
