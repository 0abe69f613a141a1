"""Live Tail: log events as they are taken in, for as long as the caller listens."""

from __future__ import annotations

from kecs.aws.model import logs as c
from kecs.core.logs.expressions import InvalidPattern
from kecs.core.logs.patterns import compiled
from kecs.core.logs.records import group_arn
from kecs.ports.logs import TailFilter
from kecs.ports.streams import EventStream
from kecs.services.context import Context
from kecs.services.logs.finding import NO_GROUP, logs, the_group

MOST_SESSIONS = 15  # of an account at one time


def start_live_tail(context: Context, request: c.StartLiveTailRequest) -> EventStream:
    """The stream that is the member responseStream of the answer."""
    wanted = _wanted(context, request)
    tails = logs(context).tails()
    if tails.count(context.scope.account) >= MOST_SESSIONS:
        raise c.LimitExceededException(f"There may be {MOST_SESSIONS} sessions of Live Tail at one time.")
    start = c.LiveTailSessionStart(
        request_id=context.ids.uuid(),
        session_id=context.ids.uuid(),
        log_group_identifiers=list(wanted.groups),
        log_stream_names=request.log_stream_names,
        log_stream_name_prefixes=request.log_stream_name_prefixes,
        log_event_filter_pattern=request.log_event_filter_pattern,
    )
    return tails.begin(wanted, start)


def _wanted(context: Context, request: c.StartLiveTailRequest) -> TailFilter:
    """Raises the API's errors."""
    names, prefixes = request.log_stream_names, request.log_stream_name_prefixes
    if names is not None and prefixes is not None:
        raise c.InvalidParameterException("logStreamNames and logStreamNamePrefixes are mutually exclusive parameters.")
    if len(request.log_group_identifiers) > 1 and (names is not None or prefixes is not None):
        raise c.InvalidParameterException(
            "logStreamNames and logStreamNamePrefixes can only be used with one log group."
        )
    try:
        matches = compiled(request.log_event_filter_pattern or "")
    except InvalidPattern as error:
        raise c.InvalidParameterException(f"Invalid filter pattern: {error}") from error
    groups = dict.fromkeys(_group(context, arn) for arn in request.log_group_identifiers)
    whole = None if names is None else frozenset(names)
    return TailFilter(context.scope.account, tuple(groups), whole, tuple(prefixes or ("",)), matches)


def _group(context: Context, arn: str) -> str:
    """The ARN of a group that can be listened to. Raises the API's errors."""
    if not arn.startswith("arn:"):
        raise c.InvalidParameterException(f"The log group identifier {arn} is not an ARN.")
    if not arn.startswith(group_arn(context.scope, "")):
        raise c.ResourceNotFoundException(NO_GROUP)
    group = the_group(context, None, arn)
    if group.kind != "STANDARD":
        raise c.InvalidOperationException(f"Live Tail is not there for log groups of the class {group.kind}.")
    return group.arn
