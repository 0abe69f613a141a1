"""Tags of EventBridge's and EventBridge Scheduler's resources, as their records keep them."""

from __future__ import annotations

from collections.abc import Iterable

from kecs.aws.errors import ValidationException
from kecs.aws.model import events as e
from kecs.aws.model import scheduler as s
from kecs.core.records.eventbridge import Tags

MOST_TAGS = 50


def pairs(tags: Iterable[e.Tag | s.Tag] | None) -> Tags:
    """The tags of a request; of two with one key the second counts. Raises ValidationException."""
    kept = {tag.key: tag.value for tag in tags or ()}
    if any(key.lower().startswith("aws:") for key in kept):
        raise ValidationException("Tag keys must not start with aws:.")
    return with_pairs((), tuple(kept.items()))


def with_pairs(tags: Tags, added: Tags) -> Tags:
    """`tags` with `added` put in. Raises ValidationException when that makes too many."""
    merged = {**dict(tags), **dict(added)}
    if len(merged) > MOST_TAGS:
        raise ValidationException(f"A resource can have at most {MOST_TAGS} tags.")
    return tuple(merged.items())
