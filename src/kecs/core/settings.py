"""What an operator can set. Every field: its unit, its default and why that is the default. `cli` fills it in."""

from __future__ import annotations

from typing import Literal

from kecs.core.records import Record


class Settings(Record):
    """The settings of one KECS process that decisions depend on."""

    account: str = "000000000000"  # 12 digits; used where the access key id is not an account id
    region: str = "us-east-1"  # used where a request carries no signature
    endpoint: str = "http://127.0.0.1:5373"  # where clients reach this KECS; replaced by the address it listens on
    local_instance: bool = True  # EC2 tasks run without anybody registering an instance, on nodes where there are any
    default_cluster: bool = True  # AWS makes `default` on first use in the console; tests expect it to be there
    pull: Literal["missing", "always", "never"] = "missing"  # an image that is there is used without a registry
    nodes: bool = False  # the runtime has machines of its own, which take the place of the built-in instance
    node_patience: float = (
        60.0  # seconds a node may be away before its tasks are given up; it is called away late already
    )
    stopped_task_retention: float = 3600.0  # seconds; AWS shows a stopped task for about an hour
    local_cpu: int = 4096  # CPU units of the built-in instance; replaced by what the runtime reports
    local_memory: int = 16384  # MiB of the built-in instance; replaced by what the runtime reports
    local_architecture: Literal["x86_64", "arm64"] = "x86_64"  # of the built-in instance; replaced likewise
