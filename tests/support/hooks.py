"""Lifecycle hooks that answer what a test tells them to, at once or later on its clock."""

from __future__ import annotations

from typing import Any

from kecs.core.deployments.hooks import HookAnswer, HookCall
from kecs.ports.clock import Clock
from kecs.ports.hooks import Report

SUCCEEDED = {"hookStatus": "SUCCEEDED"}
FAILED = {"hookStatus": "FAILED"}


def in_progress(**members: Any) -> dict[str, Any]:
    return {"hookStatus": "IN_PROGRESS", **members}


class ScriptedHooks:
    """See ports.hooks.Hooks. What no test has spoken of succeeds."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._report: Report
        self._answers: dict[str, list[Any]] = {}
        self.takes = 0.0  # seconds until an answer comes
        self.calls: list[HookCall] = []

    def connect(self, report: Report) -> None:
        self._report = report

    def say(self, target: str, *answers: Any) -> None:
        """What the hook answers to its calls, the last of it to all further ones: JSON; text is an error; None is no
        answer at all."""
        self._answers[target] = list(answers)

    def call(self, call: HookCall) -> None:
        self.calls.append(call)
        answers = self._answers.get(call.target, [SUCCEEDED])
        body = answers.pop(0) if len(answers) > 1 else answers[0]
        if body is None:
            return
        error = body if isinstance(body, str) else None
        answer = HookAnswer(
            deployment=call.deployment, hook_id=call.hook_id, number=call.number, body=body, error=error
        )
        self._clock.call_at(self._clock.now() + self.takes, lambda: self._report(answer))

    def stages(self, target: str) -> list[str]:
        """The stages at which the hook has been called."""
        return [call.payload["lifecycleStage"] for call in self.calls if call.target == target]
