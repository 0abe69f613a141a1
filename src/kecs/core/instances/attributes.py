"""Attributes of container instances: what is one, and how sets of them are put together.

Pure; called by RegisterContainerInstance and the attribute operations. Every function raises modelled errors.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from kecs.aws.model import ecs as m

NAME = re.compile(r"[A-Za-z0-9_/\\.-]{1,128}")
VALUE = re.compile(r"(?! )[A-Za-z0-9_.@/\\: -]{1,128}(?<! )")
BUILT_IN = ("ecs.", "com.amazonaws.ecs.")
MOST_CUSTOM = 10


def valid_attribute(attribute: m.Attribute) -> m.Attribute:
    """The attribute as an instance keeps it, without its target."""
    if not NAME.fullmatch(attribute.name):
        raise m.InvalidParameterException(
            "The attribute name must contain between 1 and 128 letters, numbers, hyphens, underscores, slashes or "
            f"periods, but was '{attribute.name}'."
        )
    if attribute.value and not VALUE.fullmatch(attribute.value):
        raise m.InvalidParameterException(
            "The attribute value must contain between 1 and 128 letters, numbers, hyphens, underscores, periods, at "
            f"signs, slashes, colons or spaces, none of them at its ends, but was '{attribute.value}'."
        )
    return m.Attribute(name=attribute.name, value=attribute.value)


def merged(
    attributes: Sequence[m.Attribute], added: Sequence[m.Attribute], told: Collection[str] = ()
) -> list[m.Attribute]:
    """`attributes` with `added` put in: a name that is there takes the new value.

    The names in `told` do not count: they are labels of the node that the instance is made of. Raises
    AttributeLimitExceededException for more custom ones than an instance may have.
    """
    by_name = {attribute.name: attribute for attribute in attributes}
    by_name.update((attribute.name, attribute) for attribute in added)
    custom = [a for a in by_name.values() if not is_built_in(a) and a.name not in told]
    if len(custom) > MOST_CUSTOM:
        raise m.AttributeLimitExceededException(
            f"You can apply up to {MOST_CUSTOM} custom attributes for each resource."
        )
    return list(by_name.values())


def without(attributes: Sequence[m.Attribute], names: Collection[str]) -> list[m.Attribute]:
    return [attribute for attribute in attributes if attribute.name not in names]


def is_built_in(attribute: m.Attribute) -> bool:
    """Whether ECS or its agent says it of an instance, rather than a user."""
    return attribute.name.startswith(BUILT_IN)
