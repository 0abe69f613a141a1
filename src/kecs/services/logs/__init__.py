"""Amazon CloudWatch Logs, as far as it is about containers' output and what is put beside it: one module per resource.

`HANDLERS` is the one table of what answers which operation. Queries of Logs Insights, metric and subscription filters,
exports, deliveries and policies are not there.
"""

from __future__ import annotations

from kecs.services.handlers import Handlers

HANDLERS = Handlers(
    "kecs.services.logs",
    {
        "events": ("FilterLogEvents", "GetLogEvents", "PutLogEvents"),
        "groups": (
            "CreateLogGroup",
            "DeleteLogGroup",
            "DeleteRetentionPolicy",
            "DescribeLogGroups",
            "PutLogGroupDeletionProtection",
            "PutRetentionPolicy",
        ),
        "streams": ("CreateLogStream", "DeleteLogStream", "DescribeLogStreams"),
        "tags": (
            "ListTagsForResource",
            "ListTagsLogGroup",
            "TagLogGroup",
            "TagResource",
            "UntagLogGroup",
            "UntagResource",
        ),
        "tailing": ("StartLiveTail",),
    },
)
