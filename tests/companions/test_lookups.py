"""Calls that tasks need before they start: some at once, whatever comes is an answer, and moved time waits for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.companion import FakeCompanion

from kecs.companions.lookups import AT_ONCE, CompanionLookups
from kecs.core.arns import Scope
from kecs.core.inputs.lookups import Answer, Lookup, Refusal
from kecs.testing import start_server

SCOPE = Scope("111111111111", "eu-west-1")


def lookup(secret: str = "s") -> Lookup:
    return Lookup("secretsmanager", "GetSecretValue", SCOPE, (("SecretId", secret),))


class Slow:
    """See ports.companion.Companion: answers once it is let go."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.under_way = self.most = 0

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.go.wait()
        self.under_way -= 1
        return {"Called": (service, operation, dict(parameters), account, region)}


async def test_calls_are_made_a_few_at_a_time() -> None:
    slow, answers = Slow(), list[Answer]()
    lookups = CompanionLookups(lambda: slow)
    for number in range(3 * AT_ONCE):
        lookups.look_up(lookup(str(number)), answers.append)
    assert lookups.busy
    await asyncio.sleep(0)  # each of them has its turn
    slow.go.set()
    await lookups.rest()
    assert not lookups.busy
    assert slow.most == AT_ONCE
    called = {"Called": ("secretsmanager", "GetSecretValue", {"SecretId": "0"}, "111111111111", "eu-west-1")}
    assert (len(answers), answers[0]) == (3 * AT_ONCE, called)


async def test_a_refusal_is_an_answer() -> None:
    answers = list[Answer]()
    lookups = CompanionLookups(FakeCompanion)
    lookups.look_up(lookup(), answers.append)
    await lookups.rest()
    problem = "Secrets Manager can't find the specified secret."
    assert answers == [Refusal("ResourceNotFoundException", problem)]


async def test_so_is_a_bug_and_it_is_logged_without_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    answers = list[Answer]()

    def broken() -> FakeCompanion:
        raise AttributeError("nothing")

    lookups = CompanionLookups(broken)
    with caplog.at_level(logging.ERROR):
        lookups.look_up(lookup(), answers.append)
        await lookups.rest()
    assert answers == [Refusal("InternalError", "AttributeError")]
    assert "GetSecretValue of secretsmanager failed" in caplog.text


async def test_closing_lets_go_of_what_is_under_way() -> None:
    answers = list[Answer]()
    lookups = CompanionLookups(Slow)
    lookups.look_up(lookup(), answers.append)
    await asyncio.sleep(0)
    await lookups.close()
    assert (answers, lookups.busy) == ([], False)


def test_time_that_a_test_moves_waits_for_them() -> None:
    with start_server(test_mode=True) as server:
        server.client("ssm").put_parameter(Name="p", Value="v", Type="String")
        client = server.ecs_client()
        client.register_task_definition(
            family="job",
            executionRoleArn="arn:aws:iam::000000000000:role/execution",
            containerDefinitions=[
                {
                    "name": "app",
                    "image": "app:1",
                    "memory": 64,
                    "command": ["sleep", "60"],
                    "secrets": [{"name": "P", "valueFrom": "p"}],
                }
            ],
        )
        server.clock.freeze()
        for _ in range(3):
            task = client.run_task(taskDefinition="job", launchType="EC2")["tasks"][0]["taskArn"]
            server.clock.advance(seconds=1)
            assert client.describe_tasks(tasks=[task])["tasks"][0]["lastStatus"] == "RUNNING"
