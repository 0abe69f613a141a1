"""Members of CloudWatch Logs' requests that are accepted and not (fully) acted on; as services.ecs.unacted."""

from __future__ import annotations

OTHER_ACCOUNTS = "Accepted and dropped. No account is linked to another."
PATTERNS = "Patterns of every kind. A term is found inside of a word, too."

UNACTED: dict[str, str] = {
    "CreateLogGroup.kmsKeyId": "Kept and shown. Nothing is encrypted.",
    "CreateLogGroup.logGroupClass": "Kept, shown and searched by. Every class can do the same.",
    "DescribeLogGroups.accountIdentifiers": OTHER_ACCOUNTS,
    "DescribeLogGroups.includeLinkedAccounts": OTHER_ACCOUNTS,
    "PutLogEvents.sequenceToken": "Accepted and dropped, as by AWS.",
    "PutLogEvents.entity": "Accepted and dropped. Nothing is told of entities.",
    "GetLogEvents.unmask": "Accepted and dropped. Nothing is masked.",
    "FilterLogEvents.unmask": "Accepted and dropped. Nothing is masked.",
    "FilterLogEvents.interleaved": "Accepted and dropped, as by AWS: streams are always interleaved.",
    "FilterLogEvents.filterPattern": PATTERNS,
    "StartLiveTail.logEventFilterPattern": PATTERNS,
}
"""By `Operation.member` for members of a request, `Shape.member` for members of what it contains: what happens."""
