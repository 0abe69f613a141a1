"""What a container finds in its environment beside what its image brings along."""

from __future__ import annotations

from tests.runtimes.conformance.harness import Harness
from tests.runtimes.plans import make_plan

SAYS = ["sh", "-c", 'echo "$AWS_EXECUTION_ENV $AWS_REGION $AWS_DEFAULT_REGION"']


async def test_aws_says_where_it_runs(harness: Harness) -> None:
    plan = make_plan({"command": SAYS})
    await harness.finish(plan)
    assert await harness.output(plan) == ["AWS_ECS_EC2 us-east-1 us-east-1"]


async def test_the_definition_has_the_last_word(harness: Harness) -> None:
    plan = make_plan({"command": SAYS, "environment": [{"name": "AWS_REGION", "value": "eu-west-1"}]})
    await harness.finish(plan)
    assert await harness.output(plan) == ["AWS_ECS_EC2 eu-west-1 us-east-1"]
