"""The shop, from an order to its label, and through what goes wrong on the way. The same tests run in test mode, on
Docker and on Kubernetes: `pytest examples/orders`, `pytest examples/orders --kecs-runtime docker`.
"""

from __future__ import annotations

import json
import urllib.request
from typing import Any

from deploy import Shop
from kecs.testing import (
    Server,
    assert_service_healthy,
    assert_task_completed,
    probe,
    running_tasks,
    service_urls,
    wait_for_stable_service,
    wait_for_task,
    wait_until,
    watch_service,
)

SOON = 120  # seconds of KECS's clock


def doors(ecs: Any, shop: Shop, path: str) -> list[str]:
    """URLs of the orders service now."""
    return service_urls(ecs, shop.cluster, "orders", 8080, path)


def order(ecs: Any, shop: Shop, price: int = 5) -> str:
    """Order a book; the order's id."""
    body = json.dumps({"item": "book", "price": price}).encode()
    with urllib.request.urlopen(doors(ecs, shop, "/orders")[0], body, timeout=10) as answer:
        assert answer.status == 202
        return str(json.load(answer)["id"])


def state(ecs: Any, shop: Shop, order: str) -> str:
    with urllib.request.urlopen(doors(ecs, shop, f"/orders/{order}")[0], timeout=10) as answer:
        return str(json.load(answer)["state"])


def close(ecs: Any, shop: Shop, part: str) -> None:
    """Scale a part to nothing, and wait until the last of its tasks has stopped."""
    tasks = running_tasks(ecs, shop.cluster, part)
    shop.scale(part, 0)
    for task in tasks:
        wait_for_task(ecs, shop.cluster, task["taskArn"], "STOPPED")


def wait_for(ecs: Any, shop: Shop, order: str, wanted: str) -> None:
    """Wait until the order is in this state."""
    wait_until(ecs, lambda: state(ecs, shop, order), SOON, equals=wanted)


def test_an_order_is_paid_and_shipped(kecs: Server, ecs: Any, shop: Shop) -> None:
    book = order(ecs, shop)
    wait_for(ecs, shop, book, "shipped")
    label = kecs.client("s3").get_object(Bucket=shop.settings["LABELS"], Key=f"{book}.txt")
    assert label["Body"].read().decode() == f"Order {book}\n"


def test_a_dear_order_is_declined(kecs: Server, ecs: Any, shop: Shop) -> None:
    yacht = order(ecs, shop, price=1_000_000)
    wait_for(ecs, shop, yacht, "declined")
    assert "Contents" not in kecs.client("s3").list_objects_v2(Bucket=shop.settings["LABELS"])


def test_the_report_counts_the_day(ecs: Any, shop: Shop) -> None:
    book, yacht = order(ecs, shop), order(ecs, shop, price=1_000_000)
    wait_for(ecs, shop, book, "shipped")
    wait_for(ecs, shop, yacht, "declined")
    report = shop.run_report()
    wait_for_task(ecs, shop.cluster, report, "STOPPED")
    assert_task_completed(ecs, shop.cluster, report)


def test_the_report_fails_while_an_order_is_open(ecs: Any, shop: Shop) -> None:
    close(ecs, shop, "payment")
    order(ecs, shop)
    report = shop.run_report()
    stopped = wait_for_task(ecs, shop.cluster, report, "STOPPED")
    assert [container["exitCode"] for container in stopped["containers"]] == [3]


def test_orders_wait_for_payment_to_come_back(ecs: Any, shop: Shop) -> None:
    close(ecs, shop, "payment")
    book = order(ecs, shop)
    assert state(ecs, shop, book) == "ordered"
    shop.scale("payment", 1)
    wait_for(ecs, shop, book, "shipped")


def test_a_worker_that_dies_is_replaced(ecs: Any, shop: Shop) -> None:
    (worker,) = running_tasks(ecs, shop.cluster, "shipping")
    ecs.stop_task(cluster=shop.cluster, task=worker["taskArn"], reason="the test's")
    book = order(ecs, shop)
    wait_for(ecs, shop, book, "shipped")
    wait_for_stable_service(ecs, shop.cluster, "shipping")
    assert_service_healthy(ecs, shop.cluster, "shipping")


def test_an_update_loses_no_request(ecs: Any, shop: Shop) -> None:
    def answering() -> list[str]:
        return doors(ecs, shop, "/health")

    with watch_service(ecs, shop.cluster, "orders") as watch, probe(answering) as traffic:
        shop.update("orders", shop.define("orders", "2"))
        wait_for_stable_service(ecs, shop.cluster, "orders")
    watch.assert_always_healthy()
    assert traffic.failed == 0, str(traffic)
    with urllib.request.urlopen(answering()[0], timeout=10) as answer:
        assert json.load(answer) == {"version": "2"}


def test_an_update_that_cannot_start_is_rolled_back(ecs: Any, shop: Shop) -> None:
    before = ecs.describe_services(cluster=shop.cluster, services=["payment"])["services"][0]["taskDefinition"]
    shop.update("payment", shop.define("payment", "2", secrets=[{"name": "PAYMENT_KEY", "valueFrom": "no-such-key"}]))
    after = wait_for_stable_service(ecs, shop.cluster, "payment", timeout=1800)
    assert after["taskDefinition"] == before
    assert any("rolling back" in event["message"] for event in after["events"])
