"""Finds what requests of CloudWatch Logs name. Every handler calls it."""

from __future__ import annotations

from kecs.aws.model import logs as c
from kecs.core.logs.records import LogGroup, LogStream, group_arn
from kecs.ports.logs import LogService
from kecs.services.context import Context

NO_GROUP = "The specified log group does not exist."
NO_STREAM = "The specified log stream does not exist."


def logs(context: Context) -> LogService:
    assert context.logs is not None
    return context.logs()


def milliseconds(context: Context) -> int:
    """The time of the call."""
    return int(context.now * 1000)


def the_group(context: Context, name: str | None, identifier: str | None = None) -> LogGroup:
    """By its name, or by an identifier that may be its ARN. Raises the API's errors."""
    if (name is None) == (identifier is None):
        raise c.InvalidParameterException("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    found = logs(context).store.group(context.scope, name or name_in(context, identifier or ""))
    if found is None:
        raise c.ResourceNotFoundException(NO_GROUP)
    return found


def name_in(context: Context, identifier: str) -> str:
    """The name that an identifier is about, which may be an ARN of the caller's."""
    return identifier.removeprefix(group_arn(context.scope, "")).removesuffix(":*")


def the_stream(context: Context, group: LogGroup, name: str) -> LogStream:
    """Raises ResourceNotFoundException."""
    found = logs(context).store.stream(group, name)
    if found is None:
        raise c.ResourceNotFoundException(NO_STREAM)
    return found
