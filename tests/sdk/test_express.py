"""Express Gateway services with boto3 and the AWS CLI: made from an image, updated, deleted."""

from __future__ import annotations

from typing import Any

from tests.support.servers import Server

from .calls import PORT, QUICK, address, answers, tasks, wait_stable

ROLE = "arn:aws:iam::000000000000:role/"


def test_from_an_image_to_a_service_and_back(server: Server, ecs: Any, cluster: str, image: Any) -> None:
    service = ecs.create_express_gateway_service(
        cluster=cluster,
        serviceName="web",
        executionRoleArn=f"{ROLE}execution",
        infrastructureRoleArn=f"{ROLE}infrastructure",
        primaryContainer={"image": image(1), "containerPort": PORT},
        scalingTarget={"minTaskCount": 2},
        tags=[{"key": "team", "value": "a"}],
    )["service"]
    arn = service["serviceArn"]
    wait_stable(ecs, cluster)
    assert len(tasks(ecs, cluster, serviceName="web")) == 2
    if server.runtime == "docker":
        assert answers(address(tasks(ecs, cluster)[0]) or "")
    shown = ecs.describe_express_gateway_service(serviceArn=arn, include=["TAGS"])["service"]
    assert (shown["status"]["statusCode"], shown["tags"]) == ("ACTIVE", [{"key": "team", "value": "a"}])
    (before,) = shown["activeConfigurations"]
    target = ecs.update_express_gateway_service(serviceArn=arn, primaryContainer={"image": image(2)})["service"]
    wait_stable(ecs, cluster)
    (after,) = ecs.describe_express_gateway_service(serviceArn=arn)["service"]["activeConfigurations"]
    assert after == target["targetConfiguration"]
    assert after["primaryContainer"] == {**before["primaryContainer"], "image": image(2)}
    assert {task["taskDefinitionArn"] for task in tasks(ecs, cluster)} == {after["taskDefinitionArn"]}
    assert ecs.delete_express_gateway_service(serviceArn=arn)["service"]["status"]["statusCode"] == "DRAINING"
    ecs.get_waiter("services_inactive").wait(cluster=cluster, services=["web"], WaiterConfig=QUICK)
    assert ecs.describe_express_gateway_service(serviceArn=arn)["service"]["status"]["statusCode"] == "INACTIVE"


def test_the_commands_of_the_guide(server: Server, ecs: Any, cluster: str, image: Any) -> None:
    arn = server.aws(
        "ecs", "create-express-gateway-service", "--cluster", cluster, "--service-name", "web",
        "--execution-role-arn", f"{ROLE}execution", "--infrastructure-role-arn", f"{ROLE}infrastructure",
        "--primary-container", f'{{"image":"{image()}","containerPort":{PORT}}}',
        "--query", "service.serviceArn",
    )  # fmt: skip
    server.aws("ecs", "wait", "services-stable", "--cluster", cluster, "--services", "web")
    shown = server.aws(
        "ecs", "describe-express-gateway-service", "--service-arn", arn.strip(),
        "--query", "service.[status.statusCode,activeConfigurations[0].ingressPaths[0].endpoint]",
    )  # fmt: skip
    status, endpoint = shown.split()
    assert status == "ACTIVE"
    assert endpoint.endswith(".on.aws")
    ecs.delete_express_gateway_service(serviceArn=arn.strip())
