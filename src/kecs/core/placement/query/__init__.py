"""The cluster query language: which container instances a `memberOf` constraint or a filter means.

`parse` an expression once, ask it of each instance with `matches`. Pure; called by placement, by ListContainerInstances
and by whatever checks a constraint before it keeps it.
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html
"""

from kecs.core.placement.query.evaluate import Facts, matches
from kecs.core.placement.query.parser import parse, problem_of
from kecs.core.placement.query.tree import Expression, InvalidExpression

__all__ = ["Expression", "Facts", "InvalidExpression", "matches", "parse", "problem_of"]
