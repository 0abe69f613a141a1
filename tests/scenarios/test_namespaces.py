"""Service Connect's namespaces: which services are in one, and what a service may not ask for there."""

from __future__ import annotations

from typing import Any

import pytest

from .world import Refused, World

ARN = "arn:aws:servicediscovery:us-east-1:000000000000:namespace/ns-shop"
LOG = {"logDriver": "awslogs", "options": {"awslogs-group": "g", "awslogs-region": "r", "awslogs-stream-prefix": "p"}}


def connect(namespace: str | None = "shop", *services: dict[str, Any], **members: Any) -> dict[str, Any]:
    given = {"enabled": True, "namespace": namespace, "services": list(services) or None, **members}
    return {name: value for name, value in given.items() if value is not None}


def offer(port: str = "http", **members: Any) -> dict[str, Any]:
    return {"portName": port, "clientAliases": [{"port": 80}], **members}


def listed(world: World, namespace: str = "shop", **members: Any) -> list[str]:
    arns = world.call("ListServicesByNamespace", namespace=namespace, **members)["serviceArns"]
    return [arn.split("service/")[1] for arn in arns]


@pytest.fixture
def shop(world: World) -> World:
    """A world with the cluster `market`, whose namespace is `shop`, and the definitions `web` and `host`."""
    world.call("CreateCluster", clusterName="market", serviceConnectDefaults={"namespace": "shop"})
    ports = [{"containerPort": 80, "name": "http", "appProtocol": "http"}, {"containerPort": 81, "name": "raw"}]
    container = {"name": "app", "image": "app", "portMappings": ports}
    world.define("web", container)
    world.define_ec2("host", {**container, "memory": 64}, networkMode="host")
    return world


def test_services_of_a_namespace_in_all_clusters(shop: World) -> None:
    assert listed(shop) == []
    shop.serve("a", 0, serviceConnectConfiguration=connect())
    shop.serve("by-arn", 0, serviceConnectConfiguration=connect(ARN))
    shop.serve("b", 0, cluster="market", serviceConnectConfiguration=connect(None))
    shop.serve("alone", 0, cluster="market")
    shop.serve("off", 0, cluster="market", serviceConnectConfiguration={"enabled": False})
    assert listed(shop) == ["default/a", "market/b"]
    assert listed(shop, ARN) == ["default/by-arn"]


def test_a_namespace_that_nothing_is_in(shop: World) -> None:
    for members in ({"namespace": "other"}, {"namespace": "shop", "region": "eu-west-1"}, {"namespace": ""}):
        with pytest.raises(Refused) as refused:
            shop.call("ListServicesByNamespace", **members)
        assert refused.value.code == "NamespaceNotFoundException"
        assert refused.value.text == f"Failed to retrieve namespace for {members['namespace']}"


def test_the_namespace_is_that_of_the_time_of_the_request(shop: World) -> None:
    service = shop.serve("b", 0, cluster="market", serviceConnectConfiguration=connect(None))
    assert service["deployments"][0]["serviceConnectConfiguration"] == connect("shop")
    shop.call("UpdateCluster", cluster="market", serviceConnectDefaults={"namespace": "mall"})
    assert listed(shop) == ["market/b"]
    assert listed(shop, "mall") == []
    members: dict[str, Any] = {"cluster": "market", "service": "b"}
    shop.call("UpdateService", **members, serviceConnectConfiguration=connect(None))
    assert listed(shop, "mall") == ["market/b"]
    shop.call("UpdateService", **members, serviceConnectConfiguration={"enabled": False})
    assert listed(shop, "mall") == []
    shop.call("UpdateCluster", cluster="market", serviceConnectDefaults={"namespace": ""})
    with pytest.raises(Refused, match="InvalidParameterException: A namespace must be specified"):
        shop.call("UpdateService", **members, serviceConnectConfiguration=connect(None))


