"""What metrics and policies mean for a desired count, as tables."""

from __future__ import annotations

import pytest

from kecs.aws.model import application_autoscaling as a
from kecs.aws.model import ecs as m
from kecs.core.autoscaling.scaling import adjusted, track, within
from kecs.core.autoscaling.usage import CPU, MEMORY, Usage, utilization
from kecs.core.records import ContainerRecord, DeploymentRecord, ServiceRecord, TaskRecord
from kecs.core.records.autoscaling import ScalableTargetRecord, ScalingPolicyRecord

SERVICE = "arn:aws:ecs:us-east-1:000000000000:service/c/s"
NOW = 1000.0


def target(minimum: int = 0, maximum: int = 100) -> ScalableTargetRecord:
    return ScalableTargetRecord(
        arn="arn:aws:application-autoscaling:us-east-1:000000000000:scalable-target/1",
        service_arn=SERVICE,
        minimum=minimum,
        maximum=maximum,
        role_arn="role",
        created_at=0.0,
        suspended=a.SuspendedState(),
    )


def service(desired: int) -> ServiceRecord:
    deployment = DeploymentRecord(
        id="ecs-svc/1",
        status="PRIMARY",
        task_definition="web:1",
        desired_count=desired,
        created_at=0.0,
        updated_at=0.0,
        rollout_state="COMPLETED",
    )
    return ServiceRecord(
        arn=SERVICE, cluster_arn="c", service=m.Service(), desired_count=desired, deployments=(deployment,)
    )


def policy(value: float) -> ScalingPolicyRecord:
    metric = a.PredefinedMetricSpecification(predefined_metric_type="ECSServiceAverageCPUUtilization")
    return ScalingPolicyRecord(
        arn="p",
        service_arn=SERVICE,
        name="p",
        created_at=0.0,
        tracking=a.TargetTrackingScalingPolicyConfiguration(target_value=value, predefined_metric_specification=metric),
    )


@pytest.mark.parametrize(
    ("desired", "metric", "value", "after"),
    [
        (1, 75.1, 75, 2),
        (3, 70, 70, 3),  # at the target value is not above it
        (3, 70.0001, 70, 4),
        (10, 90, 75, 12),
        (10, 100, 30, 34),
        (10, 1e300, 1e-9, 100),
        (0, 100, 50, 0),  # of nothing it cannot be more
        (10, 45.1, 50, 10),  # a tenth below the target value is where scaling in begins
        (10, 44.9, 50, 9),
        (10, 1, 50, 1),
        (10, 0, 50, 0),
        (2, 44, 50, 2),  # one less would be above the target value again
    ],
)
def test_the_count_that_brings_a_metric_to_its_target_value(
    desired: int, metric: float, value: float, after: int
) -> None:
    scaling = track(target(), service(desired), [policy(value)], {CPU: [float(metric)] * 15}, NOW)
    assert (scaling.desired if scaling else desired) == after


@pytest.mark.parametrize(
    ("points", "after"),
    [
        ([100.0] * 3, 4),
        ([100.0] * 2, 2),
        ([50.0] + [100.0] * 3, 4),
        ([100.0] * 2 + [None], 2),
        ([100.0] + [None] + [100.0] * 2, 2),
        ([10.0] * 15, 1),
        ([10.0] * 14, 2),
        ([10.0] * 14 + [None], 2),
        ([46.0] + [10.0] * 14, 2),
        ([], 2),
    ],
)
def test_how_many_data_points_it_takes(points: list[float | None], after: int) -> None:
    scaling = track(target(), service(2), [policy(50)], {CPU: points}, NOW)
    assert (scaling.desired if scaling else 2) == after


@pytest.mark.parametrize(
    ("kind", "count", "amount", "least", "after"),
    [
        ("ChangeInCapacity", 10, 3, None, 13),
        ("ChangeInCapacity", 10, -3, None, 7),
        ("ExactCapacity", 10, 4, None, 4),
        ("PercentChangeInCapacity", 10, 50, None, 15),
        ("PercentChangeInCapacity", 4, 25, 2, 6),
        ("PercentChangeInCapacity", 127, 10, None, 139),  # 12.7 is 12
        ("PercentChangeInCapacity", 67, 1, None, 68),  # 0.67 is 1
        ("PercentChangeInCapacity", 58, -1, None, 57),  # -0.58 is -1
        ("PercentChangeInCapacity", 667, -1, None, 661),  # -6.67 is -6
        ("PercentChangeInCapacity", 10, -10, 4, 6),
        ("PercentChangeInCapacity", 0, 50, None, 0),
        ("PercentChangeInCapacity", 10, 0, 4, 10),
    ],
)
def test_steps_are_rounded_as_aws_rounds_them(
    kind: a.AdjustmentType, count: int, amount: int, least: int | None, after: int
) -> None:
    """https://docs.aws.amazon.com/autoscaling/application/userguide/step-scaling-policy-overview.html"""
    steps = a.StepScalingPolicyConfiguration(adjustment_type=kind, min_adjustment_magnitude=least)
    assert adjusted(steps, a.StepAdjustment(scaling_adjustment=amount), count) == after


@pytest.mark.parametrize(
    ("count", "after"),
    [
        (0, (2, "minimum capacity was set to 2")),
        (2, (2, "")),
        (5, (5, "")),
        (6, (5, "maximum capacity was set to 5")),
    ],
)
def test_bounds(count: int, after: tuple[int, str]) -> None:
    assert within(target(2, 5), count) == after


def task(name: str, cpu: str | None = None, memory: str | None = None, *containers: ContainerRecord) -> TaskRecord:
    return TaskRecord(
        arn=name,
        cluster_arn="c",
        definition_arn="web:1",
        group="g",
        launch_type="FARGATE",
        created_at=0.0,
        containers=containers,
        cpu=cpu,
        memory=memory,
    )


def container(**sizes: str) -> ContainerRecord:
    return ContainerRecord(name="app", arn="arn", image="app", essential=True, **sizes)  # type: ignore[arg-type]


HALF, FULL = task("half", "256", "512"), task("full", "1024", "2048")
BY_CONTAINERS = task("sum", None, None, container(cpu="100", memory="64"), container(cpu="28", memory_reservation="64"))


@pytest.mark.parametrize(
    ("metric", "tasks", "used", "percent"),
    [
        (CPU, [HALF], {"half": Usage(cpu=64)}, 25),
        (MEMORY, [HALF], {"half": Usage(memory=768)}, 150),
        (CPU, [HALF, FULL], {"half": Usage(cpu=256), "full": Usage(cpu=384)}, 50),
        (CPU, [HALF, FULL], {"half": Usage(cpu=256)}, 100),  # what is not known of a task does not count
        (CPU, [BY_CONTAINERS], {"sum": Usage(cpu=64)}, 50),
        (MEMORY, [BY_CONTAINERS], {"sum": Usage(memory=32)}, 25),
        (CPU, [HALF], {"half": Usage(memory=1)}, None),
        (CPU, [], {}, None),
        (CPU, [task("none")], {"none": Usage(cpu=1)}, None),  # it reserves nothing
    ],
)
def test_utilization(metric: str, tasks: list[TaskRecord], used: dict[str, Usage], percent: float | None) -> None:
    assert utilization(metric, tasks, used) == percent
