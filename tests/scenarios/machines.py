"""Container instances that their users have registered, as an agent would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from .world import World


def resources(cpu: int = 2048, memory: int = 4096, gpus: Sequence[str] = ()) -> list[dict[str, Any]]:
    """What an agent reports of a machine; its port 22 is taken."""
    found: list[dict[str, Any]] = [
        {"name": "CPU", "type": "INTEGER", "integerValue": cpu},
        {"name": "MEMORY", "type": "INTEGER", "integerValue": memory},
        {"name": "PORTS", "type": "STRINGSET", "stringSetValue": ["22"]},
        {"name": "PORTS_UDP", "type": "STRINGSET", "stringSetValue": []},
    ]
    return [*found, {"name": "GPU", "type": "STRINGSET", "stringSetValue": list(gpus)}] if gpus else found


def register(
    world: World, number: int = 1, zone: str = "us-east-1a", size: str = "m5.xlarge", **members: Any
) -> dict[str, Any]:
    """A machine of that number; `members` of the request beside the document, or instead of usual resources."""
    document = {"instanceId": f"i-{number:017x}", "instanceType": size, "imageId": "ami-1", "availabilityZone": zone}
    given = {"instanceIdentityDocument": msgspec.json.encode(document).decode(), "totalResources": resources()}
    answer: dict[str, Any] = world.call("RegisterContainerInstance", **(given | members))["containerInstance"]
    return answer


def machine(world: World, number: int = 1, zone: str = "us-east-1a", size: str = "m5.xlarge", **members: Any) -> str:
    """As `register`; answers the ARN."""
    arn: str = register(world, number, zone, size, **members)["containerInstanceArn"]
    return arn


def described(world: World, arn: str, **members: Any) -> dict[str, Any]:
    (found,) = world.call("DescribeContainerInstances", containerInstances=[arn], **members)["containerInstances"]
    answer: dict[str, Any] = found
    return answer


def left(world: World, arn: str) -> dict[str, Any]:
    """What remains of the instance: amounts of CPU and MEMORY, the taken PORTS, the free GPUs."""
    found = described(world, arn)["remainingResources"]
    return {r["name"]: r["stringSetValue"] if r["type"] == "STRINGSET" else r["integerValue"] for r in found}
