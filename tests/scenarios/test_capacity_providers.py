"""Capacity providers of both kinds: their operations, their statuses, and what clusters have of them."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.furnished import GROUP, MANAGED
from tests.support.journals import MemoryJournal

from .world import Refused, World

ARN = "arn:aws:ecs:us-east-1:000000000000:capacity-provider/"
SCALING = {
    "status": "DISABLED",
    "targetCapacity": 100,
    "minimumScalingStepSize": 1,
    "maximumScalingStepSize": 10_000,
    "instanceWarmupPeriod": 300,
}
ENABLED = {"status": "ENABLED"}


def group(name: str = "one", **members: Any) -> dict[str, Any]:
    return {"autoScalingGroupArn": GROUP.format(name), **members}


def create(world: World, name: str = "asg", **members: Any) -> Any:
    given = members or {"autoScalingGroupProvider": group(name)}
    return world.call("CreateCapacityProvider", name=name, **given)["capacityProvider"]


def create_managed(world: World, name: str = "mi", cluster: str = "default", **members: Any) -> Any:
    return create(world, name, cluster=cluster, managedInstancesProvider={**MANAGED, **members})


def put(world: World, *providers: str, strategy: Any = (), cluster: str = "default") -> Any:
    members = {"capacityProviders": list(providers), "defaultCapacityProviderStrategy": list(strategy)}
    return world.call("PutClusterCapacityProviders", cluster=cluster, **members)["cluster"]


def described(world: World, *names: str, **members: Any) -> list[Any]:
    found: list[Any] = world.call("DescribeCapacityProviders", capacityProviders=list(names), **members)[
        "capacityProviders"
    ]
    return found


def cluster(world: World, name: str = "default") -> Any:
    return world.call("DescribeClusters", clusters=[name], include=["ATTACHMENTS"])["clusters"][0]


def test_an_auto_scaling_group_with_every_default(world: World) -> None:
    assert create(world, tags=[{"key": "a"}], autoScalingGroupProvider=group()) == {
        "capacityProviderArn": f"{ARN}asg",
        "name": "asg",
        "status": "ACTIVE",
        "type": "EC2_AUTOSCALING",
        "autoScalingGroupProvider": group(
            managedScaling=SCALING, managedTerminationProtection="DISABLED", managedDraining="ENABLED"
        ),
        "tags": [{"key": "a", "value": ""}],
    }


def test_managed_instances_are_made_for_a_moment(world: World) -> None:
    created = create_managed(world)
    assert (created["status"], created["updateStatus"], created["cluster"]) == (
        "PROVISIONING",
        "CREATE_IN_PROGRESS",
        "default",
    )
    assert created["managedInstancesProvider"]["instanceLaunchTemplate"]["capacityOptionType"] == "ON_DEMAND"
    world.clock.advance(1)
    (provider,) = described(world, "mi")
    assert (provider["status"], provider["updateStatus"], provider["type"]) == (
        "ACTIVE",
        "CREATE_COMPLETE",
        "MANAGED_INSTANCES",
    )
    assert cluster(world)["capacityProviders"] == ["mi"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"name": ""}, "CapacityProvider name must not be blank"),
        ({"name": "aws-mine"}, "The specified capacity provider name is invalid"),
        ({"name": "FARGATE"}, "The specified capacity provider name is invalid"),
        ({"name": "a b"}, "The specified capacity provider name is invalid"),
        ({"name": "n" * 256}, "The specified capacity provider name is invalid"),
        ({"name": "asg"}, "The specified capacity provider already exists. To change"),
        ({"name": "mi"}, "The specified capacity provider already exists with cluster scope"),
        ({"name": "x", "autoScalingGroupProvider": group("asg")}, "The specified Auto Scaling group ARN is already"),
        (
            {"name": "x", "autoScalingGroupProvider": {"autoScalingGroupArn": "asg"}},
            "The specified Auto Scaling group ARN is already",
        ),
        ({"name": "x", "autoScalingGroupProvider": {"autoScalingGroupArn": ""}}, "The specified Auto Scaling group"),
        (
            {"name": "x", "autoScalingGroupProvider": group(managedTerminationProtection="ENABLED")},
            "The managed termination protection setting for the capacity provider is invalid",
        ),
        (
            {
                "name": "x",
                "autoScalingGroupProvider": group(
                    managedScaling={"minimumScalingStepSize": 3, "maximumScalingStepSize": 2}
                ),
            },
            "The minimum scaling step size cannot be greater",
        ),
        ({"name": "x", "autoScalingGroupProvider": None}, "Specify either an autoScalingGroupProvider"),
        ({"name": "x", "managedInstancesProvider": MANAGED}, "Specify either an autoScalingGroupProvider"),
        (
            {"name": "x", "autoScalingGroupProvider": None, "managedInstancesProvider": MANAGED},
            "Amazon ECS Managed Instances Provider is not supported without a Cluster Name",
        ),
        ({"name": "x", "cluster": "default"}, "A cluster cannot be specified"),
    ],
)
def test_what_cannot_be_a_capacity_provider(world: World, members: dict[str, Any], text: str) -> None:
    create(world)
    create_managed(world)
    with pytest.raises(Refused, match=f"ClientException: {text}"):
        world.call("CreateCapacityProvider", **{"autoScalingGroupProvider": group("other"), **members})
    assert len(world.kernel.store.capacity_providers) == 2


def test_managed_instances_in_a_cluster_that_is_not_there(world: World) -> None:
    with pytest.raises(Refused, match=r"ClusterNotFoundException: Cluster not found\."):
        create_managed(world, cluster="nothing")


def test_an_update_changes_what_is_given(world: World) -> None:
    create(world)
    asked = {"managedScaling": {"status": "ENABLED", "targetCapacity": 90}, "managedDraining": "DISABLED"}
    after = world.call("UpdateCapacityProvider", name="asg", autoScalingGroupProvider=asked)["capacityProvider"]
    scaling = {**SCALING, "status": "ENABLED", "targetCapacity": 90}
    expected = group("asg", managedScaling=scaling, managedTerminationProtection="DISABLED", managedDraining="DISABLED")
    assert (after["autoScalingGroupProvider"], after["updateStatus"]) == (expected, "UPDATE_IN_PROGRESS")
    world.clock.advance(1)
    (provider,) = described(world, "asg")
    assert (provider["autoScalingGroupProvider"], provider["updateStatus"]) == (expected, "UPDATE_COMPLETE")
    world.call(
        "UpdateCapacityProvider", name="asg", autoScalingGroupProvider={"managedTerminationProtection": "ENABLED"}
    )
    with pytest.raises(Refused, match="managed scaling must be enabled"):
        world.call("UpdateCapacityProvider", name="asg", autoScalingGroupProvider={"managedScaling": SCALING})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"name": "nothing"}, "The specified capacity provider does not exist"),
        ({"name": "FARGATE"}, "The specified capacity provider is reserved and cannot be updated"),
        ({"name": "mi", "cluster": "other"}, "The specified capacity provider already exists with account or a"),
        ({"name": "mi"}, "The specified capacity provider already exists with cluster scope"),
        ({"name": "mi", "cluster": "default"}, "The specified capacity provider does not use an Auto Scaling group"),
        ({"name": "asg", "cluster": "default"}, "The specified capacity provider already exists with account or a"),
    ],
)
def test_what_cannot_be_updated(world: World, members: dict[str, Any], text: str) -> None:
    world.call("CreateCluster", clusterName="other")
    create(world)
    create_managed(world)
    world.clock.advance(1)
    with pytest.raises(Refused, match=f"ClientException: {text}"):
        world.call("UpdateCapacityProvider", **{"autoScalingGroupProvider": {}, **members})


@pytest.mark.parametrize("deleting", [False, True])
def test_what_is_made_or_deleted_right_now_is_not_updated(world: World, deleting: bool) -> None:
    create_managed(world)
    members: dict[str, Any] = {"cluster": "default"}
    if deleting:
        world.clock.advance(1)
        world.call("DeleteCapacityProvider", capacityProvider="mi", **members)
    update = {"infrastructureRoleArn": MANAGED["infrastructureRoleArn"], "instanceLaunchTemplate": {}}
    with pytest.raises(Refused, match="ClientException: The specified capacity provider is in a busy state"):
        world.call("UpdateCapacityProvider", name="mi", **members, managedInstancesProvider=update)
    world.clock.advance(1)
    assert described(world, "mi")[0]["status"] == ("INACTIVE" if deleting else "ACTIVE")
    assert cluster(world)["capacityProviders"] == ([] if deleting else ["mi"])


def test_everything_there_is_and_what_is_named(world: World) -> None:
    create(world, "b")
    create(world, "a", tags=[{"key": "k", "value": "v"}], autoScalingGroupProvider=group("a"))
    assert [p["name"] for p in described(world)] == ["b", "a", "FARGATE", "FARGATE_SPOT"]
    answer = world.call("DescribeCapacityProviders", capacityProviders=[f"{ARN}a", "FARGATE_SPOT", "nothing", "a"])
    assert [p["name"] for p in answer["capacityProviders"]] == ["a", "FARGATE_SPOT"]
    assert answer["failures"] == [{"arn": f"{ARN}nothing", "reason": "MISSING"}]
    assert [p["tags"] for p in described(world, "a", include=["TAGS"])] == [[{"key": "k", "value": "v"}]]
    assert described(world, "a")[0]["tags"] == []
    abroad = f"{ARN}a".replace("us-east-1", "eu-west-1")
    answer = world.call("DescribeCapacityProviders", capacityProviders=[abroad])
    assert answer["failures"] == [{"arn": abroad, "reason": "MISSING"}]


def test_pages_of_capacity_providers(world: World) -> None:
    for number in range(11):
        create(world, f"p{number}")
    first = world.call("DescribeCapacityProviders")
    assert len(first["capacityProviders"]) == 10
    rest = world.call("DescribeCapacityProviders", nextToken=first["nextToken"])
    assert [p["name"] for p in rest["capacityProviders"]] == ["p10", "FARGATE", "FARGATE_SPOT"]
    assert "nextToken" not in rest
    with pytest.raises(Refused, match="maxResults must be between 1 and 10"):
        world.call("DescribeCapacityProviders", maxResults=11)
    with pytest.raises(Refused, match="capacityProviders can have at most 100 items"):
        described(world, *(f"q{number}" for number in range(101)))


def test_those_of_a_cluster(world: World) -> None:
    world.call("CreateCluster", clusterName="other")
    for name in ("a", "b"):
        create(world, name)
    create_managed(world)
    put(world, "a", "FARGATE")
    world.clock.advance(1)
    assert {p["name"] for p in described(world, cluster="default")} == {"a", "mi", "FARGATE"}
    assert described(world, cluster="other") == []
    answer = world.call("DescribeCapacityProviders", cluster="default", capacityProviders=["b", "a"])
    assert [p["name"] for p in answer["capacityProviders"]] == ["a"]
    assert answer["failures"] == [{"arn": f"{ARN}b", "reason": "MISSING"}]
    with pytest.raises(Refused, match="ClusterNotFoundException"):
        described(world, cluster="nothing")


def test_the_life_of_attachments(world: World) -> None:
    create(world, autoScalingGroupProvider=group(managedScaling=ENABLED))
    shown = put(world, "asg")
    assert (shown["attachmentsStatus"], [a["status"] for a in shown["attachments"]]) == (
        "UPDATE_IN_PROGRESS",
        ["PRECREATED", "PRECREATED"],
    )
    for refused in (lambda: put(world), lambda: world.call("DeleteCluster", cluster="default")):
        with pytest.raises(Refused, match="UpdateInProgressException: The specified cluster is in a busy state"):
            refused()
    world.clock.advance(1)
    shown = cluster(world)
    assert shown["attachmentsStatus"] == "UPDATE_COMPLETE"
    assert {a["type"]: a["status"] for a in shown["attachments"]} == {
        "as_policy": "CREATED",
        "managed_draining": "CREATED",
    }
    world.call("UpdateCapacityProvider", name="asg", autoScalingGroupProvider={"managedScaling": SCALING})
    assert {a["type"]: a["status"] for a in cluster(world)["attachments"]} == {
        "as_policy": "DELETING",
        "managed_draining": "CREATED",
    }
    world.clock.advance(1)
    assert [a["type"] for a in cluster(world)["attachments"]] == ["managed_draining"]
    put(world)
    world.clock.advance(1)
    assert (cluster(world)["attachments"], cluster(world)["attachmentsStatus"]) == ([], "UPDATE_COMPLETE")


def test_what_is_in_use_stays_and_says_why(world: World) -> None:
    create(world)
    put(world, "asg")
    answer = world.call("DeleteCapacityProvider", capacityProvider="asg")["capacityProvider"]
    assert (answer["status"], answer["updateStatus"]) == ("ACTIVE", "DELETE_FAILED")
    assert "associated with cluster: default" in answer["updateStatusReason"]
    world.clock.advance(1)
    put(world)
    answer = world.call("DeleteCapacityProvider", capacityProvider=f"{ARN}asg")["capacityProvider"]
    assert (answer["status"], answer["updateStatus"]) == ("ACTIVE", "DELETE_IN_PROGRESS")
    world.clock.advance(1)
    (gone,) = described(world, "asg")
    assert (gone["status"], gone["updateStatus"]) == ("INACTIVE", "DELETE_COMPLETE")
    assert [p["name"] for p in described(world)] == ["FARGATE", "FARGATE_SPOT"]
    with pytest.raises(Refused, match="ClientException: The specified capacity provider does not exist"):
        world.call("DeleteCapacityProvider", capacityProvider="asg")
    assert create(world)["status"] == "ACTIVE"  # the name and the group are free again


def test_managed_instances_stay_with_their_cluster_until_they_are_deleted(world: World) -> None:
    world.call("CreateCluster", clusterName="other")
    create_managed(world)
    world.clock.advance(1)
    assert put(world, "FARGATE")["capacityProviders"] == ["FARGATE", "mi"]
    strategy = [{"capacityProvider": "mi", "weight": 1}]
    assert put(world, strategy=strategy)["capacityProviders"] == ["mi"]
    with pytest.raises(Refused, match="The specified capacity provider 'mi' was not found"):
        put(world, "mi", cluster="other")
    answer = world.call("DeleteCapacityProvider", capacityProvider="mi", cluster="default")["capacityProvider"]
    assert answer["updateStatus"] == "DELETE_FAILED"
    with pytest.raises(Refused, match="ClusterContainsCapacityProviderException"):
        world.call("DeleteCluster", cluster="default")
    put(world)
    answer = world.call("DeleteCapacityProvider", capacityProvider="mi", cluster="default")["capacityProvider"]
    assert (answer["status"], answer["updateStatus"]) == ("DEPROVISIONING", "DELETE_IN_PROGRESS")
    with pytest.raises(Refused, match="not associated with the cluster"):
        put(world, strategy=strategy)
    world.clock.advance(1)
    assert world.call("DeleteCluster", cluster="default")["cluster"]["status"] == "INACTIVE"


def test_what_was_in_progress_ends_after_a_restart(world: World) -> None:
    journal = MemoryJournal()
    world = World(journal=journal)
    create(world)
    create_managed(world)
    put(world, "asg")
    world = World(journal=journal, seed=2, start=world.clock.now())
    asyncio.run(world.kernel.recover())
    assert described(world, "mi")[0]["status"] == "PROVISIONING"
    world.clock.advance(1)
    assert described(world, "mi")[0]["status"] == "ACTIVE"
    assert cluster(world)["attachmentsStatus"] == "UPDATE_COMPLETE"


def test_the_quota_of_a_cluster(world: World) -> None:
    names = [f"p{number}" for number in range(20)]
    for name in names:
        create(world, name)
    with pytest.raises(Refused, match="The maximum number of capacity providers per cluster has been exceeded"):
        put(world, "FARGATE", *names)
    assert len(put(world, *names, *names)["capacityProviders"]) == 20


def test_tags_that_a_provider_may_not_have(world: World) -> None:
    asg, managed = create(world)["capacityProviderArn"], create_managed(world)["capacityProviderArn"]
    for key, value in (("kecs:instance-type", "m0.tiny"), ("kecs:max-size", "many")):
        with pytest.raises(Refused, match=f"InvalidParameterException: The tag {key}"):
            world.call("TagResource", resourceArn=asg, tags=[{"key": key, "value": value}])
    with pytest.raises(Refused, match="cannot have number of tags exceeding maximum allowed value 45"):
        world.call("TagResource", resourceArn=managed, tags=[{"key": f"k{n}"} for n in range(46)])
    for arn in (asg, managed):
        assert world.call("ListTagsForResource", resourceArn=arn)["tags"] == []
        world.call("TagResource", resourceArn=arn, tags=[{"key": "kecs:max-size", "value": "2"}])
        assert world.call("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "kecs:max-size", "value": "2"}]


def template(**members: Any) -> dict[str, Any]:
    return {"instanceLaunchTemplate": {**MANAGED["instanceLaunchTemplate"], **members}}


def requirements(**members: Any) -> dict[str, Any]:
    return template(instanceRequirements={"vCpuCount": {"min": 1}, "memoryMiB": {"min": 1}, **members})


@pytest.mark.parametrize(
    ("members", "text"),
    [
        ({"infrastructureRoleArn": ""}, "must specify an InfrastructureRole"),
        ({"infrastructureRoleArn": "role"}, "The specified infrastructure role arn is invalid"),
        (template(ec2InstanceProfileArn=""), "must specify an instance profile"),
        (template(ec2InstanceProfileArn="profile"), "The specified instance profile role arn is invalid"),
        (template(networkConfiguration={"subnets": []}), "Network Configuration with non empty subnets"),
        (template(networkConfiguration={"subnets": ["here"]}), "The specified subnet id is invalid"),
        (
            template(networkConfiguration={"subnets": ["subnet-12345678"], "securityGroups": ["me"]}),
            "The specified security group id is invalid",
        ),
        (requirements(allowedInstanceTypes=["m5.large"], excludedInstanceTypes=["c5.*"]), "and not both"),
        (requirements(allowedInstanceTypes=["m0.tiny"]), "No instance types satisfy the instance requirements"),
        (requirements(vCpuCount={"min": 4, "max": 2}), "The minimum of vCpuCount must be 0 or more"),
        ({"infrastructureOptimization": {"scaleInAfter": 3601}}, "scaleInAfter must be -1 or between 0 and 3600"),
        ({"infrastructureOptimization": {"scaleInAfter": -2}}, "scaleInAfter must be -1 or between 0 and 3600"),
        (
            template(nitroEnclavesEnabled=True, localStorageConfiguration={"useLocalStorage": True}),
            "cannot be enabled together with local storage",
        ),
    ],
)
def test_what_cannot_be_managed_instances(world: World, members: dict[str, Any], text: str) -> None:
    with pytest.raises(Refused, match=f"ClientException: .*{text}"):
        create_managed(world, **members)
    assert len(world.kernel.store.capacity_providers) == 0


def test_an_update_of_managed_instances_keeps_what_it_leaves_out(world: World) -> None:
    create_managed(world, propagateTags="CAPACITY_PROVIDER", infrastructureOptimization={"scaleInAfter": 60})
    world.clock.advance(1)
    asked: dict[str, Any] = {
        "infrastructureRoleArn": "arn:aws:iam::000000000000:role/other",
        "instanceLaunchTemplate": {"storageConfiguration": {"storageSizeGiB": 50}, "monitoring": "DETAILED"},
    }
    members = {"name": "mi", "cluster": "default", "managedInstancesProvider": asked}
    world.call("UpdateCapacityProvider", **members)
    world.clock.advance(1)
    after = described(world, "mi")[0]["managedInstancesProvider"]
    assert after == {
        "infrastructureRoleArn": "arn:aws:iam::000000000000:role/other",
        "instanceLaunchTemplate": {
            **MANAGED["instanceLaunchTemplate"],
            **asked["instanceLaunchTemplate"],
            "capacityOptionType": "ON_DEMAND",
        },
        "propagateTags": "CAPACITY_PROVIDER",
        "infrastructureOptimization": {"scaleInAfter": 60},
    }
