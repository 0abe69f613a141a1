"""Tags: what ECS accepts as one, and how sets of them are put together.

Called by every handler that creates or tags a resource, and by whatever hands tags on to tasks.
Limits: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-using-tags.html
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Sequence

from kecs.aws.model import ecs as m

MOST_TAGS = 50
KEY_LENGTH = 128
VALUE_LENGTH = 256
PUNCTUATION = frozenset("_./=+-:@")
RESERVED_PREFIX = "aws:"
RESERVED_KEY = "Tag key must not start with aws:"


def validate_tags(tags: Sequence[m.Tag] | None) -> tuple[m.Tag, ...]:
    """The tags of a request as a record keeps them: an absent value is an empty one, no tags are an empty tuple.

    Raises InvalidParameterException.
    """
    if not tags:
        return ()
    if len(tags) > MOST_TAGS:
        raise m.InvalidParameterException(f"The number of tags must not exceed {MOST_TAGS}.")
    kept = tuple(m.Tag(key=_valid_key(tag.key), value=_valid_value(tag.value)) for tag in tags)
    if len({tag.key for tag in kept}) < len(kept):
        raise m.InvalidParameterException("Duplicate tag keys are not allowed.")
    return kept


def merge_tags(tags: Sequence[m.Tag], added: Sequence[m.Tag]) -> tuple[m.Tag, ...]:
    """`tags` with `added` put in: a key that is there keeps its place and takes the new value.

    Raises LimitExceededException when that makes more than a resource may have; AWS's own tags do not count.
    """
    merged = {tag.key: tag for tag in tags}
    merged.update((tag.key, tag) for tag in added)
    if sum(not _reserved(key or "") for key in merged) > MOST_TAGS:
        raise m.LimitExceededException(f"The number of tags of a resource must not exceed {MOST_TAGS}.")
    return tuple(merged.values())


def remove_tags(tags: Sequence[m.Tag], keys: Collection[str]) -> tuple[m.Tag, ...]:
    """`tags` without those whose key is one of `keys`; keys that are not there do no harm.

    Raises InvalidParameterException for AWS's own tags, which a caller cannot take away.
    """
    if any(_reserved(key) for key in keys):
        raise m.InvalidParameterException(RESERVED_KEY)
    return tuple(tag for tag in tags if tag.key not in keys)


def _reserved(key: str) -> bool:
    return key[: len(RESERVED_PREFIX)].lower() == RESERVED_PREFIX


def _valid_key(key: str | None) -> str:
    if not key or len(key) > KEY_LENGTH:
        raise m.InvalidParameterException(f"Tag key must be between 1 and {KEY_LENGTH} characters long.")
    if _reserved(key):
        raise m.InvalidParameterException(RESERVED_KEY)
    return _valid_text(key)


def _valid_value(value: str | None) -> str:
    if value is None:
        return ""
    if len(value) > VALUE_LENGTH:
        raise m.InvalidParameterException(f"Tag value must not be longer than {VALUE_LENGTH} characters.")
    return _valid_text(value)


def _valid_text(text: str) -> str:
    # L, N and Z are Unicode's letters, numbers and separators.
    if all(char in PUNCTUATION or unicodedata.category(char)[0] in "LNZ" for char in text):
        return text
    raise m.InvalidParameterException(
        "Some tags contain invalid characters. Valid characters: UTF-8 letters, spaces, numbers and _ . / = + - : @."
    )