def test_pages_of_a_namespace(shop: World) -> None:
    for number in range(12):
        cluster = "market" if number % 2 else "default"
        shop.serve(f"s{number}", 0, cluster=cluster, serviceConnectConfiguration=connect())
    first = shop.call("ListServicesByNamespace", namespace="shop")
    assert len(first["serviceArns"]) == 10
    rest = shop.call("ListServicesByNamespace", namespace="shop", nextToken=first["nextToken"])
    assert len({*first["serviceArns"], *rest["serviceArns"]}) == 12
    assert "nextToken" not in rest
    assert len(listed(shop, maxResults=100)) == 12
    shop.call("DeleteService", service="s0")
    assert len(listed(shop, maxResults=100)) == 11


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        (connect(None), "A namespace must be specified"),
        (connect("shop", offer("grpc")), "The portName 'grpc' of serviceConnectConfiguration"),
        (connect("shop", offer(clientAliases=[])), r"clientAliases must have 1 element\."),
        (connect("shop", offer(clientAliases=[{"port": 80}, {"port": 81}])), r"clientAliases must have 1 element\."),
        (connect("shop", offer(discoveryName="Shop")), "The discoveryName 'Shop' is invalid"),
        (connect("shop", offer(discoveryName="x" * 65)), "The discoveryName 'x+' is invalid"),
        (connect("shop", offer(clientAliases=[{"port": 80, "dnsName": "-a"}])), "The dnsName '-a' is invalid"),
        (connect("shop", offer(), offer()), "The discoveryName 'http' is not unique"),
        (connect("shop", offer(discoveryName="taken")), "The discoveryName 'taken' is not unique"),
        (
            connect(
                "shop",
                offer(clientAliases=[{"port": 80, "dnsName": "a"}]),
                offer("raw", clientAliases=[{"port": 80, "dnsName": "a"}]),
            ),
            "The client alias 'a:80' is not unique",
        ),
        (connect("shop", offer("raw", timeout={"perRequestTimeoutSeconds": 1})), "perRequestTimeoutSeconds can only"),
        (connect("shop", offer(), accessLogConfiguration={"format": "JSON"}), "An accessLogConfiguration needs"),
        (connect("shop", containerConfigurations=[{}]), "Each of the containerConfigurations"),
        (connect("shop", containerConfigurations=[{"logLevel": "info"}] * 2), "Each of the containerConfigurations"),
    ],
)
def test_what_service_connect_refuses(shop: World, configuration: dict[str, Any], text: str) -> None:
    shop.serve("first", 0, serviceConnectConfiguration=connect("shop", offer(discoveryName="taken")))
    with pytest.raises(Refused, match=f"InvalidParameterException: {text}"):
        shop.serve("second", 0, serviceConnectConfiguration=configuration)
    with pytest.raises(Refused, match="Service Connect is not supported"):
        shop.serve(
            "third", 0, "host", launchType="EC2", networkConfiguration=None, serviceConnectConfiguration=connect()
        )
    assert listed(shop) == ["default/first"]


def test_everything_that_service_connect_offers(shop: World) -> None:
    whole = connect(
        "shop",
        offer(
            discoveryName="front_1",
            clientAliases=[{"port": 8080, "dnsName": "front.shop"}],
            ingressPortOverride=9000,
            timeout={"idleTimeoutSeconds": 0, "perRequestTimeoutSeconds": 5},
            tls={"issuerCertificateAuthority": {"awsPcaAuthorityArn": "a"}, "kmsKey": "k", "roleArn": "r"},
        ),
        offer("raw", timeout={"idleTimeoutSeconds": 60}),
        logConfiguration=LOG,
        accessLogConfiguration={"format": "JSON", "includeQueryParameters": "ENABLED"},
        containerConfigurations=[{"logLevel": "debug"}],
    )
    for name in ("s", "s"):  # the second time it is the same service
        service = shop.serve(name, 0, serviceConnectConfiguration=whole)
        assert service["deployments"][0]["serviceConnectConfiguration"] == whole
    after = shop.call("UpdateService", service="s", serviceConnectConfiguration=whole)["service"]
    assert after["deployments"][0]["id"] == service["deployments"][0]["id"]
