"""What is measured, in the order of the report. Each module has a `CASE` and `measure(subject)` for one round."""

from bench.cases import containers, kit, logs, pods, scheduling, startup, thousand, throughput
from bench.docker_api import unavailable
from bench.model import Module

MODULES = (
    Module(throughput.CASE, throughput.measure),
    Module(startup.CASE, startup.measure),
    Module(thousand.CASE, thousand.measure),
    Module(containers.CASE, containers.measure, unavailable),
    Module(scheduling.CASE, scheduling.measure),
    Module(kit.CASE, kit.measure),
    Module(logs.CASE, logs.measure, logs.unavailable),
    Module(pods.CASE, pods.measure, pods.unavailable),
)
