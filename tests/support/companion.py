"""The AWS services around ECS, as far as tasks read from them and events go to them, with what a test has put there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kecs.companions.lookups import answer_of
from kecs.core.inputs.lookups import Answer, Lookup
from kecs.ports.clock import Clock
from kecs.ports.companion import CompanionError


class FakeCompanion:
    """See ports.companion.Companion. What no test has put there is not there."""

    def __init__(self) -> None:
        self.parameters: dict[tuple[str, str], str] = {}  # by region and name
        self.secrets: dict[tuple[str, str, str], str] = {}  # by ARN or name, stage and version
        self.objects: dict[tuple[str, str], bytes] = {}  # by bucket and key
        self.file_systems: dict[str, dict[str, Any]] = {}  # by id, as EFS describes them
        self.access_points: dict[str, dict[str, Any]] = {}  # by id, as EFS describes them
        self.calls: list[tuple[str, str, dict[str, Any]]] = []
        self.places: list[tuple[str, str]] = []  # account and region of each call
        self.down: str | None = None  # nothing answers, for this reason
        self.failed: list[dict[str, Any]] = []  # what several messages at once are told of some of them
        self.refused: dict[str, tuple[str, str]] = {}  # code and message, by operation or name of a queue

    def parameter(self, name: str, value: str, region: str = "us-east-1") -> None:
        self.parameters[region, name] = value

    def secret(self, name: str, value: str, stage: str = "AWSCURRENT", version: str = "") -> None:
        self.secrets[name, stage, version] = value

    async def call(
        self, service: str, operation: str, parameters: Mapping[str, Any], *, account: str, region: str
    ) -> dict[str, Any]:
        self.calls.append((service, operation, dict(parameters)))
        self.places.append((account, region))
        if self.down is not None:
            raise CompanionError("RequestError", self.down)
        match operation:
            case "GetParameters":
                assert parameters["WithDecryption"]
                assert len(parameters["Names"]) <= 10
                found = {n: self.parameters[region, n] for n in parameters["Names"] if (region, n) in self.parameters}
                return {
                    "Parameters": [{"Name": name, "Value": value} for name, value in found.items()],
                    "InvalidParameters": [name for name in parameters["Names"] if name not in found],
                }
            case "GetSecretValue":
                version = parameters.get("VersionId", "")
                stage = parameters.get("VersionStage", "AWSCURRENT")
                value = self.secrets.get((parameters["SecretId"], stage, version))
                if value is None:
                    problem = "Secrets Manager can't find the specified secret."
                    raise CompanionError("ResourceNotFoundException", problem)
                return {"SecretString": value}
            case "GetObject":
                body = self.objects.get((parameters["Bucket"], parameters["Key"]))
                if body is None:
                    raise CompanionError("NoSuchKey", "The specified key does not exist.")
                return {"Body": body}
            case "DescribeFileSystems":
                return {"FileSystems": [self._of_efs("FileSystem", self.file_systems, parameters["FileSystemId"])]}
            case "DescribeAccessPoints":
                return {"AccessPoints": [self._of_efs("AccessPoint", self.access_points, parameters["AccessPointId"])]}
            case "SendMessage" | "SendMessageBatch" | "Publish" | "Invoke" | "CreateLogStream" | "PutLogEvents":
                queue = parameters.get("QueueUrl", "").rsplit("/", 1)[-1]
                refusal = self.refused.get(operation) or self.refused.get(queue)
                if refusal is not None:
                    raise CompanionError(*refusal)
                return {"Failed": [entry for entry in self.failed if entry["Id"] in _ids(parameters)]}
        raise AssertionError(operation)

    def _of_efs(self, kind: str, those: Mapping[str, Any], wanted: str) -> dict[str, Any]:
        if wanted not in those:
            raise CompanionError(f"{kind}NotFound", "It does not exist.")
        return {f"{kind}Id": wanted, **those[wanted]}


def _ids(parameters: Mapping[str, Any]) -> set[str]:
    return {entry["Id"] for entry in parameters.get("Entries", ())}


class ImmediateLookups:
    """See ports.lookups.Lookups: answers come at the time at which they are asked for, or `takes` seconds later."""

    def __init__(self, clock: Clock, companion: FakeCompanion) -> None:
        self._clock = clock
        self._companion = companion
        self.takes = 0.0
        self.held: set[str] = set()  # services that there may be something of

    busy = False  # all of it is on the clock

    async def rest(self) -> None:
        return

    def has(self, service: str) -> bool:
        return service in self.held

    def look_up(self, lookup: Lookup, then: Callable[[Answer], None]) -> None:
        answer = _result(answer_of(lambda: self._companion, lookup))
        self._clock.call_at(self._clock.now() + self.takes, lambda: then(answer))


def _result(coroutine: Any) -> Answer:
    """What a coroutine that waits for nothing comes to."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        answer: Answer = done.value
        return answer
    raise AssertionError("it waits for something")
